"""Running: what comes back, and what a wrong input says."""

import numpy as np
import pytest
from onnx import parser

import npusdk as npu

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'


@pytest.mark.parametrize("device", ["reference", "rngd", "atom", "t4"])
def test_digits_are_told_apart_in_the_formats_of_devices(digits, heldout, device):
    """The digits network keeps its accuracy on held-back digits in float32, bf16 and fp16."""
    images, labels = heldout
    logits = npu.compile(digits, device, batch=len(labels))(images)
    assert (logits.argmax(axis=1) == labels).sum() >= 0.97 * len(labels)


def test_formats_of_devices_change_the_numbers(digits, heldout):
    """bf16 and fp16 give other numbers than float32, and bf16 is the coarser."""
    images, _ = heldout
    exact, bf16, fp16 = (npu.compile(digits, d, batch=360)(images) for d in ("reference", "rngd", "atom"))
    assert 0 < np.abs(fp16 - exact).max() < np.abs(bf16 - exact).max()


def test_float_model_does_not_run_on_an_integer_device(digits, heldout):
    """What could be profiled as if quantised is not run as if quantised."""
    with pytest.raises(npu.PrecisionError, match="not quantised"):
        npu.compile(digits, "warboy", batch=360)(heldout[0])


def test_format_that_is_not_emulated_is_profiled_and_not_run(digits, heldout):
    """fp8 has a profile on RNGD, and running it is refused by name."""
    program = npu.compile(digits, "rngd", "fp8", batch=360)
    assert program.profile().precision == "fp8"
    with pytest.raises(npu.PrecisionError, match="fp8"):
        program(heldout[0])


def test_mask_of_the_lowest_number_survives_a_narrow_format():
    """A constant beyond the format becomes its largest finite number, so that a mask of it times zero is zero."""
    lowest = np.finfo(np.float32).min
    graph = f"{HEAD} g (float[1,4] x) => (float[1,4] y) <float m = {{{float(lowest)!r}}}> {{ y = Mul(x, m) }}"
    model = npu.load(parser.parse_model(graph))
    for device in ("rngd", "atom"):
        (y,) = npu.compile(model, device).run({"x": np.zeros((1, 4), np.float32)}).values()
        np.testing.assert_array_equal(y, np.zeros((1, 4)))


def test_scale_and_zero_point_may_be_written_differently():
    """A scale of one element and a scalar zero point, as onnxruntime's quantiser writes them, are one pair."""
    for scale, zero in (("float[1]", "int8"), ("float", "int8[1]")):
        weights = f"<{scale} s = {{0.5}}, {zero} z = {{1}}>"
        graph = f"{HEAD} g (int8[4] x) => (float[4] y) {weights} {{ y = DequantizeLinear(x, s, z) }}"
        program = npu.compile(npu.load(parser.parse_model(graph)), "reference")
        np.testing.assert_array_equal(program(np.array([1, 2, 3, 5], np.int8)), [0, 0.5, 1, 2])


def test_index_beyond_the_axis_is_an_error_of_ours():
    """An index that only running can know to be wrong is a ShapeError that names the operator and the limit."""
    text = f"{HEAD} g (float[2,4] x, int64[1] i) => (float[1,4] y) {{ y = Gather(x, i) }}"
    program = npu.compile(npu.load(parser.parse_model(text)), "reference")
    with pytest.raises(npu.ShapeError, match=r"Gather.*5"):
        program.run({"x": np.ones((2, 4), np.float32), "i": np.array([5])})


@pytest.mark.parametrize("inputs", [np.zeros((1, 1, 8, 8), np.float32), {"image": [[1, 2], [3]]}, {}, {"other": 1}])
def test_wrong_inputs_are_refused_with_a_hint(digits, inputs):
    """No dictionary, ragged rows, a missing input and an unknown one are errors with a way out."""
    with pytest.raises(npu.ShapeError) as caught:
        npu.compile(digits, "reference").run(inputs)
    assert caught.value.hint


def test_weights_that_make_no_number_run_without_a_warning():
    """A negative variance is the file's nonsense: its NaN comes out, and nothing is said on the way."""
    text = f"""{HEAD} g (float[1,1,2,2] x) => (float[1,1,2,2] y)
        <float[1] one = {{1}}, float[1] zero = {{0}}, float[1] low = {{-1}}, float[1,1,1,1] w = {{1}}>
        {{ c = Conv(x, w) y = BatchNormalization(c, one, zero, zero, low) }}"""
    program = npu.compile(npu.load(parser.parse_model(text)), "reference")
    assert np.isnan(program(np.ones((1, 1, 2, 2), np.float32))).all()


def test_model_must_fit_one_memory_of_a_device_that_has_several(digits, heldout):
    """What fits the memories of a device together and none alone is refused alike by check, profile and emulator."""
    needed = npu.profile(digits, "atom-max").peak_memory_bytes
    half = needed // 2 + 1000
    device = npu.device("atom-max").model_copy(update={"memory_pools": (half, half)})
    assert half < needed < device.memory_bytes
    assert npu.profile(digits, device).device_memory_bytes == half
    assert "memory_exceeded" in {finding.reason.code for finding in npu.check(digits, [device]).fits[0].findings}
    with pytest.raises(npu.OutOfDeviceMemoryError):
        npu.compile(digits, device)(heldout[0][:1])
