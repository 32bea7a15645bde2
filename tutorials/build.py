"""Build the tutorials: ``python -m tutorials.build`` writes every notebook from `sources`, executed.

`sources/NAME.md` becomes `solutions/en/NAME.ipynb` and `solutions/ko/NAME.ipynb`, run from top to bottom, and
`en/NAME.ipynb` and `ko/NAME.ipynb` for students, which hold the outputs of everything but the exercise and its check.
How a source is written is told in `tutorials.source`. A student's notebook reads `../models` and `../exercises.py`: who
copies `en` or `ko`, `models` and `exercises.py`, and keeps where they stand to each other, has tutorials that run.

A notebook that comes out as it was, but for the wall clock, is left as it is. ``--only 01`` builds sources whose names
begin so.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

from tutorials.notebooks import METADATA, Edition, as_text, editions, is_left_to_reader, masked

CELL_SECONDS = 300
"""A cell that takes longer is stuck."""

KERNEL = {"NPUSDK_PLAIN": "1", "PYTHONWARNDEFAULTENCODING": ""}
"""Plain output, and no warnings that Jupyter's own files cause."""

FIELDS = {"execute_result": ("data", "metadata"), "display_data": ("data", "metadata"), "stream": ("name", "text")}
"""What is kept of an output, beside its type."""


def execute(notebook: NotebookNode, folder: Path, environment: Mapping[str, str]) -> NotebookNode:
    """Return the notebook with its outputs, run in a fresh kernel that starts in `folder`.

    Parameters
    ----------
    environment
        What is set for the kernel beside this process's own variables.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises.
    """
    with TemporaryDirectory() as profile:
        env = {**os.environ, **KERNEL, "IPYTHONDIR": profile, **environment}
        # Over files: kernels that start at once cannot take each other's ports.
        sockets = Config(KernelManager={"transport": "ipc", "ip": f"{profile}/kernel"})
        where = {"resources": {"metadata": {"path": str(folder)}}, "config": sockets}
        NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", **where).execute(env=env)
    notebook.metadata = nbformat.from_dict(METADATA)  # without the version of this machine's Python
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            count += 1
            cell.metadata.pop("execution", None)
            cell.execution_count = count
            cell.outputs = list(_joined(_kept(output, count) for output in cell.outputs))
    return notebook


def _kept(output: NotebookNode, count: int) -> NotebookNode:
    kept = {name: output[name] for name in FIELDS[output.output_type]}
    if output.output_type == "execute_result":
        kept["execution_count"] = count
    return nbformat.from_dict({"output_type": output.output_type, **kept})


def _joined(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Join texts of one stream that follow each other: how a kernel cuts them is a matter of time."""
    last: NotebookNode | None = None
    for output in outputs:
        if last is not None and output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            if last is not None:
                yield last
            last = output
    if last is not None:
        yield last


def student(edition: Edition, solution: NotebookNode) -> NotebookNode:
    """Return the student's notebook, with the outputs that it shares with the executed solution."""
    notebook = edition.notebook()
    for cell, solved in zip(notebook.cells, solution.cells, strict=True):
        if cell.cell_type == "code" and not is_left_to_reader(cell, is_solution=False):
            cell.execution_count, cell.outputs = solved.execution_count, solved.outputs
    return notebook


def write(notebook: NotebookNode, path: Path) -> bool:
    """Write the notebook if more than the wall clock has changed, and return whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        before = nbformat.read(path, as_version=4)
        if masked(as_text(before)) == masked(as_text(notebook)):
            return False
    path.write_text(as_text(notebook), encoding="utf-8", newline="\n")
    return True


def main() -> None:
    """Build and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="build sources whose names begin so")
    chosen = [edition for edition in editions() if edition.source.stem.startswith(parser.parse_args().only)]
    solved: dict[tuple[Path, str], NotebookNode] = {}
    for edition in chosen:
        key = edition.source, edition.language
        if edition.is_solution:
            edition.path.parent.mkdir(parents=True, exist_ok=True)
            solved[key] = notebook = execute(edition.notebook(), edition.path.parent, {})
        else:
            notebook = student(edition, solved[key])
        print("wrote" if write(notebook, edition.path) else "kept ", edition.path.relative_to(Path(__file__).parent))


if __name__ == "__main__":
    main()
