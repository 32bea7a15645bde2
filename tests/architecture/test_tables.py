"""An operator exists when all tables know it; the public surface is a list that somebody wrote down."""

from importlib.util import find_spec

import npusdk
from npusdk.compiler.canonical import RULES
from npusdk.compiler.fusion import ELEMENTWISE, MATRIX, NORMS, VIEWS
from npusdk.cost import WORK_RULES
from npusdk.graph import SHAPE_RULES
from npusdk.kernels import KERNELS


def test_every_operator_has_a_shape_a_kernel_and_work():
    """No operator can be imported that cannot be run, or run that cannot be costed."""
    assert set(SHAPE_RULES) == set(KERNELS) == set(WORK_RULES)


def test_compiler_speaks_of_known_operators():
    """Every operator that a pass names, or makes, has its rows."""
    assert (ELEMENTWISE | MATRIX | NORMS | VIEWS | {rule.op for rule in RULES}) <= set(SHAPE_RULES)


def test_public_names_are_sorted_documented_and_no_submodule():
    """A reader can take in the whole surface at once, help() answers for all of it, and no name hides a package."""
    assert npusdk.__all__ == sorted(npusdk.__all__)
    for name in npusdk.__all__:
        assert getattr(npusdk, name).__doc__, name
        assert find_spec(f"npusdk.{name}") is None, name
