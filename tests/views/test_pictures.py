"""The pictures: deterministic SVG whose geometry says what the numbers say."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.errors import ConfigError
from npusdk.language import language_set_to, translate
from npusdk.report import BOUNDS, LayerTable, ProfileReport
from npusdk.units import format_bytes, format_seconds
from npusdk.views.palette import DARK, LIGHT
from npusdk.views.pictures.axes import DECADES, Scale, linear_ticks, log_scale, log_ticks, time_unit, trim
from npusdk.views.pictures.marks import SHAPES
from npusdk.views.pictures.roofline import points_of
from npusdk.views.pictures.svg import blocks, shorten, text_box, width_of
from npusdk.views.pictures.timeline import CALL, TRANSFER, lanes_of
from tests.report.test_profile import ALIVE, alive_rows, profiles
from tests.views import samples
from tests.views.corpus import HOSTILE
from tests.views.markup import SVG, check_picture, read_picture, texts_of

BOTH = pytest.mark.parametrize("language", ["en", "ko"])
OF_PROFILE, OF_COMPARISON = ("roofline", "timeline", "memory"), ("latency", "throughput", "frontier")
POSITIVE = st.floats(min_value=1e-14, max_value=1e19)


def pictures(report=None, comparison=None):
    report = report or samples.profile(rows=alive_rows(*ALIVE))
    drawn = [getattr(report, name)() for name in OF_PROFILE]
    return drawn + [getattr(comparison or samples.comparison(), name)() for name in OF_COMPARISON]


@BOTH
def test_pictures_are_equal_each_time(language):
    """The same report gives the same bytes, in each language."""
    with language_set_to(language):
        assert pictures() == pictures()


@BOTH
def test_pictures_keep_every_text_apart_and_inside(language):
    """No text lies on another or leaves its picture, in the light and in the dark one."""
    with language_set_to(language):
        drawn = pictures()
    for picture in drawn:
        assert picture.language == language
        for svg in (picture.svg, picture.svg_dark):
            root = read_picture(svg)
            check_picture(root)
            assert root.get("lang") == language
            assert root.get("role") == "img"
            assert root.find(f"{SVG}title").text
            assert root.find(f"{SVG}desc").text == picture.alt


def test_light_and_dark_differ_in_their_colours_alone():
    """The dark picture is the light one in other colours."""
    for picture in pictures():
        light, dark = (re.sub(r"#[0-9a-f]{6}", "#", svg) for svg in (picture.svg, picture.svg_dark))
        assert light == dark
        assert f'fill="{LIGHT.card}"' in picture.svg
        assert f'fill="{DARK.card}"' in picture.svg_dark


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_hostile_name_stays_a_short_text(case):
    """A name is cut to its room, whatever letters it has."""
    rows = [{**row, "name": HOSTILE[case]} for row in samples.ROWS]
    one = samples.profile(rows=rows, model=HOSTILE[case], device_name=HOSTILE[case], precision=HOSTILE[case])
    for picture in pictures(one, samples.comparison(model=HOSTILE[case], profiles=(one, one))):
        check_picture(read_picture(picture.svg))
        assert len(picture.svg) < 15_000


def test_korean_pictures_have_korean_words():
    """Titles, axes and legends are in the reader's language."""
    with language_set_to("ko"):
        shown = ["".join(texts_of(picture.svg)) for picture in pictures()]
    for text, expected in zip(shown, ("루프라인", "런타임 호출", "가중치", "지연 시간", "초당", "파레토"), strict=True):
        assert expected in text
        assert "예측값" in text


def test_saved_picture_is_the_drawing(tmp_path):
    """A picture goes into a file as SVG or as a page; nothing else is promised."""
    picture = samples.profile().roofline()
    assert picture.save(tmp_path / "roof.svg").read_text(encoding="utf-8") == picture.svg
    page = picture.save(tmp_path / "지붕.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    with pytest.raises(ConfigError, match=r"\.svg"):
        picture.save(tmp_path / "roof.png")
    assert len(list(tmp_path.iterdir())) == 2


def test_picture_as_text_has_its_figures():
    """Where no picture can be shown, its numbers can, each with its basis."""
    with language_set_to("en"):
        roofline, timeline, memory, latency, throughput, frontier = map(str, pictures())
    assert re.search(r"conv1 .*18\.9 T .*predicted +12\.5 us +compute", roofline)
    assert re.search(r"call of the runtime +predicted +30\.0 us +50\.0 % +#+\.+", timeline)
    assert re.search(r"pool +predicted +2\.38 MiB +6\.20 MiB", memory)
    assert re.search(r"~ +ATOM-Max +bf16 +predicted +90\.0 us", latency)
    assert "16,700" in throughput
    assert re.search(r"1 +RNGD +predicted +60\.0 us +16,700 +C", frontier)
    assert repr(samples.profile().roofline()) == "Picture(roofline: Roofline, predicted)"


# Rooflines


def test_points_are_what_the_layers_do():
    """Operations are two for a multiply-accumulate, over bytes and over seconds; the slowest layer is first."""
    first, second = points_of(samples.profile())
    assert (first.name, second.name) == ("conv1", "fc")
    assert first.intensity == pytest.approx(2 * 118_013_952 / 2.0e6)
    assert first.ops_per_s == pytest.approx(2 * 118_013_952 / 12.5e-6)


@pytest.mark.parametrize(("share", "intensity"), [(1.0, 1000.0), (0.5, 256e12 / 1.5e12 / 2), (0.01, 5.0)])
def test_layer_lies_where_its_numbers_say(share, intensity):
    """A layer at the peak touches the flat roof, one at the bandwidth the slope, any other lies below."""
    ops = share * 256e12 * 1e-3
    row = {**samples.ROWS[0], "time_s": 1e-3, "macs": round(ops / 2), "traffic_bytes": ops / intensity}
    root = read_picture(samples.profile(rows=[row], bound="compute").roofline().svg)
    flat, slope = [line for line in root.iter(f"{SVG}line") if line.get("stroke-width") == "2"]
    mark = next(circle for circle in root.iter(f"{SVG}circle") if float(circle.get("r")) > 5)
    x, y = float(mark.get("cx")), float(mark.get("cy"))
    left, bottom, right, top = (float(slope.get(name)) for name in ("x1", "y1", "x2", "y2"))
    roof = min(max(bottom + (top - bottom) * (x - left) / (right - left), float(flat.get("y1"))), bottom)
    touches = share in (1.0, 0.5)
    assert (abs(y - roof) < 0.1) == touches
    assert y >= roof - 0.1


def test_bandwidth_that_is_not_known_leaves_a_flat_roof():
    """Without a bandwidth there is a peak, and no ridge."""
    with language_set_to("en"):
        texts = texts_of(samples.profile(memory_bandwidth_bytes_per_s=None).roofline().svg)
    assert any("peak 256 TOP/s" in text for text in texts)
    assert not any("ridge" in text for text in texts)


def test_layers_without_traffic_stand_at_the_edge_and_are_counted():
    """What moves nothing off the chip has no intensity, and the picture says so."""
    rows = [{**row, "traffic_bytes": 0.0} for row in samples.ROWS]
    with language_set_to("en"):
        picture = samples.profile(rows=rows).roofline()
    assert "no off-chip traffic, at the right edge: 2" in "".join(texts_of(picture.svg))


def test_roofline_without_a_multiplication_says_so():
    """A network of views and sums has no point to draw."""
    with language_set_to("en"):
        picture = samples.profile(rows=[samples.ROWS[1]]).roofline()
    assert "no layer multiplies" in "".join(texts_of(picture.svg))


def test_every_bound_has_a_colour_and_a_shape_of_its_own():
    """Colour is never alone: marks of different bounds have different corners."""
    assert set(SHAPES) | {"compute"} == set(LIGHT.bounds) == set(DARK.bounds) == set(BOUNDS)
    assert len({shape(0, 0, 10) for shape in SHAPES.values()}) == len(SHAPES)
    assert len(set(LIGHT.bounds.values())) == len(LIGHT.bounds)


# Timelines


@given(profiles())
def test_lanes_share_the_whole_latency(report):
    """Every second of a call is in one lane, and none in two."""
    lanes = lanes_of(report)
    spans = sorted(span for lane in lanes for span in lane.spans)
    assert math.fsum(lane.time_s for lane in lanes) == pytest.approx(report.latency_s, rel=1e-6, abs=1e-12)
    for (_start, end), (start, _end) in pairwise(spans):
        assert start >= end - 1e-9 * report.latency_s


def test_call_and_link_come_before_the_layers():
    """The runtime's call is first, then the host link, then the layers in their order."""
    lanes = {lane.code: lane.spans for lane in lanes_of(samples.profile())}
    assert lanes[CALL] == [(0.0, samples.CALL_S)]
    assert lanes[TRANSFER] == [(samples.CALL_S, samples.CALL_S + samples.HOST_S)]
    assert lanes["compute"][0][0] == pytest.approx(samples.CALL_S + samples.HOST_S)


def test_timeline_of_no_time_is_drawn():
    """Layers that take no time have their names inside the picture all the same."""
    rows = [{**row, "name": "a" * 11, "time_s": 0.0, "traffic_bytes": 0.0} for row in samples.ROWS]
    report = samples.profile(rows=rows, call_s=0.0, host_s=0.0, latency_s=0.0, latency_low_s=0.0, latency_high_s=0.0)
    check_picture(read_picture(report.timeline().svg))


def test_blocks_that_touch_are_drawn_as_one():
    """Thousands of layers become as many blocks as can be seen, and no more than the width."""
    spans = [(index * 0.1, (index + 1) * 0.1) for index in range(4000)]
    assert blocks(spans, 0, 10).count("M") == 1
    assert blocks([(0, 10), (10, 20)], 0, 10).count("M") == 2
    assert blocks([(0, 0.0), (50, 50.0)], 0, 10) == "M0 0h0.6v10h-0.6zM50 0h0.6v10h-0.6z"


# Memory


def test_memory_marks_the_layer_of_the_peak():
    """The layer at which most is alive is named with the peak."""
    texts = texts_of(samples.profile(rows=alive_rows(*ALIVE)).memory().svg)
    assert f"pool, {trim(format_bytes(6_500_000))}" in texts


def test_memory_is_as_high_as_its_bytes():
    """The step of a layer stands on the weights, as high above them as its live activations are many."""
    root = read_picture(samples.profile(rows=alive_rows(*ALIVE)).memory().svg)
    area = next(path for path in root.iter(f"{SVG}path")).get("d")
    corners = [tuple(map(float, pair.split())) for pair in re.findall(r"[ML]([\d.]+ [\d.]+)", area)]
    base, tops = corners[0][1], [y for _x, y in corners[1:-1:2]]
    floor = next(rect for rect in root.iter(f"{SVG}rect") if rect.get("fill-opacity") == "0.25")
    bottom = float(floor.get("y")) + float(floor.get("height"))
    units_per_byte = (bottom - base) / 4_000_000
    assert [(base - top) / units_per_byte for top in tops] == pytest.approx(ALIVE, abs=30_000)
    xs = [x for x, _y in corners[1:-1]]
    assert xs[2] - xs[1] == 0
    assert xs[1] - xs[0] == pytest.approx(xs[3] - xs[2], abs=0.02)


def test_memory_shows_a_device_that_is_nearly_full():
    """A device's memory near the peak is a line in the picture; one far above it is a bar beside it."""
    with language_set_to("en"):
        near, far = (
            texts_of(samples.profile(rows=alive_rows(*ALIVE), device_memory_bytes=size).memory().svg)
            for size in (8_000_000, 48 * 2**30)
        )
    line = "device's memory 7.63 MiB"
    assert line in near
    assert not any(text.startswith("device's memory") for text in far)


def test_memory_of_an_older_report_has_its_peak_alone():
    """A report without live bytes says that it lacks them."""
    with language_set_to("en"):
        picture = samples.profile().memory()
    assert "this report does not hold live bytes layer by layer" in texts_of(picture.svg)


# Comparisons


def test_devices_stand_best_first_and_doubtful_ones_are_marked():
    """The order is that of the latency; a ring and a tilde are on what cannot be told apart from the first."""
    root = read_picture(samples.comparison().latency().svg)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert [text for text in texts if text in ("RNGD", "ATOM-Max", "H100 SXM")] == ["RNGD", "ATOM-Max", "H100 SXM"]
    assert texts.count("~") == 1
    rings = [circle.get("fill") for circle in root.iter(f"{SVG}circle")]
    assert rings == [LIGHT.accent, LIGHT.card, LIGHT.accent]


def test_most_samples_stand_first():
    """A throughput is better if it is higher."""
    alt = samples.comparison().throughput().alt
    assert alt.index("RNGD") < alt.index("ATOM-Max") < alt.index("H100")


def test_devices_of_one_name_are_told_apart():
    """Two cards with the same name are shown by their identifiers."""
    twins = tuple(samples.profile(device=name, device_name="ATOM+") for name in ("atom-one", "atom-two"))
    texts = texts_of(samples.comparison(profiles=twins).latency().svg)
    assert {"atom-one", "atom-two"} <= set(texts)
    assert "ATOM+" not in texts


@pytest.mark.parametrize(("name", "field", "value"), [("energy", "energy_j", 0.012), ("price", "krw", 3)])
def test_figures_that_nobody_predicts_are_refused_and_drawn_where_they_are(name, field, value):
    """Energy and price have a picture once some profile has them; a device without is listed last with a dash."""
    with pytest.raises(ConfigError, match=name):
        getattr(samples.comparison(), name)()
    known = samples.profile(device="b", device_name="B", **{field: value})
    report = samples.comparison(profiles=(samples.profile(), known))
    texts = texts_of(getattr(report, name)().svg)
    assert texts.index("B") < texts.index("RNGD")
    assert "-" in texts
    assert len(re.findall("<img", report._repr_mimebundle_()["text/html"])) == 3


def test_frontier_fills_the_pareto_set_and_names_it():
    """A filled circle for each member of the set, a ring for everybody else, steps between neighbours of the set."""
    report = samples.crossing()
    drawn = read_picture(report.frontier().svg)
    fills = [circle.get("fill") for circle in drawn.iter(f"{SVG}circle")]
    chosen = report.pareto()
    assert fills.count(LIGHT.accent) == len(chosen)
    assert fills.count("none") == len(report.profiles) - len(chosen)
    assert "RNGD" in report.frontier().alt
    assert "T4" not in report.frontier().alt


def test_frontier_takes_other_figures_and_refuses_what_may_not_be_ranked():
    """Two figures of the four; energies of different boundaries and figures that nobody has are refused."""
    profiles = tuple(
        samples.grounded("small net", scale=scale, power_boundary="card", energy_low_j=None, energy_high_j=None)
        for scale in (1.0, 2.0)
    )
    report = samples.comparison(batch=8, profiles=profiles)
    assert "mJ" in report.frontier("throughput", "energy").text
    mixed = (profiles[0], profiles[1].model_copy(update={"power_boundary": "chip"}))
    with pytest.raises(ConfigError, match="power_boundary"):
        samples.comparison(batch=8, profiles=mixed).frontier("throughput", "energy")
    with pytest.raises(ConfigError, match="price"):
        samples.comparison().frontier("latency", "price")
    with pytest.raises(ConfigError, match="latency"):
        samples.comparison(profiles=()).frontier()


# Axes and texts


@given(st.lists(POSITIVE, min_size=1, max_size=20))
def test_logarithmic_axis_holds_its_values(values):
    """Every value within nine decades of the largest lies inside, in its order; ticks too."""
    scale = log_scale(values, 100, 700)
    for value in values:
        assert 100 <= scale(value) <= 700
    inside = sorted(value for value in values if value >= max(values) / 10 ** (DECADES - 1))
    places = [scale(value) for value in inside]
    assert places == sorted(places)
    assert 100 <= places[0] <= places[-1] < 700
    ticks = log_ticks(scale)
    assert 1 <= len(ticks) <= 8
    assert ticks == sorted(set(ticks))
    assert all(100 - 1 <= scale(tick) <= 700 + 1 for tick in ticks)


@given(st.floats(min_value=1e-12, max_value=1e6))
def test_linear_ticks_are_few_and_round(high):
    """From zero up to the end, in equal steps that a person would choose."""
    unit_s, _name = time_unit(high)
    ticks = linear_ticks(high, unit_s)
    assert 2 <= len(ticks) <= 7
    assert ticks[0] == 0
    assert ticks[-1] <= high * (1 + 1e-9)
    assert float(f"{ticks[1] / unit_s:.0e}"[0]) in (1, 2, 5)


def test_times_are_written_in_the_unit_that_suits_them():
    """The unit of an axis is that of its longest time."""
    for high, name in ((5e-8, "ns"), (5e-5, "us"), (0.02, "ms"), (90.0, "s"), (600.0, "min"), (9000.0, "h")):
        assert time_unit(high)[1] == name == format_seconds(high).split()[1]


def test_scale_keeps_what_lies_beyond_it_on_its_edge():
    """No number draws outside the plot."""
    scale = Scale(1.0, 100.0, 10.0, 20.0, logarithmic=True)
    assert (scale(0.001), scale(10.0), scale(1e9)) == (10.0, pytest.approx(15.0), 20.0)
    assert Scale(0.0, 0.0, 10.0, 20.0)(5.0) == 10.0


@given(st.text(max_size=300), st.floats(min_value=60, max_value=400))
def test_shortened_text_fits(text, width):
    """A text in a picture is not wider than its room, and has nothing that moves a cursor."""
    shown = shorten(text, 12, width)
    assert width_of(shown, 12) <= width
    assert shown.isprintable()
    box = text_box(shown, 0, 20, size=12, anchor="middle")
    assert box.right - box.left == pytest.approx(width_of(shown, 12))


def luminance(colour):
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast of WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_have_contrast(palette):
    """Texts reach 4.5 and marks 3 on the ground that they stand on (WCAG 2.2 AA)."""
    for name in ("ink", "muted", "accent", "good", "fair", "bad"):
        assert contrast(getattr(palette, name), palette.card) >= 4.5, name
    for name, colour in {**palette.bounds, "call": palette.call}.items():
        assert contrast(colour, palette.card) >= 3, name
        assert contrast(colour, palette.panel) >= 3, name


@given(profiles())
def test_every_profile_can_be_drawn(report):
    """There is no profile that keeps the laws and has no pictures."""
    for name in OF_PROFILE:
        picture = getattr(report, name)()
        check_picture(read_picture(picture.svg))
        assert translate("predicted") in picture.alt


def test_picture_of_a_report_that_was_read_is_the_same():
    """A report keeps all that its pictures need when it goes through a file."""
    report = samples.profile(rows=alive_rows(*ALIVE))
    assert ProfileReport.from_json(report.to_json()).memory() == report.memory()
    assert samples.profile(rows=[], layers=LayerTable.from_rows([])).timeline().svg
