import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.calibration.gemm import predict_gemm, time_gemms
from npusdk.calibration.gemm_constants import GemmConstants, load_gemm_calibration
from npusdk.calibration.gemm_fit import (
    chip_work,
    fit_calibration,
    fit_constants,
    fit_roofline,
    leave_out,
    search,
    time_roofline,
    to_constants,
    to_point,
)
from npusdk.calibration.gemm_rows import GemmRows, read_gemm_rows
from npusdk.catalogue import find_device

RATCHET = {
    "da2946f61b5cb140843f2f0e80cd8b7b9d32c65c5f10755fa546b5a5b48b7bce": {"a100": 0.0639, "h100": 0.0804},
}
"""Hash of the measurements -> chip -> error of a model left out. It may only fall."""

CHIPS = ("a100", "h100")


@pytest.fixture(scope="module")
def shipped():
    return {fit.chip: fit for fit in load_gemm_calibration().chips}


@pytest.fixture(scope="module")
def rows():
    return read_gemm_rows()


@pytest.fixture(scope="module")
def fresh():
    return fit_calibration()


def thin(rows, step):
    """Return every `step`-th row."""
    return rows.take(np.arange(rows.M.size) % step == 0)


def with_times(rows, latency_s):
    return GemmRows(rows.chip, rows.model, rows.operator, rows.M, rows.N, rows.K, latency_s)


def macro_error(predicted_s, rows):
    errors = np.abs(predicted_s / rows.latency_s - 1)
    return np.mean([errors[rows.model == model].mean() for model in sorted(set(rows.model))])


def test_gemm_measurements_are_those_that_were_fitted(rows):
    """The shipped constants name the hash of the shipped measurements, all 4,000 of them."""
    assert load_gemm_calibration().data_sha256 == rows.sha256
    assert rows.M.size == 4000
    assert set(rows.chip) == set(CHIPS)
    assert np.allclose(rows.latency_s * 2e6, np.round(rows.latency_s * 2e6))


@pytest.mark.parametrize("chip", CHIPS)
def test_gemm_error_of_a_model_left_out_never_rises(chip, shipped, rows):
    """On the same measurements, the published error of an unseen model may only fall."""
    assert shipped[chip].errors.model_left_out <= RATCHET[rows.sha256][chip]


@pytest.mark.parametrize("chip", CHIPS)
def test_gemm_constants_are_derived_again(chip, shipped, fresh):
    """The command makes what is shipped: times within 1 %, and errors within 0.2 points."""
    again = next(fit for fit in fresh.chips if fit.chip == chip)
    work, _rows = chip_work(read_gemm_rows(), chip)
    ratio = time_gemms(work, again.constants) / time_gemms(work, shipped[chip].constants)
    assert np.abs(np.log(ratio)).max() < 0.01
    for name in ("fitted", "model_left_out", "operator_left_out"):
        assert getattr(again.errors, name) == pytest.approx(getattr(shipped[chip].errors, name), abs=0.002)
        assert getattr(again.roofline, name) == pytest.approx(getattr(shipped[chip].roofline, name), abs=0.002)
    assert again.other_chip_error == pytest.approx(shipped[chip].other_chip_error, abs=0.005)
    assert (again.low, again.high) == pytest.approx((shipped[chip].low, shipped[chip].high), abs=0.01)


@pytest.mark.parametrize("chip", CHIPS)
def test_gemm_errors_are_those_of_the_public_prediction(chip, shipped, rows):
    """What the data file says of the fitted rows is what `predict_gemm` does to them."""
    some = rows.take(rows.chip == chip)
    times = predict_gemm(find_device(chip), "fp16", M=some.M, N=some.N, K=some.K)
    assert macro_error(times.latency_s, some) == pytest.approx(shipped[chip].errors.fitted, abs=1e-4)
    inside = (times.low_s <= some.latency_s) & (some.latency_s <= times.high_s)
    assert 0.87 < inside.mean() < 0.95


@pytest.mark.parametrize("chip", CHIPS)
def test_gemm_beats_its_baseline_on_every_unseen_model(chip, shipped):
    """Five constants are worth having: on each model left out they err less than a roofline with one."""
    fit = shipped[chip]
    assert set(fit.errors.by_model) == set(fit.roofline.by_model)
    for model, error in fit.errors.by_model.items():
        assert error < fit.roofline.by_model[model]


def test_gemm_fit_finds_the_constants_that_made_the_times(rows):
    """Times made by the equation itself give the constants back."""
    work, some = chip_work(thin(rows, 5), "a100")
    truth = GemmConstants(eta_matrix=0.7, eta_memory=0.9, fixed_s=6e-6, lead_elements=80, on_chip_bytes_per_cycle=30)
    made = with_times(some, time_gemms(work, truth))
    found = fit_constants(work, made)
    assert macro_error(time_gemms(work, found), made) < 0.002
    assert (found.eta_matrix, found.fixed_s) == pytest.approx((0.7, 6e-6), rel=0.01)


def test_gemm_left_out_rows_do_not_teach(rows):
    """However wrong the times of a model are, its own predictions do not change."""
    work, some = chip_work(thin(rows, 20), "h100")
    before = leave_out(work, some, some.model)
    mine = some.model == "phi-2"
    spoilt = with_times(some, np.where(mine, 100 * some.latency_s, some.latency_s))
    after = leave_out(work, spoilt, some.model)
    assert (before[mine] == after[mine]).all()
    assert (before[~mine] != after[~mine]).any()


def test_gemm_fit_counts_models_alike(rows):
    """Rows that are there twice, all of one model, change nothing."""
    work, some = chip_work(thin(rows, 20), "a100")
    twice = np.concatenate([np.arange(some.M.size), np.flatnonzero(some.model == "phi-2")])
    assert fit_constants(work.take(twice), some.take(twice)) == fit_constants(work, some)


@pytest.mark.parametrize("chip", CHIPS)
def test_gemm_roofline_constant_is_the_best(chip, shipped, rows):
    """No other constant gives the baseline a smaller error: it is a fair one."""
    work, some = chip_work(rows, chip)
    best = macro_error(time_roofline(work, fit_roofline(work, some)), some)
    others = [macro_error(time_roofline(work, eta), some) for eta in np.linspace(0.2, 1, 81)]
    assert best <= min(others) + 1e-5
    assert fit_roofline(work, some) == shipped[chip].roofline_eta


@settings(max_examples=25)
@given(target=st.lists(st.floats(-2, 2), min_size=1, max_size=4))
def test_gemm_search_finds_a_bowl(target):
    """The search comes to the bottom of a bowl, wherever it is."""
    bottom = np.array(target)
    point, cost = search(lambda point: float(((point - bottom) ** 2).sum()), np.zeros(bottom.size), 0.3)
    assert cost < 1e-4
    assert point == pytest.approx(bottom, abs=0.02)


@given(
    st.builds(
        GemmConstants,
        eta_matrix=st.floats(0.01, 0.99),
        eta_memory=st.floats(0.01, 0.99),
        fixed_s=st.floats(1e-8, 1e-3),
        lead_elements=st.floats(0.01, 1e4),
        on_chip_bytes_per_cycle=st.floats(0.1, 1e4),
    )
)
def test_gemm_search_space_holds_constants(constants):
    """A point of the search and its constants are the same thing."""
    again = to_constants(to_point(constants))
    assert dict(again) == pytest.approx(dict(constants))
