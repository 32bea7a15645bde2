"""A page of text: nothing is lost on it, whatever its width."""

from collections import Counter
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from npusdk.views.page import Cell, Column, Page, terminal_of

WORDS = st.text(alphabet="abcXYZ019.가나다 ", min_size=1, max_size=60)
COLUMNS = st.builds(
    Column, title=st.text(alphabet="abc가나", min_size=1, max_size=12), number=st.booleans(), wraps=st.booleans()
)


@st.composite
def tables(draw):
    """Draw columns and rows of cells; cells that do not wrap are short."""
    columns = draw(st.lists(COLUMNS, min_size=1, max_size=6))
    cell = {True: WORDS, False: st.text(alphabet="abc가나.019", max_size=12)}
    row = st.tuples(*(cell[column.wraps] for column in columns))
    return columns, draw(st.lists(row, max_size=5))


def letters(text):
    return Counter(char for char in text if not char.isspace() and char != "-")


@given(tables(), st.integers(min_value=0, max_value=160))
def test_table_loses_no_character(table, width):
    """Every character of every cell is on the page, however narrow it is."""
    columns, rows = table
    page = Page(width)
    page.table(columns, rows)
    assert letters(str(page)) == letters("".join(column.title for column in columns) + "".join(map("".join, rows)))


@given(tables(), st.integers(min_value=100, max_value=160))
def test_table_keeps_to_the_page_where_it_can(table, width):
    """A table is wider than its page only if its columns at their narrowest are."""
    columns, rows = table
    page = Page(width)
    page.table(columns, rows)
    natural = [max(map(cell_len, cells)) for cells in zip([column.title for column in columns], *rows, strict=True)]
    least = [min(size, column.least) if column.wraps else size for size, column in zip(natural, columns, strict=True)]
    widest = max(map(cell_len, str(page).splitlines()))
    assert widest <= max(width, 2 + sum(least) + 2 * len(least) - 1)


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(min_value=60, max_value=160))
def test_lists_facts_and_paragraphs_lose_nothing_and_fit(texts, width):
    """Text that wraps keeps every character and its page's width."""
    page = Page(width)
    page.bullets(texts)
    page.facts((text[:10], text) for text in texts)
    page.paragraph(texts[0])
    shown = str(page)
    whole = "".join(texts) + "".join(text[:10] + text for text in texts) + texts[0]
    assert letters(shown) == letters(whole)
    assert max(map(cell_len, shown.splitlines())) <= width


def test_optional_columns_give_way_from_the_last():
    """Where there is no room for all columns, those that may go do, and no others."""
    columns = (Column("kept"), Column("first", optional=True), Column("second", optional=True), Column("also kept"))
    rows = [("k" * 30, "f" * 20, "s" * 20, "a" * 20)]
    wide, middle, narrow = Page(140), Page(85), Page(60)
    for page in (wide, middle, narrow):
        page.table(columns, rows)
    assert "second" in str(wide)
    assert "second" not in str(middle)
    assert "first" in str(middle)
    assert "first" not in str(narrow)
    assert "a" * 20 in str(narrow)


def test_widest_column_gives_way_first():
    """A short text is not broken while a longer one beside it could be."""
    page = Page(80)
    page.table((Column("short", wraps=True), Column("long", wraps=True)), [("s" * 30, "l " * 60)])
    assert "s" * 30 in str(page)


def test_cells_carry_colour_on_a_colour_page_only():
    """A style is an addition for those who see it."""
    pages = [Page(colour=False), Page(colour=True)]
    for page in pages:
        page.paragraph(Cell("blocked", "red"))
    assert str(pages[0]) == "  blocked\n"
    assert "\x1b[31mblocked" in str(pages[1])


class Stream(StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.fixture
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "123")
    return monkeypatch


def test_terminal_has_its_own_width_and_colours(plain_environment):
    """A terminal gets what it can show."""
    assert terminal_of(Stream(terminal=True)) == (123, True)


def test_pipe_has_a_fixed_width_and_no_colours(plain_environment):
    """What goes into a file does not depend on the window it was started from."""
    assert terminal_of(Stream(terminal=False)) == (100, False)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_terminal_without_colours_gets_none(plain_environment, name, value):
    """NO_COLOR and dumb terminals are honoured."""
    plain_environment.setenv(name, value)
    assert terminal_of(Stream(terminal=True))[1] is False
