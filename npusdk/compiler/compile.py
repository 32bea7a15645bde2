"""The passes in their order."""

from __future__ import annotations

from npusdk.compiler.fusion import Fuser, merge_siblings
from npusdk.compiler.legality import Legality
from npusdk.compiler.plan import Step
from npusdk.compiler.steps import make_steps
from npusdk.graph import Graph


def compile_graph(
    graph: Graph, precision: str, legality: Legality, *, fusion: str, is_quantized: bool
) -> tuple[Step, ...]:
    """Return the steps of a bound, canonical graph.

    Devices of one fusion class that place every node alike share their steps.

    Parameters
    ----------
    precision
        As `choose_precision` gave it.
    legality
        Where nodes run that do not run on the device.
    fusion
        What the device's compiler joins: "gpu" or "npu".
    is_quantized
        Whether the model itself holds integers with scales.
    """
    integer = is_quantized and precision.startswith("int")
    groups = merge_siblings(graph, Fuser(graph, legality.host, fusion, integer).run())
    return make_steps(graph, groups, precision)
