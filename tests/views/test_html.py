"""The HTML views: a card that JupyterLab leaves standing, in which no name becomes more than text."""

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npusdk
from npusdk.catalogue import DeviceList, filter_devices, find_device
from npusdk.display import PROFILE_MIME, VIEWS, find_view, mimebundle, show
from npusdk.language import language_set_to, plain, translate
from npusdk.pipeline import compile as compile_model
from npusdk.pipeline import load
from npusdk.report import CellReport, LayerTable, Manifest, ManifestItem, ProfileReport
from npusdk.values import Sourced
from tests.report.test_profile import profiles
from tests.views import samples
from tests.views.corpus import HOSTILE
from tests.views.markup import Markup, read_restricted
from tests.views.test_text import hostile

DIGITS = Path(__file__).parents[2] / "tutorials" / "models" / "digits.onnx"
BOTH = pytest.mark.parametrize("language", ["en", "ko"])


def device(name):
    figure = Sourced(value=name, source=name, kind="vendor", note=name)
    return find_device("rngd").model_copy(
        update={"id": name, "name": name, "vendor": name, "aliases": (name,), "specs": {name: figure}}
    )


def cell(name):
    report = samples.profile() if name == "x" else hostile("profile", name)
    return CellReport(
        device=name, device_name=name, precision=name, elapsed_here_s=0.9, operations=3, in_bytes=24 * 2**20,
        out_bytes=4096, narrowed=(name, name), loss=0.004, profile=report,
    )  # fmt: skip


def manifest(name):
    item = ManifestItem(name=name, kind="array", dtype=name, shape=(2, 3), size_bytes=24)
    return Manifest(items=(item, item), writes=(name,))


NAMED = {
    "profile": lambda name: hostile("profile", name),
    "fit": lambda name: hostile("fit", name),
    "comparison": lambda name: hostile("comparison", name),
    "device": device,
    "devices": lambda name: DeviceList([device(name), device(name)]),
    "cell": cell,
    "manifest": manifest,
    "listing": lambda name: hostile("profile", name).layers_table(),
    "layers": lambda name: hostile("profile", name).layers,
    "roofline": lambda name: hostile("profile", name).roofline(),
    "timeline": lambda name: hostile("profile", name).timeline(),
    "memory": lambda name: hostile("profile", name).memory(),
    "latency": lambda name: hostile("comparison", name).latency(),
    "crossing": lambda name: hostile("crossing", name),
    "serving": samples.serving,
    "frontier": lambda name: hostile("crossing", name).frontier(),
}
MEDIA = [
    (kind, medium)
    for kind, make in NAMED.items()
    for medium in ("html", "page")
    if (type(make("x")).__name__, medium) in VIEWS
]


def body_of(shown):
    return shown.split("<main>")[-1].split("</main>")[0]


@cache
def harmless_skeleton(kind, medium):
    return Markup(body_of(show(NAMED[kind]("x"), medium))).skeleton


@pytest.mark.parametrize("case", sorted(HOSTILE))
@pytest.mark.parametrize(("kind", "medium"), MEDIA)
def test_name_is_never_more_than_text(kind, medium, case):
    """Whatever a name holds, the elements, attributes and styles around it are those of a harmless name."""
    shown = show(NAMED[kind](HOSTILE[case]), medium)
    markup = read_restricted(body_of(shown))
    if HOSTILE[case].strip():
        assert markup.skeleton == harmless_skeleton(kind, medium)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert len(shown) < 120_000


def test_text_of_a_name_is_shown_as_it_is():
    """Markup in a name is there to be read, letter by letter."""
    name = "<b>\"conv\" & 'more'</b>"
    row = {**samples.ROWS[0], "name": name}
    assert name in read_restricted(show(samples.profile(rows=[row]), "html")).text


@BOTH
@pytest.mark.parametrize("kind", ["profile", "fit", "comparison"])
def test_page_stands_alone(kind, language):
    """A saved page names its language and title, has one first heading, and fetches and runs nothing."""
    with language_set_to(language):
        page = show(getattr(samples, kind)(), "page")
    markup = Markup(page.removeprefix("<!doctype html>\n"))
    tags = [tag for tag, _attrs in markup.elements]
    assert page.startswith("<!doctype html>\n")
    assert markup.elements[0] == ("html", {"lang": language})
    assert re.search(r"<title>small net[^<]+</title>", page)
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in markup.elements
    assert tags.count("h1") == tags.count("main") == 1
    assert tags.index("h1") < min((index for index, tag in enumerate(tags) if tag == "h2"), default=len(tags))
    assert "prefers-color-scheme:dark" in page
    assert not {"script", "link", "a", "iframe", "object"} & set(tags)
    policy = next(attrs["content"] for _tag, attrs in markup.elements if "http-equiv" in attrs)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert all("://" not in value for _tag, attrs in markup.elements for value in attrs.values() if value)


@BOTH
@pytest.mark.parametrize("kind", ["profile", "comparison", "listing", "cell", "roofline", "timeline", "memory"])
@pytest.mark.parametrize("basis", ["predicted", "measured"])
def test_basis_is_named_in_every_view_and_picture(kind, language, basis):
    """Each view and each picture in it says what its numbers are, and says nothing else."""
    report = samples.profile(basis=basis)
    values = {
        "profile": lambda: report,
        "comparison": lambda: samples.comparison(profiles=(report,)),
        "listing": report.layers_table,
        "cell": lambda: cell("x").model_copy(update={"profile": report}),
        "roofline": report.roofline,
        "timeline": report.timeline,
        "memory": report.memory,
    }
    with language_set_to(language):
        markup = read_restricted(show(values[kind](), "html"))
        word, other = translate(basis), translate({"predicted": "measured", "measured": "predicted"}[basis])
    pictures = ["".join(picture.itertext()) for picture in markup.pictures()]
    alts = [attrs["alt"] for _tag, attrs in markup.elements if "alt" in attrs]
    texts = [*pictures, *alts, *([markup.text] if markup.text.strip() else [])]
    assert texts
    assert all(word in text for text in texts)
    if language == "en":
        assert not any(other in text.replace("no published measurement", "") for text in texts)


@BOTH
def test_card_has_a_ground_a_colour_and_a_language_of_its_own(language):
    """A theme that the card cannot see changes nothing in it."""
    with language_set_to(language):
        tag, attrs = Markup(show(samples.fit(), "html")).elements[0]
    assert (tag, attrs["lang"]) == ("div", language)
    assert "background-color:#ffffff;color:#1b2430" in attrs["style"]
    rows = [attrs for tag, attrs in Markup(show(samples.fit(), "html")).elements if tag == "tr"]
    assert rows
    assert all("background-color:#ffffff" in attrs["style"] for attrs in rows)


def test_tables_say_what_their_cells_are():
    """Every heading of a column or a row says which it is, and tables of reports have captions."""
    markup = Markup(show(samples.profile(), "html"))
    scopes = [attrs.get("scope") for tag, attrs in markup.elements if tag == "th"]
    assert set(scopes) == {"row", "col"}
    assert "caption" in [tag for tag, _attrs in markup.elements]


def test_every_picture_has_words_for_who_cannot_see_it():
    """The alternative text has the slowest layer, what bounds it and the peak of the memory."""
    with language_set_to("en"):
        markup = Markup(show(samples.profile(), "html"))
    alts = [attrs["alt"] for tag, attrs in markup.elements if tag == "img"]
    assert len(alts) == 3
    assert "conv1 12.5 us (compute)" in alts[0]
    assert "call of the runtime 30.0 us (50.0 %)" in alts[1]
    assert "peak 6.20 MiB" in alts[2]


def test_network_of_many_layers_is_bounded():
    """Thousands of layers make no card of thousands of rows, and pictures that a notebook can hold."""
    rows = [{**samples.ROWS[index % 4], "name": f"layer {index}"} for index in range(5000)]
    report = samples.profile(rows=rows)
    assert len(show(report, "html")) < 250_000
    assert len(show(report.layers_table(), "html")) < 1_000_000
    assert len(str(report.layers_table()).splitlines()) < 1600


@given(profiles(), st.sampled_from(["en", "ko"]))
def test_every_profile_that_keeps_the_laws_can_be_shown(report, language):
    """There is no profile, however odd its numbers, whose card or pictures fail or break a rule."""
    with language_set_to(language):
        read_restricted(show(report, "html"))


def test_every_row_of_the_table_of_views_is_a_function():
    """The table names functions that are there."""
    for kind, medium in VIEWS:
        value = type(kind, (), {})()
        assert callable(find_view(value, medium))


def test_public_types_show_themselves():
    """Text for all, HTML for what is worth looking at, and a profile as data that reads back equal."""
    model = load(DIGITS)
    report = npusdk.profile(model, "rngd")
    for value in (report, npusdk.check(model), npusdk.compare(model, ["rngd", "t4"]), model, find_device("t4"),
                  compile_model(model, "rngd"), filter_devices(), report.layers, report.layers_table(),
                  report.roofline(), cell("x"), manifest("x"), npusdk.LLM("qwen3-0.6b"), samples.serving(),
                  npusdk.LLM("qwen3-0.6b").decode(context=8), samples.crossing()):  # fmt: skip
        bundle = value._repr_mimebundle_()
        assert bundle["text/plain"].strip()
        read_restricted(bundle["text/html"])
        assert (PROFILE_MIME in bundle) == isinstance(value, ProfileReport)
    bundle = mimebundle(report)
    assert ProfileReport.model_validate(bundle[PROFILE_MIME]) == report
    assert npusdk.local()._repr_mimebundle_() == {"text/plain": repr(npusdk.local())}


def test_model_and_program_say_what_they_take():
    """Names, types and shapes of inputs and outputs, and how many operators there are."""
    model = load(DIGITS)
    with language_set_to("en"):
        shown = Markup(show(model, "html")).text, Markup(show(compile_model(model, "rngd"), "html")).text
    for text in shown:
        assert model.inputs[0].name in text
        assert " x ".join(map(str, model.outputs[0].shape)) in text
    assert f"{model.parameters:,}" in shown[0]
    assert "furiosa-rngd" in shown[1]


def test_language_model_and_its_pass_say_what_they_are():
    """Parameters, layers, memory of a token; layers, sequences, work and share of a pass."""
    model = npusdk.LLM("llama-3-8b", weights="int4")
    made = model.prefill(tokens=16, batch=3, parallel=npusdk.Parallel(tp=2))
    with language_set_to("en"):
        shown, one = (Markup(show(value, "html")).text for value in (model, made))
    for words in ("8,030,261,248", "32 of width 4096", "32, for keys and values 8", "128 KiB a token", "(int4)"):
        assert words in shown
    for words in ("llama-3-8b, prefill of 16 tokens", "1 of 2", "3 x 16", f"{made.parameters:,}"):
        assert words in one


def test_page_of_a_profile_has_what_its_card_has():
    """A saved page says the same, on a light and on a dark ground."""
    report = samples.profile()
    card, page = Markup(show(report, "html")), Markup(show(report, "page").removeprefix("<!doctype html>\n"))
    assert "".join(card.text.split()) in "".join(page.text.split())
    assert len(page.pictures()) == 2 * len(card.pictures())


def test_layers_without_a_report_say_where_their_basis_stands():
    """A bare table of layers claims neither that it was predicted nor that it was measured."""
    with language_set_to("en"):
        shown = Markup(show(samples.profile().layers, "html")).text
    assert "Whether these numbers are predicted, simulated or measured" in shown
    assert "Layers: 0" in show(LayerTable.from_rows([]), "text")


def test_long_name_is_cut_in_its_middle_also_in_html():
    """What tells layers apart, their end, stays."""
    row = {**samples.ROWS[0], "name": "/model" + "/block" * 40 + "/conv17"}
    text = Markup(show(samples.profile(rows=[row]), "html")).text
    assert plain(row["name"], 60) in text
    assert row["name"] not in text
