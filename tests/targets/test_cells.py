"""A captured cell on an emulated device: its values, and what is said of it."""

import numpy as np
import pytest

import npusdk as npu
from npusdk.array import RECORD_LIMIT
from npusdk.cell import apply, capture
from npusdk.errors import (
    ConfigError,
    NpuError,
    OutOfDeviceMemoryError,
    PrecisionError,
    RunTimeoutError,
    UnknownDeviceError,
)
from npusdk.numerics import round_to

LAYER = "h = np.maximum(x @ w, 0)\n"


def notebook(dtype=np.float32):
    """Return the names of a notebook with one layer's input and weights."""
    generator = np.random.default_rng(0)
    x, w = generator.normal(size=(64, 256)), generator.normal(size=(256, 128))
    return {"np": np, "x": x.astype(dtype), "w": w.astype(dtype)}


def run(source, names, device="rngd", **options):
    """Run a cell and bring its names back; return what is said of it."""
    done = npu.local().run_cell(capture(source, names), device, **options)
    apply(done.outcome, names)
    return done.report


def test_cell_computes_in_the_numbers_of_the_device():
    """Operands and results are bfloat16 numbers on RNGD, sums are float32."""
    names = notebook()
    run(LAYER, names)
    rounded = round_to(names["x"], "bf16") @ round_to(names["w"], "bf16")
    np.testing.assert_allclose(names["h"], np.maximum(round_to(rounded, "bf16"), 0), rtol=2**-7)
    assert np.array_equal(names["h"], round_to(names["h"], "bf16"))


def test_cell_on_the_reference_device_is_plain_numpy():
    """Nothing is rounded or narrowed on `reference`, and nothing predicted: it has no figures."""
    names = notebook(np.float64)
    report = run(LAYER, names, "reference")
    np.testing.assert_allclose(names["h"], np.maximum(names["x"] @ names["w"], 0), rtol=1e-12)
    assert (names["h"].dtype, report.narrowed, report.loss) == (np.float64, (), None)
    assert report.profile is None
    assert report.refusal.code == "config"


def test_cell_is_costed_by_the_operators_that_ran():
    """The profile counts the multiply-accumulates of the cell's product, and its bytes in the device's format."""
    report = run(LAYER, notebook())
    assert report.profile.macs == 64 * 256 * 128
    assert (report.profile.basis, report.profile.precision, report.precision) == ("predicted", "bf16", "bf16")
    assert (report.in_bytes, report.out_bytes) == (2 * (64 * 256 + 256 * 128), 2 * 64 * 128)


def test_cell_says_how_much_it_lost_when_asked():
    """The loss is that of the same operators in float32: some in sixteen bits, none asked for, none in exact."""
    lossy = run(LAYER, notebook(), compare=True).loss
    assert 1e-5 < lossy < 2**-6
    assert run(LAYER, notebook()).loss is None
    assert run(LAYER, notebook(), precision="exact", compare=True).loss is None


def test_cell_names_what_lost_most():
    """The loss is that of one name, and the name is told: of an array in a container the way to it."""
    names = notebook()
    report = run("kept = [x + x]\nh = {'far': np.sin(1000 * x)}\n", names, compare=True)
    assert report.loss_name == "h['far']"
    assert "(h['far'])" in str(report)


def test_cell_names_what_overflowed():
    """What is infinite in the device's format, and not in float32, is told."""
    names = {"np": np, "x": np.full(4, 300.0, np.float32)}
    report = run("y = x * x\nz = x * 2\nv = np.where(x > 0, np.inf, x)\n", names, "atom", compare=True)
    assert np.isinf([names["y"], names["v"]]).all()
    assert report.overflowed == ("y",)
    assert "beyond the numbers of fp16, not of float32: y" in str(report)


def test_overflow_in_sixteen_bits_is_told_unasked():
    """A result that is not finite in fp16 is looked into even where nobody asked for the loss."""
    names = {"np": np, "x": np.full(4, 300.0, np.float32)}
    report = run("y = {'k': x * x}\n", names, "atom")
    assert (report.overflowed, report.loss) == (("y['k']",), None)
    assert run("y = x * 2\n", names, "atom").overflowed == ()


def test_array_that_does_not_fit_is_named():
    """What is larger than the device is refused under the name that the notebook has for it, before it is copied."""
    names = {"np": np, "small": np.ones(9), "big": [np.broadcast_to(np.float32(1), (200_000, 200_000))]}
    with pytest.raises(
        OutOfDeviceMemoryError, match=r"big\[0\] takes 74.5 GiB on furiosa-rngd, whose memory is"
    ) as caught:
        run("y = small.sum() + big[0].sum()\n", names)
    assert "--in" in str(caught.value)


@pytest.mark.parametrize(("device", "words"), [("rngd", "the cell's precision is int8"), ("warboy", "integers only")])
def test_floats_in_a_cell_of_integers_are_named(device, words):
    """Where a cell computes in int8, an array of floats is refused by name, and with the true reason."""
    with pytest.raises(PrecisionError, match=f"{words}.* net\\['w'\\] is an array of type float64"):
        run("y = net['w'] @ net['w']\n", {"net": {"w": np.eye(3)}}, device, precision="int8")


def test_cell_names_what_it_narrowed():
    """float64 arrays that a device holds in fewer bits are named, others are not."""
    names = notebook(np.float64)
    names["w"] = names["w"].astype(np.float32)
    assert run(LAYER, names).narrowed == ("x",)


def test_exact_cell_is_predicted_in_the_format_of_the_device():
    """`exact` computes in NumPy's own types here, and the time is that of the device's own format."""
    report = run(LAYER, notebook(), precision="exact")
    assert (report.precision, report.profile.precision) == ("exact", "bf16")


def test_cell_without_operators_has_no_prediction_and_no_refusal():
    """Plain Python does not run on the device."""
    names = {}
    report = run("words = 'a b'.split()\n", names)
    assert names["words"] == ["a", "b"]
    assert (report.operations, report.profile, report.refusal) == (0, None, None)


def test_endless_recording_is_computed_and_not_predicted():
    """A loop of more operators than a prediction covers gives its values, and the reason why there is no prediction."""
    names = {"np": np, "x": np.zeros(2, np.int64)}
    report = run(f"for _i in range({RECORD_LIMIT + 5}):\n    x = x + 1\n", names)
    assert names["x"].tolist() == [RECORD_LIMIT + 5] * 2
    assert report.profile is None
    assert report.refusal.code == "does_not_fit"
    assert f"a prediction covers {RECORD_LIMIT} at most" in str(report)


def test_cell_in_integers_runs_where_there_are_no_floats():
    """Warboy multiplies integers only: an integer cell runs there exactly, floats are refused by name."""
    names = {"np": np, "a": np.arange(6).reshape(2, 3)}
    run("b = a @ a.T\n", names, "warboy")
    assert names["b"].tolist() == [[5, 14], [14, 50]]
    with pytest.raises(PrecisionError, match="warboy"):
        run(LAYER, notebook(), "warboy")


@pytest.mark.parametrize("precision", ["fp16", "int4", "fp8", "nonsense"])
def test_cell_refuses_a_precision_that_is_not_there(precision):
    """A format that the device lacks, or that is not emulated, is refused with those that are."""
    with pytest.raises(PrecisionError, match="exact, "):
        run(LAYER, notebook(), precision=precision)


def test_cell_refuses_an_unknown_device():
    """A device that nobody knows is named."""
    with pytest.raises(UnknownDeviceError, match="rngdd"):
        run(LAYER, notebook(), "rngdd")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("x[0] = 0\nraise ValueError('stop')\n", ValueError),
        ("x *= 0\nh = 1\nnp.linalg.svd(x)\n", NpuError),
        ("x[0] = 0\nh = 1\nwhile True:\n    x += 1\n", RunTimeoutError),
    ],
)
def test_failed_cell_changes_nothing(source, error):
    """An error, a refusal and a limit on time leave every name and every array as it was."""
    names = notebook()
    before = {name: np.copy(value) for name, value in names.items() if name != "np"}
    with pytest.raises(error):
        run(source, names, timeout_s=0.5)
    assert set(names) == {"np", *before}
    for name, value in before.items():
        assert np.array_equal(names[name], value)


def test_report_of_a_cell_crosses_json():
    """A report reads back as it was written."""
    report = run(LAYER, notebook(), compare=True)
    assert type(report).from_json(report.to_json()) == report


def test_fault_in_a_prediction_does_not_lose_the_cell(monkeypatch):
    """If costing a cell goes wrong in a way that nobody foresaw, its values come back with the reason."""
    monkeypatch.setattr("npusdk.targets.prediction.Recording", lambda _graph: {}["lost"])
    names = notebook()
    report = run(LAYER, names)
    assert names["h"].shape == (64, 128)
    assert (report.profile, report.refusal.code) == (None, "error")
    assert "KeyError: 'lost'" in str(report)


def test_cell_refuses_a_version_of_the_cost_model_that_is_not_there(monkeypatch):
    """A version that a course pinned and that is gone is refused before the cell runs."""
    monkeypatch.setenv("NPUSDK_CALIBRATION", "priors-0")
    names = notebook()
    with pytest.raises(ConfigError, match="priors-0"):
        run("print('ran')\n" + LAYER, names)
    assert "h" not in names
