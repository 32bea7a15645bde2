"""The text views: what stands on which line, in how many columns, in both languages."""

import re

import pytest
from rich.cells import cell_len

from npusdk.display import show
from npusdk.language import language_set_to, translate
from npusdk.report import LayerTable, Note, Reachability
from npusdk.units import format_seconds
from npusdk.views import text
from npusdk.views.text.profile_page import merge_parameters
from tests.views import samples
from tests.views.corpus import HOSTILE

REPORTS = {"profile": samples.profile, "fit": samples.fit, "comparison": samples.comparison}
BOTH = pytest.mark.parametrize("language", ["en", "ko"])
EVERY = pytest.mark.parametrize("kind", sorted(REPORTS))


def view(kind, report=None, **options):
    return getattr(text, kind)(report or REPORTS[kind](), **options)


@BOTH
@EVERY
def test_view_is_the_same_whoever_looks(monkeypatch, kind, language):
    """Neither the terminal nor its variables change the text of a report."""
    with language_set_to(language):
        before, coloured = view(kind), view(kind, colour=True)
        for name, value in {"COLUMNS": "40", "FORCE_COLOR": "1", "TERM": "dumb", "NO_COLOR": "1"}.items():
            monkeypatch.setenv(name, value)
        assert view(kind) == before
        assert view(kind, colour=True) == coloured
        assert str(REPORTS[kind]()) == before


@BOTH
@EVERY
@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_view_keeps_to_its_width_and_cuts_no_number(kind, language, width):
    """From 80 columns no line is wider than asked; narrower, a table is too wide rather than wrong."""
    with language_set_to(language):
        shown = view(kind, width=width)
    assert max(map(cell_len, shown.splitlines())) <= max(width, 80)
    if kind == "comparison":
        for report in samples.comparison().profiles:
            assert format_seconds(report.latency_s) in shown
            assert format_seconds(report.latency_high_s) in shown


@BOTH
@EVERY
def test_view_has_no_blanks_at_line_ends_and_ends_with_a_line(kind, language):
    """Text that is compared or committed carries no invisible blanks."""
    with language_set_to(language):
        shown = view(kind)
    assert shown.endswith("\n")
    assert not re.search(r"[ \t]+\n", shown)


@BOTH
def test_every_predicted_number_says_so_on_its_line(language):
    """No line of a profile or a comparison shows a time of the device without the word for its basis."""
    with language_set_to(language):
        word = translate("predicted")
        profile, comparison = view("profile"), view("comparison")
    times = re.compile(r"\d (ns|us|ms|s|min|h)\b")
    lines = [line for line in (profile + comparison).splitlines() if times.search(line)]
    assert len(lines) > 10
    missing = [line for line in lines if word not in line]
    with language_set_to(language):
        label = translate("{basis} latency").format(basis=word)
    assert missing == []
    assert any(label in line for line in lines)


@BOTH
@pytest.mark.parametrize("basis", ["simulated", "measured"])
def test_another_basis_is_named_instead(language, basis):
    """A measured profile is never called predicted, nor the other way round."""
    with language_set_to(language):
        shown = view("profile", samples.profile(basis=basis))
        assert translate(basis) in shown
        assert translate("predicted") not in shown


@BOTH
def test_columns_line_up_with_hangul(language):
    """A cell begins in the same column of the screen as its heading, Hangul counting two."""
    rows = [{**samples.ROWS[0], "name": "합성곱"}, {**samples.ROWS[1], "name": "pooling"}, *samples.ROWS[2:]]
    report = samples.profile(rows=rows)
    with language_set_to(language):
        lines = view("profile", report).splitlines()
        operators, bound = translate("operators"), translate("bound")
    heading = next(line for line in lines if operators in line and bound in line)
    at = cell_len(heading[: heading.index(operators)])
    first = next(line for line in lines if "합성곱" in line)
    assert cell_len(first[: first.index("Conv + Relu")]) == at
    second = next(line for line in lines if "pooling" in line)
    assert cell_len(second[: second.index("MaxPool")]) == at


@BOTH
@EVERY
def test_colour_adds_codes_and_nothing_else(kind, language):
    """A colour page without its colours is the plain page."""
    with language_set_to(language):
        plain, coloured = view(kind), view(kind, colour=True)
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in without.splitlines()] == plain.splitlines()


@EVERY
def test_layout_is_ascii(kind):
    """An English page of a report with ASCII names takes no character that a pipe may lack."""
    with language_set_to("en"):
        assert view(kind).isascii()


@BOTH
@EVERY
def test_korean_code_page_takes_every_character(kind, language):
    """Code page 949 has all that our texts say."""
    with language_set_to(language):
        view(kind).encode("cp949")


def hostile(kind, name):
    """Return a report in which every text that a file decides is `name`."""
    if kind == "profile":
        row = {**samples.ROWS[0], "name": name, "op": name, "group": name}
        reachable = Reachability(status="planned", software=name, version=name, date=name, source=name)
        return samples.profile(
            model=name, device=name, device_name=name, precision=name, model_version=name, rows=[row],
            precision_reachable=reachable, interval_basis=name, excluded=(name,),
            assumptions=(Note(code=name), Note(code="class_default", params={"parameter": name})),
        )  # fmt: skip
    if kind == "fit":
        evidence = samples.BLOCKED.evidence.model_copy(update={"source": name, "version": name, "date": name})
        finding = samples.BLOCKED.model_copy(
            update={"node": name, "op": name, "evidence": evidence, "reason": Note(code=name), "hint": Note(code=name)}
        )
        answer = samples.device_fit("blocked", device=name, device_name=name, findings=(finding,))
        return samples.fit(model=name, precision=name, fits=(answer,))
    profile = hostile("profile", name)
    refusal = samples.REFUSAL.model_copy(
        update={"device": name, "device_name": name, "template": "node {node}", "hint": name, "params": {"node": name}}
    )
    return samples.comparison(model=name, profiles=(profile,), refusals=(refusal,))


@BOTH
@EVERY
@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_name_cannot_leave_its_place(kind, language, case):
    """No name moves the cursor, colours, reverses or fills the screen, in any view or representation."""
    report = hostile(kind, HOSTILE[case])
    with language_set_to(language):
        shown = view(kind, report)
        assert all(line.isprintable() for line in shown.splitlines())
        assert all(line.isprintable() for line in shown.split("\n"))
        assert repr(report).isprintable()
        coloured = view(kind, report, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).replace("\n", "").isprintable()
    assert len(shown.splitlines()) < 400


def test_markup_in_a_name_is_shown_as_it_is():
    """Square brackets and colons are letters of a name, not instructions."""
    row = {**samples.ROWS[0], "name": "[bold]conv[/bold] :smile:"}
    assert "[bold]conv[/bold] :smile:" in view("profile", samples.profile(rows=[row]))


def test_long_name_keeps_its_end():
    """The end of a path tells layers apart, so it is the middle that gives way."""
    row = {**samples.ROWS[0], "name": "/model" + "/block" * 40 + "/conv17"}
    shown = view("profile", samples.profile(rows=[row]), width=140)
    assert "..." in shown
    assert "/conv17" in shown


def test_shares_add_up_to_the_whole():
    """The rows of what bounds the time make one hundred percent."""
    with language_set_to("en"):
        lines = view("profile").split("What bounds the predicted time\n")[1].split("\n\n")[0].splitlines()[2:]
    shares = [float(re.search(r"([\d.]+) %", line)[1]) for line in lines]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))


def test_slowest_layers_come_first_and_no_more_than_asked():
    """`layers` says how many rows there are; none leaves the table out."""
    with language_set_to("en"):
        two = view("profile", layers=2)
        none = view("profile", layers=0)
    assert two.index("conv1") < two.index("pool")
    assert "fc " not in two
    assert "conv1" not in none


def test_profile_without_layers_is_shown():
    """A network of nothing but views has a profile that is all overhead."""
    report = samples.profile(rows=[], layers=LayerTable.from_rows([]))
    with language_set_to("en"):
        assert "100.0 %" not in view("profile", report)
        assert "call of the runtime" in view("profile", report)


def test_rows_that_cannot_be_told_apart_are_marked_and_named():
    """The mark stands where intervals overlap that of the fastest, and a sentence says what it means."""
    with language_set_to("en"):
        shown = view("comparison")
    assert re.search(r"^  ~  ATOM-Max", shown, re.MULTILINE)
    assert not re.search(r"^  ~  (RNGD|H100)", shown, re.MULTILINE)
    assert "not separable from RNGD, intervals overlap: ATOM-Max" in shown
    assert "slower than RNGD, intervals do not overlap: H100 SXM" in shown


def test_comparison_of_one_claims_no_order():
    """A single profile is neither faster nor slower than anything."""
    report = samples.comparison(profiles=(samples.profile(),), refusals=())
    with language_set_to("en"):
        shown = view("comparison", report)
    assert "separable" not in shown
    assert "slower" not in shown


def test_comparison_without_profiles_gives_the_reasons():
    """Where every device refuses, the refusals are all there is."""
    report = samples.comparison(profiles=())
    with language_set_to("ko"):
        shown = view("comparison", report)
    assert "장치에 없는 수치 정밀도: bf16. 있는 것: int8" in shown
    assert "다음 수치 정밀도 중에서 고르세요: int8." in shown


def test_undocumented_precision_is_said_in_a_comparison():
    """A precision that no public software is known to reach does not pass in silence."""
    reachable = Reachability(status="undocumented")
    report = samples.comparison(profiles=(samples.profile(precision_reachable=reachable),))
    with language_set_to("en"):
        assert "bf16, not documented in public software: RNGD" in view("comparison", report)


@BOTH
def test_fit_gives_reason_hint_and_evidence(language):
    """What stands in the way is told with its way out, its source, version and date."""
    with language_set_to(language):
        shown = view("fit")
    for part in ("https://furiosa-ai.github.io/docs/operators", "0.10.4", "2023-08-01", "Resize", "resize"):
        assert part in shown
    assert (
        "먼저 모델을 int8 형식으로 양자화(QDQ)하세요." if language == "ko" else "Quantise the model to int8"
    ) in shown


def test_worst_finding_comes_first():
    """What blocks a model is not hidden behind what runs, whatever the order of the findings."""
    findings = (samples.RUNS, samples.FALLS_BACK, samples.BLOCKED)
    report = samples.fit(fits=(samples.device_fit("blocked", findings=findings),))
    with language_set_to("en"):
        shown = view("fit", report)
    at = [shown.index(text) for text in ("- the device multiplies", "- falls back: Resize", "- runs: Conv")]
    assert at == sorted(at)


def test_devices_share_a_paragraph_only_when_they_share_their_findings():
    """The same findings are told once for all devices that have them; others stand apart."""
    other = samples.RUNS.model_copy(update={"node": "another"})
    fits = (
        samples.device_fit("runs", device_name="A"),
        samples.device_fit("runs", device_name="B", findings=(other,)),
        samples.device_fit("runs", device_name="C"),
    )
    with language_set_to("en"):
        shown = view("fit", samples.fit(fits=fits))
    assert "runs: A (vendor-runs), C (vendor-runs)\n" in shown
    assert "runs: B (vendor-runs)\n" in shown
    assert shown.count("first conv1") == 1


def test_fit_of_one_device_shows_what_runs_too():
    """Asked about one device, the evidence for what runs is worth a line."""
    report = samples.fit(fits=(samples.device_fit("runs"),))
    with language_set_to("en"):
        shown = view("fit", report)
    assert "Conv, nodes: 53, first conv1: the vendor lists it as accelerated" in shown


def test_fit_says_how_many_findings_it_leaves_out():
    """A device among several shows three findings and counts the rest."""
    findings = tuple(samples.FALLS_BACK.model_copy(update={"node": f"node{index}"}) for index in range(9))
    report = samples.fit(fits=(samples.device_fit("falls_back", findings=findings), samples.device_fit("runs")))
    with language_set_to("en"):
        shown = view("fit", report)
    assert shown.count("Resize, node") == 3
    assert "and 6 more" in shown


def test_notes_that_name_parameters_are_merged():
    """Parameters that share a reason share a line; every other note keeps its own."""
    notes = (
        Note(code="class_default", params={"parameter": "a"}),
        Note(code="model_is_quantized", params={"precision": "int8"}),
        Note(code="class_default", params={"parameter": "b"}),
        Note(code="from a newer version", params={"parameter": "c"}),
    )
    merged = list(merge_parameters(notes))
    assert Note(code="class_default", params={"parameter": "a, b"}) in merged
    assert len(merged) == 3


def test_unknown_medium_is_a_key_error():
    """A type has the views that the table names, and no others."""
    with pytest.raises(KeyError):
        show(samples.profile(), "smoke")
