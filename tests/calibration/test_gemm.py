from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.calibration.gemm import SPLIT_S, count_work, predict_gemm, roofline_gemm, time_gemms, time_roofline
from npusdk.calibration.gemm_constants import GemmConstants, load_gemm_calibration
from npusdk.calibration.gemm_fit import STARTS
from npusdk.catalogue import cost_parameters, find_device
from npusdk.errors import ConfigError, PrecisionError, ShapeError

A100 = cost_parameters(find_device("a100"), "fp16")
sides = st.integers(1, 20_000)
products = st.tuples(sides, sides, sides)
constants = st.builds(
    GemmConstants,
    eta_matrix=st.floats(0.3, 1),
    eta_memory=st.floats(0.3, 1),
    fixed_s=st.floats(0, 1e-5),
    lead_elements=st.floats(0, 500),
    on_chip_bytes_per_cycle=st.floats(5, 100),
)


def seconds(parameters, product, found):
    """Return the time of one product."""
    return time_gemms(count_work(parameters, *(np.array([side], float) for side in product)), found)[0]


@given(
    product=products,
    found=constants,
    field=st.sampled_from(["units", "clock_hz", "macs_per_unit_per_cycle", "memory_bandwidth_bytes_per_s"]),
    factor=st.integers(2, 5),
)
def test_gemm_is_never_slower_on_more_hardware(product, found, field, factor):
    """More units, a faster clock, more arithmetic in a cycle or more bandwidth never make a product slower."""
    more = replace(A100, **{field: getattr(A100, field) * factor})
    assert seconds(more, product, found) <= seconds(A100, product, found) * (1 + 1e-12)


@given(product=products, found=constants, extra=st.integers(1, 4))
def test_gemm_is_never_slower_on_a_few_more_units(product, found, extra):
    """Waves have steps, and even so one unit more is never worse."""
    more = replace(A100, units=A100.units + extra)
    assert seconds(more, product, found) <= seconds(A100, product, found) * (1 + 1e-12)


@given(product=products, found=constants, more=st.integers(1, 300), side=st.sampled_from([0, 1]))
def test_gemm_of_more_rows_or_columns_is_never_faster(product, found, more, side):
    """A product with more rows, or more columns, takes at least as long."""
    larger = list(product)
    larger[side] += more
    assert seconds(A100, larger, found) >= seconds(A100, product, found) * (1 - 1e-12)


@given(product=products, found=constants)
def test_gemm_is_never_faster_than_its_full_rates(product, found):
    """No product beats the matrix rate or the memory bandwidth, nor its fixed time."""
    work = count_work(A100, *(np.array([side], float) for side in product))
    assert time_gemms(work, found)[0] >= (time_roofline(work, 1.0)[0] + found.fixed_s) * (1 - 1e-12)


@pytest.mark.parametrize("shape", [(256, 128 * 108, 4096), (1024, 256 * 54, 8192)])
def test_gemm_of_whole_waves_is_what_a_hand_computes(shape):
    """Where tiles fill whole waves and the chip's traffic is free, time is K and the lead at the sustained rate."""
    M, N, K = shape
    found = GemmConstants(
        eta_matrix=0.5, eta_memory=1, fixed_s=2e-6, lead_elements=64, on_chip_bytes_per_cycle=float("inf")
    )
    rate = A100.units * A100.macs_per_unit_per_cycle * A100.clock_hz * 0.5
    matrix_s = M * N * (K + 64) / rate
    memory_s = 2 * (M * K + K * N + M * N) / A100.memory_bandwidth_bytes_per_s
    assert seconds(A100, shape, found) == pytest.approx(2e-6 + (matrix_s**2 + memory_s**2) ** 0.5, rel=1e-12)


def test_gemm_splits_a_long_side_when_tiles_are_few():
    """One tile with a long K is dealt to several units, at the price of adding the partial sums up."""
    found = GemmConstants(eta_matrix=1, eta_memory=1, fixed_s=0, lead_elements=0, on_chip_bytes_per_cycle=float("inf"))
    K = 1 << 20
    rate = A100.macs_per_unit_per_cycle * A100.clock_hz
    split_s = ceil(K / 16) * 16 * 64 / rate + SPLIT_S
    memory_s = 2 * (16 * K + K * 64 + 16 * 64) / A100.memory_bandwidth_bytes_per_s
    assert seconds(A100, (16, 64, K), found) == pytest.approx((split_s**2 + memory_s**2) ** 0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("device", "dtype", "said"),
    [
        ("a100", "fp16", ("A", "calibrated", "a100", 1985)),
        ("h100", "fp16", ("A", "calibrated", "h100", 2015)),
        ("a100", "bf16", ("B", "same_chip", "a100", 1985)),
        ("nvidia-a100-pcie-40gb", "fp16", ("B", "same_chip", "a100", 1985)),
        ("nvidia-h100-pcie", "fp16", ("B", "same_chip", "h100", 2015)),
        ("a100:3g.40gb", "fp16", ("B", "same_chip", "a100", 1985)),
        ("a100", "int8", ("C", "class", "", 4000)),
        ("t4", "fp16", ("C", "class", "", 4000)),
        ("l40s", "fp16", ("C", "class", "", 4000)),
        ("nvidia-h200-sxm", "fp16", ("C", "class", "", 4000)),
    ],
)
def test_gemm_says_whose_constants_it_uses(device, dtype, said):
    """A card or a format that was not measured borrows constants, and its validity says so."""
    times = predict_gemm(find_device(device), dtype, M=512, N=4096, K=4096)
    assert (times.validity, times.basis, times.chip, times.rows) == said


def test_gemm_interval_widens_as_validity_falls():
    """A is narrower than B, and B than C; each holds the prediction."""
    ratios = []
    for device in ("h100", "nvidia-h100-pcie", "l40s"):
        times = predict_gemm(find_device(device), "fp16", M=[1, 4000], N=4096, K=4096)
        assert (times.low_s < times.latency_s).all()
        assert (times.latency_s < times.high_s).all()
        ratios.append(times.high_s[0] / times.low_s[0])
    assert ratios == sorted(ratios)


def test_gemm_class_lies_between_its_chips():
    """Each constant of the class is the geometric mean of those of the chips."""
    calibration = load_gemm_calibration()
    for name, value in calibration.class_constants:
        several = [getattr(fit.constants, name) for fit in calibration.chips]
        assert value == pytest.approx(np.prod(several) ** (1 / len(several)))


def test_gemm_takes_arrays_and_numbers_alike():
    """Sides broadcast; each product is what it is alone."""
    device, M, N = find_device("h100"), np.array([[1], [100], [3000]]), np.array([512, 4096])
    times = predict_gemm(device, "fp16", M=M, N=N, K=4096)
    assert times.latency_s.shape == times.low_s.shape == times.high_s.shape == (3, 2)
    assert roofline_gemm(device, "fp16", M=M, N=N, K=4096).shape == (3, 2)
    alone = predict_gemm(device, "fp16", M=3000, N=512, K=4096)
    assert alone.latency_s.shape == ()
    assert alone.latency_s == times.latency_s[2, 0]


def test_gemm_roofline_has_one_constant():
    """The baseline is the larger of two full rates over one number."""
    device, M = find_device("a100"), np.array([1, 64, 4096])
    times = roofline_gemm(device, "fp16", M=M, N=8192, K=8192)
    rate = A100.units * A100.macs_per_unit_per_cycle * A100.clock_hz
    memory_s = 2 * (M * 8192 + 8192 * 8192 + M * 8192) / A100.memory_bandwidth_bytes_per_s
    eta = load_gemm_calibration().chips[0].roofline_eta
    assert times == pytest.approx(np.maximum(M * 8192 * 8192 / rate, memory_s) / eta)


@pytest.mark.parametrize(("device", "dtype"), [("rngd", "bf16"), ("warboy", "int8"), ("reference", "fp32")])
def test_gemm_refuses_what_is_no_gpu(device, dtype):
    """A device without waves of tiles, or without time, is refused with a way out."""
    with pytest.raises(ConfigError) as refused:
        predict_gemm(find_device(device), dtype, M=1, N=1, K=1)
    assert refused.value.hint


def test_gemm_refuses_a_format_that_the_gpu_lacks():
    """Ampere has no fp8."""
    with pytest.raises(PrecisionError):
        predict_gemm(find_device("a100"), "fp8", M=1, N=1, K=1)


@pytest.mark.parametrize(
    "sides", [{"M": 0}, {"N": -3}, {"K": 1.5}, {"M": [1, 2], "N": [1, 2, 3]}, {"K": [4, float("nan")]}]
)
def test_gemm_refuses_sides_that_no_product_has(sides):
    """Sides are whole numbers from 1 that belong together."""
    with pytest.raises(ShapeError) as refused:
        predict_gemm(find_device("a100"), "fp16", **{"M": 8, "N": 8, "K": 8, **sides})
    assert refused.value.hint


def test_gemm_starts_of_the_search_are_constants_in_range():
    """Every start is a chip that could be: efficiencies below 1, and nothing negative."""
    for start in STARTS:
        assert 0 < start.eta_matrix < 1
        assert 0 < start.eta_memory < 1
        assert min(value for _name, value in start) > 0
