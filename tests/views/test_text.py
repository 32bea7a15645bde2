"""The text views: what stands on which line, in how many columns, in both languages."""

import re
from dataclasses import fields

import pytest
from rich.cells import cell_len

from npusdk.catalogue import CostParameters
from npusdk.display import show
from npusdk.language import language_set_to, translate
from npusdk.report import TERMS, LayerTable, Note, Reachability
from npusdk.units import format_seconds
from npusdk.views import text
from npusdk.views.text.assumptions import FAMILIES
from tests.views import samples
from tests.views.corpus import HOSTILE

REPORTS = {
    "profile": samples.profile, "grounded": samples.grounded, "fit": samples.fit, "comparison": samples.comparison,
    "crossing": samples.crossing, "serving": samples.serving,
}  # fmt: skip
KINDS = {"grounded": "profile", "crossing": "comparison"}
BOTH = pytest.mark.parametrize("language", ["en", "ko"])
EVERY = pytest.mark.parametrize("kind", sorted(REPORTS))


def view(kind, report=None, **options):
    return getattr(text, KINDS.get(kind, kind))(report or REPORTS[kind](), **options)


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
    if kind == "serving":
        return samples.serving(name)
    if kind in ("profile", "grounded"):
        note = Note(code=name, params={name: name, "gain": 0.3})
        row = {
            **samples.ROWS[0], "name": name, "op": name, "group": name, "repeats": 80, "explanation": note,
            "terms": dict.fromkeys(TERMS.values(), 1e-6),
        }  # fmt: skip
        reachable = Reachability(status="planned", software=name, version=name, date=name, source=name)
        return samples.grounded(
            name, energy_basis=name, power_boundary=name, model=name, device=name, device_name=name, precision=name,
            model_version=name, rows=[row],
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
    if kind == "crossing":
        others = (profile.model_copy(update={"batch": 16, "stack": f"y{name}", "power_boundary": f"y{name}"}), profile)
        refusal = refusal.model_copy(update={"precision": name})
        return samples.crossing(model=name, profiles=(profile, *others), refusals=(refusal,))
    return samples.comparison(model=name, batch=8, profiles=(profile,), refusals=(refusal,))


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


def parameters_of(*names, code="class_default"):
    """Return a note for each parameter."""
    return tuple(Note(code=code, params={"parameter": name}) for name in names)


def taken_for_granted(report):
    with language_set_to("en"):
        return view("profile", report).split("Taken for granted\n")[1].splitlines()


def test_parameters_that_are_assumed_take_a_line_for_each_family():
    """Twenty parameters are a few lines, weakest first; a note that says more keeps a line of its own."""
    notes = (
        *parameters_of("lanes", "eta_compute"), *parameters_of("units", code="assumed_parameter"),
        *parameters_of("eta_memory", "a_parameter_of_the_future"),
        Note(code="model_is_quantized", params={"precision": "int8"}),
    )  # fmt: skip
    assert [line.strip() for line in taken_for_granted(samples.profile(assumptions=notes))] == [
        "- the model is taken as quantised to int8; it is not, as it stands",
        "matrix and vector units      assumed: units; default of its class: lanes, eta_compute",
        "on-chip and off-chip memory  default of its class: eta_memory",
        "other parameters             default of its class: a_parameter_of_the_future",
    ]


def test_parameters_that_nothing_rests_on_are_left_out():
    """Power figures stand there where energy is predicted, those of a link where several devices share the work."""
    notes = parameters_of("tdp_w", "link_latency_s", "lanes")
    assert "tdp_w" not in str(samples.profile(assumptions=notes))
    assert "link_latency_s" not in str(samples.profile(assumptions=notes))
    shown = str(samples.grounded(assumptions=notes))
    assert "tdp_w" in shown
    assert "link_latency_s" in shown


def test_every_parameter_of_the_cost_model_has_a_family():
    """A parameter that somebody adds to the cost model is not left among the others."""
    own = {field.name for field in fields(CostParameters)} - {"device", "dtype", "assumptions"}
    assert {name for names in FAMILIES.values() for name in names} == own


def test_unknown_medium_is_a_key_error():
    """A type has the views that the table names, and no others."""
    with pytest.raises(KeyError):
        show(samples.profile(), "smoke")


def lines_of(report, language="en"):
    with language_set_to(language):
        return view("profile" if hasattr(report, "layers") else "comparison", report).splitlines()


def test_answer_stands_in_the_first_ten_lines():
    """Latency and interval, class and its meaning, provenance, software, throughput and bound come first."""
    first = " ".join(" ".join(lines_of(samples.grounded("chip"))[:11]).split())
    for words in (
        "60.0 us, between 30.0 us and 120 us", "calibrated on one to three networks of this chip",
        "calibrated on networks: 3, measurements: 17", "chip: calibrated, networks: 2", "tp=2, replicas=3",
        "16,700 samples/s, between 8,330 and 33,300",
    ):  # fmt: skip
        assert words in first


@pytest.mark.parametrize(
    ("validity", "meaning"),
    [("A", "calibrated on four or more"), ("B", "calibrated on one to"), ("C", "not calibrated")],
)
def test_validity_class_is_shown_with_its_meaning(validity, meaning):
    """Nobody has to know what a letter stands for."""
    shown = " ".join(str(samples.grounded(validity=validity)).split())
    assert f"validity class {validity} {meaning}" in shown


def test_parameters_that_are_not_calibrated_are_called_so():
    """A prior is never taken for a measurement."""
    grounds = samples.grounded("chip").provenance.model_copy(update={"calibrated": False, "stack_units": 0})
    shown = " ".join(str(samples.grounded("chip", provenance=grounds)).split())
    assert "chip: default of its class, not calibrated (42.0 % of the matrix peak, 2.50 us a step)" in shown
    assert "chip: no measurement, no factor" in shown
    nameless = grounds.model_copy(update={"chip": ""})
    assert "RNGD: default of its class, not calibrated" in " ".join(str(samples.grounded(provenance=nameless)).split())


def test_energy_is_shown_with_its_interval_and_what_it_covers():
    """Joules and watts say how sure they are, and whether they are those of a chip or of a system."""
    shown = " ".join(str(samples.grounded()).split())
    assert "9.00 mJ a call, between 4.50 mJ and 13.5 mJ; nothing is known but idle power and TDP" in shown
    assert "150 W, 180 W when calls follow each other, of the card" in shown
    assert "250 KRW for a million samples; small net" in shown


def test_slow_layer_says_what_decides_and_what_would_change_it():
    """Bound, how far the next term is, the way out and what it saves; layers with one reason share a line."""
    shown = " ".join(str(samples.grounded()).split())
    assert "conv1: compute, 4.00 times memory; the matrix units are the limit" in shown
    assert "(half of that term: -31.0 %)" in shown
    assert "x 80" in shown
    rows = [{**samples.ROWS[0], "name": f"conv{i}", "explanation": Note(code="change_nothing")} for i in range(4)]
    assert "conv0 and 3 more: compute; it takes no time" in str(samples.profile(rows=rows, macs=4 * rows[0]["macs"]))


def test_term_that_is_largest_and_not_the_bound_is_told():
    """A step that its launch bounds says which of its terms comes first."""
    terms = {**dict.fromkeys(TERMS.values(), 1e-6), "memory_s": 3e-6}
    rows = [{**samples.ROWS[3], "terms": terms, "explanation": Note(code="change_fewer_operators")}]
    assert "overhead; its largest term is memory, 3.00 times" in str(samples.profile(rows=rows, macs=0))


def test_advice_has_action_gain_certainty_and_cause():
    """What to do, what it gives, whether that is sure, and why."""
    shown = " ".join(str(samples.grounded("x")).split())
    assert (
        "[1] Choose one of the precisions x. predicted throughput 1.60 times as high (48.0 us, not separable" in shown
    )


def test_sensitive_parameter_is_shown_with_what_it_moves():
    """Parameter, kind, value and both latencies."""
    shown = " ".join(str(samples.grounded("x")).split())
    assert "x assumed 0.800 1.25 54.0 us 72.0 us 20.0 %" in shown


def test_columns_of_a_comparison_are_those_that_differ():
    """Batch, devices and software have a column where they differ, and none where they do not."""
    shown = lines_of(samples.crossing())
    assert "batch" in shown[1]
    assert "devices" not in shown[1]
    assert "batch" not in lines_of(samples.comparison())[1]


def test_figures_that_cover_different_things_are_not_ranked():
    """Energies of a chip and of a card stand in the table; the page says that they are not ranked."""
    report = samples.crossing()
    profiles = [
        one.model_copy(update={"energy_j": 0.1 * (index + 1), "power_boundary": "chip" if index % 2 else "card"})
        for index, one in enumerate(report.profiles)
    ]
    shown = str(report.model_copy(update={"profiles": tuple(profiles)}))
    assert "energy is not ranked, it covers different things: of the card, of the chip alone" in shown
    assert "throughput against energy" not in shown
    alike = tuple(one.model_copy(update={"power_boundary": "card"}) for one in profiles)
    assert "throughput against energy" in str(report.model_copy(update={"profiles": alike}))


@pytest.mark.parametrize("validity", ["A", "B", "C"])
def test_samples_for_each_joule_are_no_ground_for_a_choice_in_class_c(validity):
    """A Pareto set of throughput and energy holds calibrated chips alone; without any there is none."""
    profiles = tuple(samples.grounded("small net", scale=scale, validity=validity) for scale in (1.0, 2.0, 3.0))
    shown = str(samples.crossing(profiles=profiles))
    assert ("throughput against energy" in shown) == (validity != "C")
    assert ("or on samples for each joule, in class C: all devices" in " ".join(shown.split())) == (validity == "C")


@pytest.mark.parametrize(("validity", "scale"), [("A", 100.0), ("A", 1.1), ("C", 100.0), ("C", 1.1)])
def test_pareto_set_says_who_is_not_separable_and_what_is_guessed(validity, scale):
    """Below each set, and in its picture, stands who overlaps with it and who in it is of class C; else nothing."""
    profiles = tuple(
        samples.profile(device=name, device_name=name.upper(), scale=size, validity=validity)
        for name, size in (("a", 1.0), ("b", scale), ("c", 100.0))
    )
    report = samples.comparison(profiles=profiles)
    for said in (str(report), report.frontier().text, report.frontier().alt):
        shown = " ".join(said.split())
        assert ("not separable from the Pareto set, intervals overlap: B" in shown) == (scale == 1.1)
        assert ("class C in the Pareto set: A" in shown) == (validity == "C")


def test_groups_that_cannot_be_told_apart_are_named():
    """Every group of overlapping intervals names its shortest."""
    shown = " ".join(str(samples.crossing()).split())
    assert "~ not separable from RNGD bf16 batch 1, intervals overlap: RNGD int8 batch 1" in shown
    assert "not separable from RNGD bf16 batch 8 either" in shown


def test_serving_says_first_token_steps_rate_and_memory():
    """Each with its interval, the batch with what decided it."""
    shown = " ".join(str(samples.serving()).split())
    for words in (
        "predicted first token (TTFT) 15.0 ms, between 7.50 ms and 30.0 ms", "predicted next token (TPOT) 20.0 ms",
        "largest batch 690", "room for 400,000 tokens", "16 on each replica, as asked", "4 devices (tp=2, replicas=2)",
        "600 mJ a token", "between 300 mJ and 900 mJ; nothing is known but idle power", "250 KRW for a million tokens",
        "calibrated on networks: 3", "not calibrated on this chip",
    ):  # fmt: skip
        assert words in shown
