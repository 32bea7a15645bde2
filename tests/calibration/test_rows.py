"""Reading files of measurements: tolerant of spreadsheets, closed to hostile files."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.calibration.rows import LARGEST_BYTES, parse_count, parse_number, read_rows
from npusdk.errors import ConfigError

HEAD = "id,device_key,model,precision,metric,value,unit"
LINE = "a,t4,YOLOv8n,fp16,latency,1.77,ms"


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file, of text or of bytes, and returns its path."""

    def write(content):
        path = tmp_path / "측정.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def test_rows_keep_their_cells(file):
    """A row has what its line says, and defaults for columns that the file lacks."""
    (row,) = read_rows(file(f"{HEAD}\n{LINE}\n"))
    assert (row.id, row.device_key, row.model, row.value, row.unit) == ("a", "t4", "YOLOv8n", 1.77, "ms")
    assert (row.line, row.use, row.n_devices, row.batch, row.is_whole) == (2, "primary", None, "", True)


@pytest.mark.parametrize(
    "content",
    [
        f"\N{ZERO WIDTH NO-BREAK SPACE}{HEAD}\n{LINE}\n",
        f"\n\n{HEAD}\n\n , ,\n{LINE}\n\n",
        f"{HEAD}\r\n{LINE}\r\n",
        f"{HEAD.upper()}\n{LINE}\n",
        f"{HEAD},colour\n{LINE},blue\n",
        f"{HEAD}\n{LINE}\n".replace(",", ";"),
        f"{HEAD}\n{LINE}\n".replace(",", "\t"),
        f"{HEAD}\n{LINE},,,\n",
    ],
    ids=["bom", "blank", "crlf", "capitals", "extra", "semicolons", "tabs", "trailing"],
)
def test_spreadsheets_write_the_same_row_in_many_ways(file, content):
    """Marks, blank lines, line ends, capitals, delimiters and more columns change nothing."""
    (row,) = read_rows(file(content))
    assert (row.id, row.device_key, row.value, row.is_whole) == ("a", "t4", 1.77, True)


def test_line_of_a_row_counts_lines_inside_quotes(file):
    """A quoted cell of several lines belongs to one row, and the next row knows where it begins."""
    first, second = read_rows(file(f'{HEAD},notes\n{LINE},"one\ntwo\n\nthree"\n{LINE},\n'))
    assert (first.notes, first.line, second.line) == ("one\ntwo\n\nthree", 2, 6)


def test_row_with_too_many_cells_is_not_whole(file):
    """A comma that nobody quoted shifts cells, and the row says so."""
    (row,) = read_rows(file(f"{HEAD}\n{LINE},spare\n"))
    assert not row.is_whole


def test_rows_without_names_are_named_by_their_line(file):
    """Every row can be found again."""
    (row,) = read_rows(file("device_key,model,precision,metric,value,unit\nt4,YOLOv8n,fp16,latency,1,ms\n"))
    assert row.id == "line 2"


NO_VALUES = (
    "", "nan", "inf", "-1", "0", "1e999", "1_000", "three", "\N{FULLWIDTH DIGIT ONE}", "0x10", "1e", "9" * 500,
)  # fmt: skip


@pytest.mark.parametrize("value", NO_VALUES)
def test_values_that_are_no_positive_number_are_none(file, value):
    """What is not a positive finite number in ASCII is no measurement; the row stays, to be refused by name."""
    (row,) = read_rows(file(f"{HEAD}\na,t4,YOLOv8n,fp16,latency,{value},ms\n"))
    assert row.value is None


@given(st.floats(1e-12, 1e12))
def test_numbers_are_read_as_python_writes_them(value):
    """Any finite number comes back, also with thousands in groups."""
    assert parse_number(repr(value)) == value
    assert parse_number(f"{value:,.3f}") == float(f"{value:.3f}")


@given(st.text(max_size=60))
def test_no_text_breaks_the_numbers(text):
    """Any text is a number or None, and a count is a whole one in bounds."""
    number, count = parse_number(text), parse_count(text)
    assert number is None or abs(number) < float("inf")
    assert count is None or (isinstance(count, int) and 1 <= count <= 10**7)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=7, max_size=7))
def test_any_cells_survive_the_way_through_a_file(tmp_path_factory, cells):
    """Whatever stands in quoted cells, the file is read and holds the same cells, or is refused by name."""
    out = StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(HEAD.split(","))
    writer.writerow(["a", *cells[1:]])
    path = tmp_path_factory.mktemp("rows") / "any.csv"
    path.write_bytes(out.getvalue().encode("utf-8"))
    if any("\0" in cell for cell in cells[1:]):
        with pytest.raises(ConfigError, match=r"any\.csv"):
            read_rows(path)
        return
    (row,) = read_rows(path)
    assert (row.model, row.unit) == (cells[2].strip(), cells[6].strip())


HOSTILE = {
    "empty": (b"", "lacks the columns"),
    "heading alone": (HEAD.encode(), "no rows"),
    "zeros": (f"{HEAD}\n{LINE}\n".encode() + b"\0" * 9, "line 3"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not text in UTF-8"),
    "cp949": (f"{HEAD},notes\n{LINE},\n{LINE},측정".encode("cp949"), "line 3"),
    "utf-16": (f"{HEAD}\n{LINE}\n".encode("utf-16"), "not text in UTF-8"),
    "huge field": (f"{HEAD}\n{LINE}\n{'x' * 200_000}\n".encode(), "line 3"),
    "open quote": (f'{HEAD}\n"{LINE}\n'.encode(), "line 2"),
    "text behind a quote": (f'{HEAD}\n"a"b,t4\n'.encode(), "line 2"),
    "no device": (b"id,model,precision,metric,value,unit\na,b,c,d,1,ms\n", "device_key"),
    "wrong columns": (b"name,price\nbread,3\n", "model, precision, metric, value, unit"),
    "column twice": (f"{HEAD},value\n{LINE},2\n".encode(), "'value' is there twice"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_file_and_way_out(file, name):
    """Each file that is no table of measurements is one sentence that names it, and a way out."""
    content, said = HOSTILE[name]
    path = file(content)
    with pytest.raises(ConfigError) as caught:
        read_rows(path)
    text = caught.value.text("en")
    assert said in text or (name == "empty" and "no rows" in text)
    assert path.name in text
    assert "hint: " in text


def test_missing_files_and_folders_are_refused(tmp_path):
    """A path that is no file is named."""
    for path in (tmp_path, tmp_path / "none.csv", "a\0b"):
        with pytest.raises(ConfigError):
            read_rows(path)


def test_too_large_a_file_is_refused_unread(tmp_path):
    """A file beyond the limit is refused by its size."""
    path = tmp_path / "large.csv"
    with path.open("wb") as out:
        out.truncate(LARGEST_BYTES + 1)
    with pytest.raises(ConfigError, match=str(LARGEST_BYTES)):
        read_rows(path)
