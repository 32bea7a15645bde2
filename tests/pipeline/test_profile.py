"""Profiles and comparisons: an answer or a precise refusal for every device, equal however it is asked for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npusdk as npu
from npusdk.report import CODES
from tests.models.samples import TINY


def test_every_network_on_every_device_gives_a_report_or_a_reason(tiny):
    """A profile is a valid report, or a refusal that names the device and the way out; nothing else comes out."""
    comparison = npu.compare(tiny, devices=npu.devices())
    assert len(comparison.profiles) + len(comparison.refusals) == len(npu.devices())
    for refusal in comparison.refusals:
        assert (refusal.code, refusal.params["device"]) == ("precision", refusal.device)
        assert refusal.hint
    for report in comparison.profiles:
        assert (report.batch, report.basis) == (1, "predicted")
        assert report.latency_s > 0
        assert report.latency_low_s < report.latency_s < report.latency_high_s
        assert {note.code for note in report.assumptions} | {*report.excluded, report.interval_basis} <= CODES.keys()
        assert npu.ProfileReport.from_json(report.to_json()) == report


def test_profile_is_the_same_however_it_is_asked_for(digits):
    """A profile does not depend on the call: by name, by alias, through a program, through a comparison, or twice."""
    direct = npu.profile(digits, "rngd")
    assert direct == npu.profile(digits, "furiosa-rngd")
    assert direct == npu.compile(digits, "rngd").profile()
    assert direct == npu.local().profile(digits, npu.device("RNGD"))
    assert direct in npu.compare(digits, devices=["a100", "rngd"]).profiles


def test_comparison_keeps_refusals_beside_profiles(digits):
    """A device that cannot be predicted stands in the comparison with its error, and hides nobody else."""
    comparison = npu.compare(digits, devices=["bertha", "hyperaccel-bertha-100", "reference", "t4"])
    assert [profile.device for profile in comparison.profiles] == ["hyperaccel-bertha-500", "nvidia-t4"]
    assert [refusal.device for refusal in comparison.refusals] == ["hyperaccel-bertha-100", "reference"]
    assert all(refusal.hint for refusal in comparison.refusals)


def test_all_devices_are_those_one_can_get(digits):
    """`devices="all"` leaves out what is at the end of its life or only announced."""
    asked = {fit.device for fit in npu.check(digits)}
    assert asked == {device.id for device in npu.devices() if device.availability.value == "current"}
    assert "rebellions-atom" not in asked


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 300), device=st.sampled_from(["rngd", "a100", "ipu", "atom", "t4"]))
def test_larger_batch_takes_no_less_time_and_does_the_work(digits, batch, device):
    """The work grows with the batch exactly; the latency never falls, and a sample never costs more than one alone."""
    one, many = npu.profile(digits, device, batch=1), npu.profile(digits, device, batch=batch)
    assert many.macs == batch * one.macs
    assert many.batch == batch
    assert many.latency_s >= one.latency_s
    assert many.latency_s <= batch * one.latency_s * (1 + 1e-9)


def test_part_of_a_device_is_slower_than_the_whole(digits):
    """A part has fewer units: it is never faster than the device."""
    whole = npu.profile(digits, "rngd", batch=64)
    part = npu.profile(digits, "rngd:1pe", batch=64)
    assert part.device == "furiosa-rngd:1pe"
    assert part.latency_s > whole.latency_s


def test_int8_device_profiles_a_float_model_and_says_that_it_is_not_quantised(digits, digits_int8):
    """On a device of integers a float model is costed as if quantised, and the report says so; a QDQ model is not."""
    assumed = {note.code for note in npu.profile(digits, "warboy").assumptions}
    assert "model_is_quantized" in assumed
    assert "model_is_quantized" not in {note.code for note in npu.profile(digits_int8, "warboy").assumptions}


@pytest.mark.parametrize(
    ("device", "precision"), [("warboy", "fp16"), ("t4", "bf16"), ("rngd", "fp16"), ("a100", "fp8")]
)
def test_precision_that_the_device_lacks_is_refused(digits, device, precision):
    """A number format that the hardware lacks raises, naming device, format and what there is."""
    with pytest.raises(npu.PrecisionError) as caught:
        npu.profile(digits, device, precision)
    assert caught.value.params["precision"] == precision
    assert all(dtype in str(caught.value) for dtype in npu.device(device).dtypes)


def test_reference_has_no_cost(digits):
    """The reference device runs everything and is never timed."""
    with pytest.raises(npu.ConfigError, match="reference"):
        npu.profile(digits, "reference")


def test_model_with_a_fixed_batch_says_which_node_fixes_it():
    """Another batch of a model whose Reshape bakes the batch is refused with the node's name."""
    from tests.models.builders import bert_encoder  # noqa: PLC0415 - one test needs it

    model = npu.load(bert_encoder(batch=1, sequence=8, layers=1, hidden=16, heads=2, vocabulary=20))
    with pytest.raises(npu.ShapeError) as caught:
        npu.profile(model, "rngd", batch=3)
    assert "node" in caught.value.params


def test_model_without_a_sample_is_refused_when_it_is_loaded(one_op):
    """A leading size of 0 is a batch of no samples, stated by the file or given by the caller."""
    with pytest.raises(npu.ShapeError, match=r"cannot run with batch 0.*\[0, 4\]"):
        npu.load(one_op([0, 4]))
    with pytest.raises(npu.ShapeError, match="cannot run with batch 0"):
        npu.load(one_op(["N", 4]), input_shapes={"x": (0, 4)})


@pytest.mark.parametrize("batch", [1.5, "2"])
def test_batch_that_is_no_whole_number_is_a_type_error(digits, batch):
    """A batch counts samples."""
    for ask in (npu.profile, npu.compile):
        with pytest.raises(TypeError):
            ask(digits, "a100", batch=batch)
    with pytest.raises(TypeError):
        npu.check(digits, "a100", batch=batch)
    with pytest.raises(TypeError):
        npu.compare(digits, ["a100"], batch=batch)


@pytest.mark.parametrize("shapes", [{"x": 3}, ("x", 4), {"x": None}, [1], {"x": (1, 2.5)}], ids=repr)
def test_input_shapes_of_a_wrong_form_are_refused(one_op, shapes):
    """What is no dictionary of shapes is a ShapeError that shows the right form."""
    with pytest.raises(npu.ShapeError, match="input_shapes"):
        npu.load(one_op([1, 4]), shapes)


@pytest.mark.parametrize("name", [None, 3, b"rngd", ["t4"]], ids=repr)
def test_device_of_a_wrong_type_is_refused(digits, name):
    """A device that is no text is an UnknownDeviceError."""
    with pytest.raises(npu.UnknownDeviceError):
        npu.profile(digits, name)


def test_devices_that_fuse_differently_do_not_share_steps():
    """A convolution and its SiLU are one layer on an NPU and two on a GPU, also for a model that both have seen."""
    model = npu.load(TINY["efficientnet_like"]())
    for device, separate in (("rngd", False), ("a100", True), ("atom", False)):
        assert ("Swish" in {layer.op for layer in npu.profile(model, device).layers}) is separate


def test_profile_says_where_no_list_of_operators_stands_behind_it(digits):
    """The vendor of RNGD publishes no list of operators, and the profile says so; that of Warboy does."""
    codes = {name: {note.code for note in npu.profile(digits, name).assumptions} for name in ("rngd", "warboy")}
    assert "operators_undocumented" in codes["rngd"] - codes["warboy"]
