"""Graph x device -> plan: composites, legality, fusion and arithmetic, one pass a file; runs and times nothing."""

from npusdk.compiler.canonical import canonicalize
from npusdk.compiler.compile import compile_graph
from npusdk.compiler.legality import Legality, examine_operators
from npusdk.compiler.plan import PLAIN, Plan, Step, Traits
from npusdk.compiler.precision import EMULATED, choose_precision, precision_assumptions

__all__ = [
    "EMULATED",
    "PLAIN",
    "Legality",
    "Plan",
    "Step",
    "Traits",
    "canonicalize",
    "choose_precision",
    "compile_graph",
    "examine_operators",
    "precision_assumptions",
]
