"""The fit finds what is there, forgets what it has not seen, and gives the file that is shipped."""

import json
import math
from dataclasses import replace
from importlib.resources import files

import pytest

from npusdk.calibration.alternatives import alternatives
from npusdk.calibration.evaluation import evaluate
from npusdk.calibration.fit import Judge, Name, descend, fit, loss, pooled_prior, start, succeed, unit_weights
from npusdk.calibration.making import PUBLISHED, assemble, hash_files, make_calibration
from npusdk.calibration.points import make_points
from npusdk.calibration.rows import read_rows
from npusdk.calibration.settings import CHIPS, FACTS, REFERENCES, SHARED, SUCCEEDS, SUPPORT_CHIPS, SUPPORT_UNITS
from npusdk.pipeline.constants import Calibration
from npusdk.pipeline.versions import VERSIONS

pytestmark = pytest.mark.xdist_group("fit")

RATCHET = {
    "b7eed4af27ec8eda0596d70ea1e0bcfe91ddc6b47cceefaa86784ec21b17e258": {
        "in_sample": 0.13,
        "leave_one_model_out": 0.17,
        "leave_one_chip_out": 0.195,
    }
}
"""Hash of the measurements -> most that each error may be; lower one when the model gets better."""


@pytest.fixture(scope="module")
def points():
    return make_points(read_rows(PUBLISHED))


@pytest.fixture(scope="module")
def made(points):
    return make_calibration(points, VERSIONS[-1], hash_files([PUBLISHED]))


@pytest.fixture(scope="module")
def shipped():
    path = files("npusdk.pipeline").joinpath("calibrations", f"{VERSIONS[-1]}.json")
    return Calibration.model_validate_json(path.read_bytes())


def test_shipped_constants_are_what_the_fit_gives(made, shipped):
    """One command gives the file that is shipped: constants, points used, errors and intervals."""
    again = made[0]
    assert again.chips.keys() == shipped.chips.keys()
    assert again.stacks.keys() == shipped.stacks.keys()
    for name, chip in shipped.chips.items():
        assert numbers(again.chips[name]) == pytest.approx(numbers(chip), rel=1e-3), name
    for name, stack in shipped.stacks.items():
        assert numbers(again.stacks[name]) == pytest.approx(numbers(stack), rel=1e-3), name
    for way, scores in shipped.scores.items():
        assert again.scores[way].macro_mape == pytest.approx(scores.macro_mape, abs=2e-3), way
    assert again.data_sha256 == shipped.data_sha256 == hash_files([PUBLISHED])


def numbers(constants):
    return {name: value for name, value in constants.model_dump().items() if isinstance(value, int | float)}


def test_errors_only_fall(shipped):
    """On the same measurements no error may rise above what was reached."""
    for way, most in RATCHET[shipped.data_sha256].items():
        assert shipped.scores[way].macro_mape <= most, way


def test_fit_is_better_than_a_roofline(shipped):
    """Also on networks and chips that it has not seen, for every vendor's devices together."""
    roofline = shipped.scores["roofline"].macro_mape
    assert shipped.scores["leave_one_model_out"].macro_mape < roofline / 2
    assert shipped.scores["leave_one_chip_out"].macro_mape < roofline / 2


def test_only_primary_rows_of_the_file_take_part(points):
    """What stands on an assumption, or measures power, teaches nothing."""
    primary = {row.id: row for row in read_rows(PUBLISHED) if row.use == "primary"}
    assert {point.row.id for point in points} == {id_ for id_, row in primary.items() if "power" not in row.metric}


def test_left_out_rows_do_not_teach(points):
    """A fit without a chip's rows does not depend on what they say."""
    few = [point for point in points if point.chip in ("l40s", "t4")][:24]
    without = [point for point in few if point.chip != "t4"]
    assert fit(without, Judge()) == fit(without, Judge())
    theta = fit(without, Judge(), chips=("t4", "l40s"))
    prior = pooled_prior({name: value for name, value in theta.items() if name.of == "l40s"}, "gpu")
    assert theta[Name("op_overhead_s", "t4")] == pytest.approx(prior["op_overhead_s"], rel=0.5)


def test_fit_finds_the_constants_that_made_the_rows(points):
    """Rows that the model itself made, with constants far from the priors, give those constants back."""
    chosen = [point for point in points if point.chip == "a100" and point.stack == "tensorrt"]
    truth = {**start(chosen), Name("eta_compute", "a100"): 0.42, Name("op_overhead_s", "a100"): 9e-6}
    judge = Judge()
    made = [replace(point, measured=math.exp(judge.log_error(point, truth)) * point.measured) for point in chosen]
    found = fit(made, Judge())
    assert found[Name("eta_compute", "a100")] == pytest.approx(0.42, rel=0.06)
    assert found[Name("op_overhead_s", "a100")] == pytest.approx(9e-6, rel=0.12)


def test_search_never_ends_higher_than_it_began(points):
    """Each step lowers the loss; the search ends where none does."""
    chosen = [point for point in points if point.chip == "warboy"]
    theta, judge = start(chosen), Judge()

    def total(tried):
        return sum(w * loss(judge.log_error(p, tried)) for p, w in zip(chosen, unit_weights(chosen), strict=True))

    found = descend(chosen, theta, theta, judge=judge, finest=0.06)
    assert total(found) < total(theta)


def test_every_network_on_a_chip_counts_once(points):
    """Thirty batches of one network weigh as much as one row of another."""
    weights = unit_weights(points)
    for unit in {point.unit for point in points}:
        shares = [w for w, point in zip(weights, points, strict=True) if point.unit == unit]
        assert sum(shares) == pytest.approx(1)


def test_stacks_are_offered_where_enough_supports_them(shipped):
    """Four networks on two chips, and the reference has no factors."""
    for name, stack in shipped.stacks.items():
        assert stack.supported == (stack.units >= SUPPORT_UNITS and stack.chips >= SUPPORT_CHIPS), name
    assert not REFERENCES & shipped.stacks.keys()


def test_intervals_hold_what_they_say(made, shipped):
    """Four of five left-out rows of well-measured chips lie in the interval, each network counting once."""
    chips = {name for name, chip in shipped.chips.items() if chip.units >= 4}
    cards = {card for name in chips for card in CHIPS[name]}
    interval = shipped.intervals["A"]
    held = {}
    for row in made[1].leave_one_model_out:
        if row.device.partition(":")[0] in cards:
            ratio = row.measured_s / row.predicted_s
            held.setdefault(row.unit, []).append(interval.low <= ratio <= interval.high)
    share = sum(sum(one) / len(one) for one in held.values()) / len(held)
    assert share == pytest.approx(0.8, abs=0.05)


def test_calibration_is_plain_data(shipped):
    """The file reads back as it was written, and a newer field is no error."""
    data = json.loads(shipped.model_dump_json())
    assert Calibration.model_validate({**data, "later": 1}) == shipped


def test_own_measurements_make_a_chip_of_their_own(tmp_path):
    """Rows of a device that nobody else measured give it constants, however few they are."""
    own = tmp_path / "own.csv"
    own.write_text(
        "id,device_key,model,precision,metric,value,unit,batch,use,scenario,software\n"
        "a,rngd,ResNet-50 v1.5,bf16,latency,2.0,ms,1,primary,batch 1,furiosa-llm\n"
        "b,rngd,BERT-Large,bf16,latency,9.0,ms,1,primary,batch 1,furiosa-llm\n",
        encoding="utf-8",
    )
    points = make_points(read_rows(own))
    judge = Judge()
    theta = fit(points, judge)
    made = assemble(points, theta, evaluate(points, theta, judge), name="own", digest="")
    assert made.chips["furiosa-rngd"].points == 2
    assert made.chip_of("furiosa-rngd:4pe") == "furiosa-rngd"


def test_alternatives_differ_in_one_setting_each():
    """Every constant that is not fitted is tried at other values, and every fact of a stack without."""
    chosen, *others = alternatives()
    names = [name for name, _, _ in others]
    assert len(set(names)) == len(names) == 2 * len(SHARED.model_dump()) + len(FACTS)
    for _name, shared, facts in others:
        changed = [key for key, value in shared.model_dump().items() if value != chosen[1].model_dump()[key]]
        assert len(changed) + len(FACTS.keys() - facts.keys()) == 1


def test_settings_reach_the_prediction(points):
    """Another constant of all chips, or one fact less, predicts other times."""
    (point, *_) = [point for point in points if point.stack == "llama.cpp" and "a100" in point.chip]
    theta = start([point])
    plain = Judge().log_error(point, theta)
    assert Judge(facts={}).log_error(point, theta) != plain
    assert Judge(SHARED.model_copy(update={"eta_vector": 0.001})).log_error(point, theta) != plain


def test_no_chip_launches_more_slowly_than_the_one_it_succeeds(shipped):
    """A later chip of the same vendor is not held up more by its launches, whatever few rows say."""
    for chip, earlier in SUCCEEDS.items():
        assert shipped.chips[chip].op_overhead_s <= shipped.chips[earlier].op_overhead_s
    slow = {Name("op_overhead_s", "a100"): 2e-6, Name("op_overhead_s", "h100"): 9e-6}
    assert succeed(slow) == dict.fromkeys(slow, 2e-06)
