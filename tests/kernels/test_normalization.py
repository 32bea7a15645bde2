"""Normalisations agree with onnxruntime where it has them, else with their definition in float64."""

import numpy as np
import pytest

from npusdk.kernels import call
from tests.kernels.oracle import assert_agrees

RNG = np.random.default_rng(23)
X = RNG.normal(1, 2, (2, 6, 5, 4)).astype(np.float32)


def vector(size):
    return RNG.uniform(0.5, 1.5, size).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 6, 5, 4), (2, 6), (2, 6, 7)])
def test_batch_normalization_agrees(shape):
    """Every channel has its own factor and offset, in any rank."""
    x = RNG.normal(1, 2, shape).astype(np.float32)
    assert_agrees("BatchNormalization", [x, *(vector(6) for _ in range(4))], {"epsilon": 1e-3})


@pytest.mark.parametrize("axis", [-1, 1, 2, 0])
def test_layer_normalization_agrees_on_every_axis(axis):
    """Everything from the axis on is one row; means and reciprocal deviations come too."""
    shape = X.shape[axis:]
    inputs = [X, RNG.normal(size=shape).astype(np.float32), RNG.normal(size=shape).astype(np.float32)]
    assert_agrees("LayerNormalization", inputs, {"axis": axis}, outputs=3, rtol=1e-4, atol=1e-5)
    assert_agrees("LayerNormalization", inputs[:2], {"axis": axis}, rtol=1e-4, atol=1e-5)


def test_layer_normalization_of_many_rows_equals_that_of_each():
    """Where blocks of rows begin and end does not show."""
    x = RNG.normal(size=(500, 300)).astype(np.float32)
    scale, bias = vector(300), vector(300)
    (whole,) = call("LayerNormalization", [x, scale, bias], {})
    for row in (0, 108, 109, 499):
        (alone,) = call("LayerNormalization", [x[row : row + 1], scale, bias], {})
        np.testing.assert_allclose(whole[row : row + 1], alone, rtol=1e-6, atol=1e-6)


def test_instance_normalization_agrees():
    """Every channel of every image is one row."""
    assert_agrees("InstanceNormalization", [X, vector(6), vector(6)], {"epsilon": 1e-3}, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_normalization_agrees(groups):
    """Every group of channels of every image is one row, scaled and shifted channel by channel."""
    inputs = [X, vector(6), vector(6)]
    assert_agrees("GroupNormalization", inputs, {"num_groups": groups}, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 13])
def test_lrn_agrees(size):
    """Even and odd windows over channels, and windows wider than there are channels."""
    if size % 2:
        assert_agrees("LRN", [X], {"size": size, "alpha": 0.1, "beta": 0.5, "bias": 2.0})
    (found,) = call("LRN", [X], {"size": size, "alpha": 0.1, "beta": 0.5, "bias": 2.0})
    before, after = (size - 1) // 2, size // 2
    wide = X.astype(np.float64)
    for channel in range(6):
        near = wide[:, max(0, channel - before) : channel + after + 1]
        power = (2.0 + 0.1 / size * (near**2).sum(1)) ** 0.5
        np.testing.assert_allclose(found[:, channel], wide[:, channel] / power, rtol=1e-5)


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("p", [1, 2])
def test_lp_normalization_agrees(axis, p):
    """Rows of unit length; a row of zeros stays one."""
    assert_agrees("LpNormalization", [X], {"axis": axis, "p": p})
    (zeros,) = call("LpNormalization", [np.zeros((2, 3), np.float32)], {})
    np.testing.assert_array_equal(zeros, np.zeros((2, 3), np.float32), strict=True)


def test_mean_variance_normalization_agrees():
    """Mean zero and deviation one over the axes."""
    assert_agrees("MeanVarianceNormalization", [X], rtol=1e-4, atol=1e-5)
    assert_agrees("MeanVarianceNormalization", [X], {"axes": (2, 3)}, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axis", [-1, 2])
def test_rms_normalization_follows_its_definition(axis):
    """X / sqrt(mean(x^2) + epsilon) times the scale."""
    scale = RNG.normal(size=X.shape[axis:]).astype(np.float32)
    axes = tuple(range(axis % 4, 4))
    wide = X.astype(np.float64)
    expected = wide / np.sqrt((wide**2).mean(axes, keepdims=True) + 1e-5) * scale
    (found,) = call("RMSNormalization", [X, scale], {"axis": axis})
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("op", "others"),
    [
        ("BatchNormalization", 4), ("InstanceNormalization", 2), ("GroupNormalization", 2), ("LRN", 0),
        ("LpNormalization", 0), ("MeanVarianceNormalization", 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_normalization_keeps_element_types(op, others, dtype):
    """Half precision is computed in float32, double in double; both come out as they went in."""
    attrs = {"num_groups": 2} if op == "GroupNormalization" else {"size": 3} if op == "LRN" else {}
    parameters = [vector(6).astype(np.float16) for _ in range(others)]
    x = X.astype(np.float16)
    (found,) = call(op, [x.astype(dtype), *(value.astype(dtype) for value in parameters)], attrs)
    (exact,) = call(op, [x.astype(np.float64), *(value.astype(np.float64) for value in parameters)], attrs)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, exact.astype(dtype), rtol=2e-3, atol=2e-3)


def test_normalization_of_large_means_keeps_its_digits():
    """Values far from zero are centred before they are squared, so that nothing cancels."""
    x = (RNG.normal(size=(4, 256)) + 3000).astype(np.float32)
    (found,) = call("LayerNormalization", [x, np.ones(256, np.float32)], {"epsilon": 0.0})
    wide = x.astype(np.float64)
    exact = (wide - wide.mean(1, keepdims=True)) / wide.std(1, keepdims=True)
    np.testing.assert_allclose(found, exact, atol=2e-3)
