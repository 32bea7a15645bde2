"""The committed notebooks are what the sources build, in both languages, and hold nothing of the machine."""

from __future__ import annotations

import ast
import copy
import io
import json
import re
import tokenize

import nbformat
import pytest

from tutorials.build import write
from tutorials.notebooks import FOLDER, METADATA, as_text, editions, is_left_to_reader, masked

EDITIONS = editions()
NAMES = {edition: edition.path.relative_to(FOLDER).as_posix() for edition in EDITIONS}
HANGUL = re.compile("[가-힣]")
MACHINE = re.compile(r"(?<![\w.:/])/(?:home|root|work|tmp|usr|opt|Users)/|[A-Z]:\\\\|0x[0-9a-f]{6,}|ipykernel_\d")

each = pytest.mark.parametrize("edition", EDITIONS, ids=NAMES.values())


@pytest.fixture(scope="module")
def committed():
    """Each notebook as it is in the repository."""
    return {edition: nbformat.read(edition.path, as_version=4) for edition in EDITIONS}


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shape(cell):
    """Return what the source decides of a cell."""
    return cell.id, cell.cell_type, cell.source, cell.metadata


def structure(source):
    """Return code without its comments and the text of its strings: what both languages share."""
    lines = [line if not line.startswith("%") else f"{line!r}" for line in source.splitlines()]
    tree = ast.parse("\n".join(lines))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = HANGUL.sub("", node.value) and "text"
    return ast.dump(tree)


def comments(source):
    return sum(token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(source).readline))


def test_every_notebook_has_a_source():
    """No notebook lies in the folders of the tutorials that no source builds."""
    found = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.ipynb")}
    assert {path for path in found if ".ipynb_checkpoints" not in path} == set(NAMES.values())


@each
def test_notebook_is_what_its_source_builds(edition, committed):
    """Cells, their ids, sources and tags are those of the source, and the file is written as the builder writes it."""
    notebook, built = committed[edition], edition.notebook()
    assert [shape(cell) for cell in notebook.cells] == [shape(cell) for cell in built.cells]
    assert notebook.metadata == METADATA
    assert edition.path.read_text(encoding="utf-8") == as_text(notebook)
    nbformat.validate(notebook)


@each
def test_notebook_is_executed_but_for_what_the_student_does(edition, committed):
    """Every cell of a solution was run, in order; a student finds the exercise and its check without outputs."""
    cells = code(committed[edition])
    left = [is_left_to_reader(cell, is_solution=edition.is_solution) for cell in cells]
    counts = [None if is_left else index + 1 for index, is_left in enumerate(left)]
    assert [cell.execution_count for cell in cells] == counts
    assert all(not cell.outputs for cell, is_left in zip(cells, left, strict=True) if is_left)
    assert sum(left) == (0 if edition.is_solution else 2)
    assert sum(bool(cell.outputs) for cell in cells) >= 5


@each
def test_student_and_solution_differ_in_the_exercise_alone(edition, committed):
    """Apart from the exercise and the way to the models, both hold the same, outputs but for the clock included."""
    twin = next(
        other
        for other in EDITIONS
        if other.is_solution and (other.source, other.language) == (edition.source, edition.language)
    )
    pairs = zip(committed[edition].cells, committed[twin].cells, strict=True)
    differing = [mine.id for mine, other in pairs if _shared(mine) != _shared(other)]
    exercises = [cell.id for cell in code(committed[edition]) if cell.metadata.get("tags")]
    assert differing == ([] if edition.is_solution else exercises)


def _shared(cell):
    outputs = [{**output, "execution_count": None} for output in cell.get("outputs", ())]
    return cell.id, cell.source.replace("../..", ".."), masked(json.dumps(outputs, ensure_ascii=False))


@pytest.mark.parametrize("edition", [edition for edition in EDITIONS if edition.language == "en"], ids=NAMES.get)
def test_code_is_equal_in_both_languages(edition, committed):
    """Korean and English notebooks have the same cells, and code that differs in texts and comments alone."""
    korean = next(
        other
        for other in EDITIONS
        if other.language == "ko" and (other.source, other.is_solution) == (edition.source, edition.is_solution)
    )
    assert [cell.id for cell in committed[korean].cells] == [cell.id for cell in committed[edition].cells]
    for mine, other in zip(code(committed[edition]), code(committed[korean]), strict=True):
        assert structure(mine.source) == structure(other.source)
        assert comments(mine.source) == comments(other.source)
        if mine.source != other.source:
            assert HANGUL.search(other.source) or "set_language" in other.source


@each
def test_notebook_speaks_its_language(edition, committed):
    """The first cell sets the language; every text and every table is Korean or has no Hangul at all."""
    first, *_others = code(committed[edition])
    assert f'npu.set_language("{edition.language}")' in first.source
    is_korean = edition.language == "ko"
    for cell in committed[edition].cells:
        if cell.cell_type == "markdown":
            assert bool(HANGUL.search(cell.source)) is is_korean
        else:
            pages = [str(output.data.get("text/html", "")) for output in cell.outputs if "data" in output]
            assert all(bool(HANGUL.search(page)) is is_korean for page in pages if "<table" in page)


@each
def test_notebook_holds_nothing_of_the_machine(edition, committed):
    """No path of a machine, no address in memory, no state of widgets, no error, and nothing written to stderr."""
    assert not MACHINE.search(as_text(committed[edition]))
    assert "widget" not in json.dumps(committed[edition].metadata)
    for cell in code(committed[edition]):
        assert all(output.output_type != "error" and output.get("name") != "stderr" for output in cell.outputs)


def test_builder_leaves_alone_what_only_the_clock_changed(tmp_path, committed):
    """A notebook is written again when an output changes, and not when only the time it took here does."""
    edition = next(edition for edition in EDITIONS if "here" in as_text(committed[edition]))
    notebook, path = copy.deepcopy(committed[edition]), tmp_path / "notebook.ipynb"
    cell = next(cell for cell in code(notebook) if cell.id == "load")
    cell.outputs = [nbformat.v4.new_output("stream", text="here 1.2 ms; RNGD predicted 3.4 us\n")]
    assert write(notebook, path)
    cell.outputs[0].text = "here 17 s; RNGD predicted 3.4 us\n"
    assert not write(notebook, path)
    cell.outputs[0].text = "here 17 s; RNGD predicted 3.5 us\n"
    assert write(notebook, path)
