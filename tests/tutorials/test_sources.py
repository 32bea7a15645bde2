"""A source is read as it is meant, and refused where it leaves its form."""

from __future__ import annotations

import pytest

from tutorials.source import SourceError, read_source

TEXT = "<!-- en -->\nHello\n\n<!-- ko -->\n안녕하세요\n\n"
CELL = "```python greet\nprint('«hello|안녕»', '«root»')\n```\n"
EXERCISE = "```python task exercise\nx = 0\n```\n"
SOLUTION = "```python task solution\nx = 1\n```\n"

REFUSED = {
    "outside": ("Hello\n", "1: text outside"),
    "after a cell": (CELL + "Hello\n", "4: text outside"),
    "open fence": (TEXT + "```python greet\nprint()\n", "7: a fence that is not closed"),
    "no Korean": ("<!-- en -->\nHello\n" + CELL, "3: English text is followed by Korean"),
    "no Korean at the end": ("<!-- en -->\nHello\n", "1: English text is followed by Korean"),
    "no English": ("<!-- ko -->\n안녕하세요\n", "1: English text is followed by Korean"),
    "language": ("<!-- fr -->\nSalut\n", "1: an unknown language"),
    "role": ("```python task homework\n```\n", "1: an unknown language or role"),
    "no solution": (EXERCISE, "1: an exercise and its solution"),
    "no exercise": (SOLUTION, "1: an exercise and its solution"),
    "twice": (CELL + CELL, "1: a second cell"),
}


@pytest.fixture
def read(tmp_path):
    """Read a source from its text."""

    def read(text):
        path = tmp_path / "source.md"
        path.write_text(text, encoding="utf-8")
        return read_source(path)

    return read


def test_source_holds_texts_and_cells_in_order(read):
    """Texts keep their language, cells their name and role, and both their place."""
    pieces = read(TEXT + CELL + EXERCISE + SOLUTION)
    assert [(piece.language, piece.name, piece.role) for piece in pieces] == [
        ("en", "", ""),
        ("ko", "", ""),
        ("", "greet", ""),
        ("", "task", "exercise"),
        ("", "task", "solution"),
    ]
    assert [piece.content for piece in pieces[:2]] == ["Hello", "안녕하세요"]


def test_source_keeps_comments_and_fences_of_other_kinds(read):
    """A text may hold fences of another language and other comments; code may hold comments that look like marks."""
    inner = "```text\n<b>\n```\n<!-- note to the author -->"
    pieces = read(f"<!-- en -->\n{inner}\n<!-- ko -->\n{inner}\n```python x\n<!-- en -->\n```\n")
    assert [piece.content for piece in pieces] == [inner, inner, "<!-- en -->"]


@pytest.mark.parametrize(("language", "said"), [("en", "hello"), ("ko", "안녕")])
def test_source_chooses_language_and_root(read, language, said):
    """A choice in code becomes the reader's, and the root the one of the notebook's folder."""
    assert read(CELL)[0].code(language, "../..") == f"print('{said}', '../..')"


@pytest.mark.parametrize("fault", REFUSED)
def test_source_out_of_form_is_refused(read, fault):
    """What leaves the form is refused with the file and the line."""
    text, expected = REFUSED[fault]
    with pytest.raises(SourceError, match=f"source.md:{expected}"):
        read(text)
