"""A graph as text, one node a line."""

from __future__ import annotations

import numpy as np

from npusdk.graph.ir import Attribute, Graph

_SHORT = 6


def format_graph(graph: Graph) -> str:
    """Return the graph as text.

    Examples
    --------
    >>> from npusdk.graph import GraphBuilder
    >>> build = GraphBuilder("tiny")
    >>> x = build.input("x", ("batch", 4))
    >>> print(format_graph(build.build([build.op("Softmax", x, axis=-1)])))
    tiny(x: float32[batch, 4]) -> Softmax_0
      Softmax_0 = Softmax(x, axis=-1)
    """
    inputs = ", ".join(_typed(graph, name) for name in graph.inputs)
    lines = [f"{graph.name}({inputs}) -> {', '.join(graph.outputs)}"]
    for node in graph.nodes:
        outputs = ", ".join(_typed(graph, name) if name else "_" for name in node.outputs)
        given = [(_typed(graph, name) if name in graph.constants else name) or "_" for name in node.inputs]
        attrs = [f"{name}={_attribute(value)}" for name, value in node.attrs.items()]
        comment = "" if node.name in node.outputs else f"  # {node.name}"
        lines.append(f"  {outputs} = {node.op}({', '.join((*given, *attrs))}){comment}")
    return "\n".join(lines)


def _typed(graph: Graph, name: str) -> str:
    tensor = graph.tensors.get(name)
    return f"{name}: {tensor.dtype}[{', '.join(map(str, tensor.shape))}]" if tensor else name


def _attribute(value: Attribute) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}" if value.size > _SHORT else repr(value.tolist())
    if isinstance(value, Graph):
        return f"<{value.name}>"
    return repr(value)
