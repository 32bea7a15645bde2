"""Measurements of the reader's own: which take part, what they are called, and what becomes of them."""

import pytest

from npusdk.calibration.making import PUBLISHED
from npusdk.calibration.own import WHY, calibrate, check_name, count_reasons, fit_measurements, gather
from npusdk.calibration.points import make_points, sort_rows
from npusdk.calibration.rows import read_rows
from npusdk.calibration.settings import REFERENCES
from npusdk.errors import ConfigError
from npusdk.pipeline.versions import VERSIONS

HEAD = "id,device_key,model,precision,metric,value,unit,batch,use,scenario,software\n"


@pytest.fixture
def table(tmp_path):
    """Return a function that writes rows to a file."""

    def write(*rows, name="own.csv"):
        path = tmp_path / name
        path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return path

    return write


def line(row="a", device="rngd", model="ResNet-50 v1.5", *, value="2.0", use="primary", software=""):
    """Return a latency as a line of a file."""
    return f"{row},{device},{model},bf16,latency,{value},ms,1,{use},batch 1,{software}"


@pytest.mark.parametrize("name", ["my-lab", "연구실_1", "a", "v2.0", "x" * 64])
def test_plain_words_are_names(name):
    """Letters of any script, digits, points, hyphens and underlines."""
    check_name(name)


BAD = ["", " ", "two words", "-x", ".json", "a/b", "a\n", "\x1b[31m", "\N{RIGHT-TO-LEFT OVERRIDE}x", "x" * 65]


@pytest.mark.parametrize("name", [*BAD, *VERSIONS, "published-7", "priors-2"])
def test_other_names_are_refused(name):
    """What would break a line, leave the folder, or pass for a version of npusdk's."""
    with pytest.raises(ConfigError) as caught:
        check_name(name)
    assert all(text.isprintable() for text in caught.value.text("en").split("\n"))


def test_own_rows_count_beside_the_published(table):
    """All published points take part as before, and the reader's own with them."""
    path = table(line(), line("b", model="Nonsense"), line("c", use="conditional"))
    both, published = gather([path]), make_points(read_rows(PUBLISHED))
    assert {(p.row.id, p.unit, p.measured) for p in published} < {(p.row.id, p.unit, p.measured) for p in both.points}
    assert len(both.points) == len(published) + both.own == len(published) + 1
    assert count_reasons(both.unused) == {"unknown_model": 1, "conditional": 1}
    assert gather([path], alone=True).points[0].row.id == "a"


def test_rows_of_two_files_count_both(table):
    """Equal identifiers and lines do not make two files' rows one; the same file named twice counts once."""
    first, second = table(line(value="0.1")), table(line(value="4.0"), name="more.csv")
    assert [p.measured for p in gather([first, second], alone=True).points] == [0.1, 4.0]
    assert gather([first, first.parent / "." / first.name], alone=True).own == 1
    made = fit_measurements(gather([first, second], alone=True), "two")
    alone = fit_measurements(gather([first], alone=True), "one")
    (two,), (one,) = made.chips.values(), alone.chips.values()
    assert (two.units, two.points, one.points) == (1, 2, 1)
    assert two.op_overhead_s > one.op_overhead_s


def test_row_that_names_no_unit_joins_its_network(table):
    """An A100's ResNet-50 is the published one, however the reader spells it; a new network is one of its own."""
    path = table(line(device="a100-sxm-80", model="ResNet50"), line("b", "a100-sxm-80", "ResNet-50 v1.5"), line("c"))
    units = {(p.row.id, p.unit) for p in gather([path]).points if p.row.file == str(path)}
    assert {unit for row, unit in units if row != "c"} == {"a100|ResNet-50 v1.5"}
    assert {unit for row, unit in units if row == "c"} == {"furiosa-rngd|resnet50"}


def test_own_rows_add_to_a_known_chip(table):
    """Rows of a chip that was measured move its constants and are counted with it."""
    slow = [line(str(n), "t4", "ResNet-50 v1.5", value="40").replace("bf16", "int8") for n in range(3)]
    fast = [line("f", "t4", "ResNet-50 v1.5", value="0.2").replace("bf16", "int8")]
    one = calibrate([table(*fast)], "fast", alone=True).chips["t4"]
    two = calibrate([table(*fast, *slow)], "slow", alone=True).chips["t4"]
    assert (one.points, two.points, two.units) == (1, 4, 1)
    assert two.op_overhead_s > one.op_overhead_s


def test_software_of_one_chip_alone_is_that_of_the_chip(table):
    """Where no reference was measured beside it, all that is measured belongs to the chip's constants."""
    points, _ = sort_rows(read_rows(table(line(software="furiosa-llm"), line("b", "a100-sxm-80", software="vLLM"))))
    assert [point.has_factors for point in points] == [False, False]
    beside = [line("b", "a100-sxm-80", software="vLLM"), line("c", "a100-sxm-80", software="TensorRT")]
    points, _ = sort_rows(read_rows(table(*beside)))
    assert [point.has_factors for point in points] == [True, False]


def test_published_stacks_are_told_apart_from_their_chips():
    """Every stack that is no reference was measured on a chip where a reference was."""
    assert all(point.has_factors != (point.stack in REFERENCES) for point in make_points(read_rows(PUBLISHED)))


def test_software_that_is_not_named_is_that_of_the_chip(table):
    """A reader who names no software is predicted what was measured."""
    (point,) = gather([table(line(device="t4", value="40").replace("bf16", "int8"))], alone=True).points
    assert not point.has_factors


def test_every_reason_is_told(table):
    """A file whose rows all teach nothing is refused, with each reason and its count."""
    rows = [line(model="Nonsense"), line("b", device="abacus"), line("c", use="conditional"), line("d", value="-1")]
    power = "e,a100-sxm-80,ResNet-50 v1.5,int8,power during throughput run,90,W,1,primary,batch 1,"
    with pytest.raises(ConfigError) as caught:
        gather([table(*rows, power)])
    unused = caught.value.params["unused"]
    assert sum(unused.values()) == caught.value.params["count"] == 5
    assert set(unused) <= WHY.keys()
    assert {"unknown_model", "unknown_device", "conditional", "bad_value"} <= unused.keys()


def test_published_measurements_do_not_save_a_file_that_teaches_nothing(table):
    """A reader whose rows all fail is told so, not given the published constants under another name."""
    with pytest.raises(ConfigError):
        gather([table(line(model="Nonsense"))], alone=False)
