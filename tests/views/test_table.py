"""The CSV views: what a spreadsheet or a program reads back."""

import csv
import io

import pytest

from npusdk.views import table
from tests.views import samples
from tests.views.corpus import HOSTILE
from tests.views.test_text import hostile

VIEWS = {
    "profile": table.profile, "fit": table.fit, "comparison": table.comparison, "crossing": table.comparison,
    "serving": table.serving,
}  # fmt: skip
EVERY = pytest.mark.parametrize("kind", sorted(VIEWS))


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_profile_has_a_row_for_each_layer_with_what_the_numbers_mean():
    """Each row stands alone: basis, device, model, precision and batch are in it."""
    report = samples.profile()
    found = rows(table.profile(report))
    assert [row["name"] for row in found] == list(report.layers.names)
    for row in found:
        assert (row["basis"], row["device"], row["model"]) == ("predicted", "furiosa-rngd", "small net")
        assert (row["precision"], row["batch"]) == ("bf16", "1")


def test_numbers_of_a_profile_read_back_exactly():
    """A number in a CSV is the number of the report, not a rounded one."""
    report = samples.profile()
    for row, layer in zip(rows(table.profile(report)), report.layers, strict=True):
        assert float(row["time_s"]) == layer.time_s
        assert float(row["utilization"]) == layer.utilization
        assert int(row["macs"]) == layer.macs
        assert row["energy_j"] == row["live_bytes"] == ""


def test_comparison_has_a_row_for_each_device_asked():
    """Profiles come in the order asked for, refusals after them with their code and no numbers."""
    report = samples.comparison()
    found = rows(table.comparison(report))
    assert [row["device"] for row in found] == [*(profile.device for profile in report.profiles), "furiosa-warboy"]
    assert {row["basis"] for row in found} == {"predicted"}
    assert [row["separable_from_fastest"] for row in found] == ["yes", "", "no", ""]
    assert found[-1]["refusal"] == "precision"
    assert found[-1]["latency_s"] == ""
    assert float(found[0]["latency_s"]) == report.profiles[0].latency_s


def test_fit_has_a_row_for_each_finding():
    """A finding carries its evidence; a device without findings is there all the same."""
    fits = (samples.device_fit("blocked"), samples.device_fit("runs", findings=()))
    found = rows(table.fit(samples.fit(fits=fits)))
    assert [(row["status"], row["reason"]) for row in found] == [
        ("blocked", "needs_quantization"), ("blocked", "operator_accelerated"), ("runs", ""),
    ]  # fmt: skip
    assert found[0]["evidence"] == "device_rule"
    assert found[1]["evidence_version"] == "0.10.4"


@EVERY
def test_lines_end_as_the_rfc_says(kind):
    """RFC 4180 separates records by CR LF, and so does every line here, the last one too."""
    text = VIEWS[kind](getattr(samples, kind)())
    assert text.count("\r\n") == text.count("\n") == text.count("\r")
    assert text.endswith("\r\n")


@EVERY
@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_name_stays_in_its_cell(kind, case):
    """No name starts a formula, breaks a record or hides a control character."""
    text = VIEWS[kind](hostile(kind, HOSTILE[case]))
    found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert {len(row) for row in found} == {len(found[0])}
    for row in found:
        for cell in row:
            assert cell.isprintable()
            assert not cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r"))  # noqa: RUF001 - the very character


def test_saved_csv_is_the_view(tmp_path):
    """`save` writes the same bytes on every system."""
    report = samples.profile()
    path = report.save(tmp_path / "수직 profile.csv")
    assert path.read_bytes().decode("utf-8") == table.profile(report)


def test_profile_has_repeats_terms_and_explanations():
    """Each layer has how often it runs, its terms in seconds, and the code of what would change it."""
    found = rows(table.profile(samples.grounded("x")))[0]
    assert (found["repeats"], found["explanation"], found["margin"]) == ("80", "change_lower_precision", "4.0")
    assert float(found["compute_s"]) == samples.ROWS[0]["time_s"]
    assert (found["validity"], found["stack"], found["devices"]) == ("B", "x", "6")


def test_comparison_has_grounds_and_the_pareto_set():
    """Interval of the energy, boundary, price basis, provenance and division stand beside the numbers."""
    report = samples.crossing(profiles=(samples.grounded("x", model="small net"),))
    found = rows(table.comparison(report))[0]
    assert (found["tp"], found["pp"], found["replicas"], found["chunk"]) == ("2", "1", "3", "4")
    assert (found["power_boundary"], found["price_basis"], found["energy_basis"]) == ("card", "x", "tdp_bound")
    assert (found["chip"], found["calibrated"], found["units"], found["points"]) == ("x", "yes", "3", "17")
    assert [row["pareto"] for row in rows(table.comparison(samples.crossing()))][:4] == ["yes"] * 4


def test_serving_is_a_row_with_its_intervals():
    """Figures with an interval have three columns; what is not known is empty."""
    unknown = dict.fromkeys(("energy_j_per_token", "energy_low_j_per_token", "energy_high_j_per_token"))
    (found,) = rows(table.serving(samples.serving(**unknown, provenance=None)))
    assert [float(found[name]) for name in ("ttft_s", "ttft_s_low", "ttft_s_high")] == [0.015, 0.0075, 0.03]
    assert (found["tp"], found["replicas"], found["basis"]) == ("2", "2", "predicted")
    assert found["energy_j_per_token"] == found["calibrated"] == ""
    (known,) = rows(table.serving(samples.serving()))
    assert [float(known[f"energy_{end}j_per_token"]) for end in ("low_", "", "high_")] == [0.3, 0.6, 0.9]
    assert known["energy_basis"] == "tdp_bound"
