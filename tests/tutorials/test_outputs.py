"""What a tutorial shows does not depend on which routines of OpenBLAS the processor gets."""

from __future__ import annotations

import nbformat
import pytest
from numpy._core._multiarray_umath import __cpu_features__

from tutorials.build import execute
from tutorials.notebooks import editions, masked

CORES = {"Nehalem": ("SSE42",), "Haswell": ("AVX2",), "SkylakeX": ("X86_V4", "AVX512_SKX")}
"""Three generations of processors, each of which adds in an order of its own; what NumPy calls their instructions."""

SOLUTIONS = [edition for edition in editions() if edition.is_solution and edition.language == "en"]
"""Korean has equal code: strict nbval compares its outputs."""


def outputs(notebook):
    """Return what is shown, the wall clock masked."""
    shown = [(cell.id, output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [(name, masked(nbformat.writes(_bare(output)))) for name, output in shown]


def _bare(output):
    cell = nbformat.v4.new_code_cell(id="only", outputs=[output])
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.filterwarnings("ignore::EncodingWarning")  # Jupyter's own
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("edition", SOLUTIONS, ids=lambda edition: edition.source.stem)
def test_outputs_are_equal_on_every_core(edition, core):
    """A solution that runs with the routines of another processor shows what is committed, but for the wall clock."""
    if not any(__cpu_features__.get(name) for name in CORES[core]):
        pytest.skip(f"this processor lacks the instructions of {core}")
    ran = execute(edition.notebook(), edition.path.parent, {"OPENBLAS_CORETYPE": core})
    assert outputs(ran) == outputs(nbformat.read(edition.path, as_version=4))
