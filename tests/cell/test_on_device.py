"""The same cells on the arrays that an emulated device has."""

import pytest

from npusdk.cell import apply, capture
from npusdk.targets import LocalTarget
from tests.cell.hosts import notebook, run_plain
from tests.cell.same import differences
from tests.cell.test_differential import PROGRAMS, printed


def run_on_reference(source, namespace):
    """Run a cell on the device that has every type and rounds nothing."""
    apply(LocalTarget().run_cell(capture(source, namespace), "reference", "exact").outcome, namespace)


@pytest.mark.parametrize("name", PROGRAMS)
def test_cell_on_the_reference_device_does_what_it_does_without_the_magic(name):
    """A cell on a device that rounds nothing leaves what it leaves when it runs plainly."""
    before, cell = PROGRAMS[name]
    plain, captured = notebook(before), notebook(before)
    assert printed(run_on_reference, cell, captured) == printed(run_plain, cell, plain)
    plain.pop("_hidden", None)
    assert differences(plain, captured) == []
