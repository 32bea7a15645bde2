"""From the nodes of a step to units: what is known to run prepared, and plain kernels for the rest.

Each recogniser looks at one node, takes it and what follows it, and gives a unit, or None. A pattern that nobody knows
costs time, never correctness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias, cast

import numpy as np

from npusdk.emulator.image_units import Averaged, Convolved, Pooled
from npusdk.emulator.links import Link
from npusdk.emulator.matrix_units import Chained, Joined, Multiplied, Projected
from npusdk.emulator.scope import Scope
from npusdk.emulator.storage import Array, storage_type
from npusdk.emulator.units import Called, Unit, View
from npusdk.emulator.views import VIEWS, looks_of
from npusdk.graph import Node
from npusdk.kernels.inplace import INPLACE
from npusdk.kernels.prepared_convolution import Filters
from npusdk.kernels.prepared_pooling import Pooling, counts
from npusdk.kernels.prepared_vector import ROW_OPERATORS, STARTERS
from npusdk.kernels.windows import read_window

Recogniser: TypeAlias = Callable[[Scope, Node], "list[Unit] | None"]


def _number(node: Node, name: str, default: float) -> float:
    return float(cast("float", node.attrs.get(name, default)))


def _formats(scope: Scope, name: str) -> dict[str, str]:
    return {name: scope.formats[name]} if name in scope.formats else {}


def _reads(scope: Scope, links: list[Link], *names: str) -> tuple[str, ...]:
    return scope.reads(*names, *(name for link in links for name in link.names))


def _convolution(scope: Scope, node: Node) -> list[Unit] | None:
    x = node.inputs[0]
    known = scope.known(node)
    if x in scope.constants or any(value is None for value in known[1:]) or not scope.same_type([x, node.outputs[0]]):
        return None
    kind = storage_type(scope.tensors[x].dtype)
    filters = np.asarray(known[1], kind)
    window = read_window(node.attrs, scope.shape(x)[2:], filters.shape[2:])
    links, out = scope.follow(node.outputs[0], rows=False)
    shift = np.zeros(len(filters)) if len(known) < 3 else np.asarray(known[2], np.float64)
    filters, shift, links = _fold_affine(scope, filters, shift, links)
    if shift.any():
        links.insert(0, Link("Add", (shift.astype(kind).reshape(-1, *(1,) * len(window.kernel)),)))
    groups = int(_number(node, "group", 1))
    unit = Convolved(
        _reads(scope, links, x), (out,), Filters(filters, groups), window, tuple(links), formats=_formats(scope, out)
    )
    return [unit]


def _fold_affine(scope: Scope, filters: Array, shift: Array, links: list[Link]) -> tuple[Array, Array, list[Link]]:
    """Take constant factors and offsets of each channel that follow a convolution into its weights and its bias."""
    factor = np.ones(len(filters))
    taken = 0
    for link in links:
        values = link.values(scope.constants)
        value = _per_channel(values[0], filters) if values and len(values) == 1 and link.op in _AFFINE else None
        if value is None:
            break
        taken += 1
        if link.op == "Mul":
            factor, shift = factor * value, shift * value
        else:
            shift = shift + (value if link.op == "Add" else -value)
    if (factor != 1).any():
        scaled = filters * factor.reshape(-1, *(1,) * (filters.ndim - 1))
        filters = scaled.astype(filters.dtype)
    return filters, shift, links[taken:]


_AFFINE = frozenset({"Mul", "Add", "Sub"})


def _per_channel(value: Array | None, filters: Array) -> Array | None:
    """Return a constant that has one value for each channel, or one for all, as a vector."""
    spatial = filters.ndim - 2
    if value is None or value.dtype.kind != "f":
        return None
    if value.size == 1:
        return np.full(len(filters), float(value.reshape(())))
    shape = (1,) * (filters.ndim - value.ndim) + value.shape
    if shape != (1, len(filters)) + (1,) * spatial:
        return None
    return value.reshape(-1).astype(np.float64)


def _product(scope: Scope, node: Node) -> list[Unit] | None:
    """MatMul and Gemm."""
    left, right = node.inputs[:2]
    ranks = [len(scope.shape(name)) for name in (left, right)]
    if min(ranks) < 2 or left in scope.constants or not scope.same_type([left, right, node.outputs[0]]):
        return None
    alpha, beta = _number(node, "alpha", 1.0), _number(node, "beta", 1.0)
    turned = (bool(node.attrs.get("transA", 0)), bool(node.attrs.get("transB", 0)))
    links = _gemm_links(scope, node, alpha, beta)
    if links is None:
        return None
    more, out = scope.follow(node.outputs[0])
    links += more
    weight = scope.constants.get(right)
    formats, reads = _formats(scope, out), _reads(scope, links, left, right)
    if weight is not None and weight.ndim == 2:
        weight = weight.T if turned[1] else weight
        return [Projected(reads, (out,), weight, tuple(links), turned[0], formats=formats)]
    order = _order_of_reader(scope, out) if not links else None
    return [Multiplied(reads, (out,), (left, right), tuple(links), order, turned, formats=formats)]


def _gemm_links(scope: Scope, node: Node, alpha: float, beta: float) -> list[Link] | None:
    """Return the factor and the addend of a Gemm as links; a computed addend times beta is not among them."""
    kind = storage_type(scope.tensors[node.outputs[0]].dtype)
    links = [] if alpha == 1 else [Link("Mul", (np.asarray([alpha], kind),))]
    if len(node.inputs) > 2 and node.inputs[2]:
        name = node.inputs[2]
        if name in scope.constants:
            links.append(Link("Add", (np.asarray(scope.constants[name] * np.asarray(beta, kind), kind),)))
        elif beta == 1:
            links.append(Link("Add", (name,)))
        else:
            return None
    return links


def _order_of_reader(scope: Scope, name: str) -> tuple[int, ...] | None:
    """Return the memory order in which the Transpose that alone reads a tensor wants it."""
    index = scope.only_reader(name)
    if index is None or scope.nodes[index].op != "Transpose":
        return None
    order = scope.nodes[index].attrs.get("perm")
    return cast("tuple[int, ...]", order) if isinstance(order, tuple) else None


def _chain(scope: Scope, node: Node) -> list[Unit] | None:
    """Elementwise operators, softmax and normalisations over the last axis."""
    out = node.outputs[0]
    shape = scope.shape(out)
    names = list(node.inputs)
    if any(node.outputs[1:]) or not shape:
        return None
    if node.op in STARTERS and len(names) == 2 and scope.same_type([out, *names]):
        start: np.ufunc | None = STARTERS[node.op]
        operands, links = tuple(names), []
    else:
        found = scope.links(node, names[0]) if names[0] not in scope.constants else None
        if found is None:
            return None
        start, operands, links = None, (names[0],), found
    more, out = scope.follow(out)
    links += more
    reads = _reads(scope, links, *operands)
    return [Chained(reads, (out,), start, operands, tuple(links), formats=_formats(scope, out))]


def _max_pool(scope: Scope, node: Node) -> list[Unit] | None:
    return _pooled(scope, node, Pooling(read_window(node.attrs, scope.shape(node.inputs[0])[2:])))


def _average_pool(scope: Scope, node: Node) -> list[Unit] | None:
    window = read_window(node.attrs, scope.shape(node.inputs[0])[2:])
    with_padding = bool(node.attrs.get("count_include_pad", 0))
    return _pooled(scope, node, Pooling(window, np.add, counts(window, with_padding=with_padding)))


def _pooled(scope: Scope, node: Node, pooling: Pooling) -> list[Unit] | None:
    x, out = node.inputs[0], node.outputs[0]
    if any(node.outputs[1:]) or x in scope.constants or not scope.is_float(x):
        return None
    return [Pooled((x,), (out,), pooling, formats=_formats(scope, out))]


def _global_average(scope: Scope, node: Node) -> list[Unit] | None:
    x, out = node.inputs[0], node.outputs[0]
    if x in scope.constants or not scope.is_float(x):
        return None
    return [Averaged((x,), (out,), formats=_formats(scope, out))]


def _concat(scope: Scope, node: Node) -> list[Unit] | None:
    out = node.outputs[0]
    axis = int(_number(node, "axis", 0)) % len(scope.shape(out))
    return [Joined(scope.reads(*node.inputs), (out,), node.inputs, axis, formats=_formats(scope, out))]


def _view(scope: Scope, node: Node) -> list[Unit] | None:
    source = node.inputs[0]
    if source in scope.constants:
        return None
    shapes = [scope.shape(name) if name else () for name in node.outputs]
    looks = looks_of(node, shapes, scope.known(node))
    if looks is None:
        return None
    pairs = [(name, look) for name, look in zip(node.outputs, looks, strict=True) if name]
    return [View((source,), (name,), look, formats=_formats(scope, name)) for name, look in pairs]


RECOGNISERS: Mapping[str, Recogniser] = MappingProxyType(
    dict.fromkeys((*INPLACE, *STARTERS, *ROW_OPERATORS, "BatchNormalization"), _chain)
    | dict.fromkeys(VIEWS, _view)
    | {
        "AveragePool": _average_pool,
        "Concat": _concat,
        "Conv": _convolution,
        "Gemm": _product,
        "GlobalAveragePool": _global_average,
        "MatMul": _product,
        "MaxPool": _max_pool,
    }
)
"""Recognisers by the operator of the node that they look at."""

_EVERYWHERE = VIEWS | {"Concat"}
"""Operators that run prepared even where every node rounds its own output: they compute nothing."""


def recognise(scope: Scope, special: Mapping[str, Recogniser] = MappingProxyType({})) -> list[Unit]:
    """Return the units of a step in an order in which they can run.

    Parameters
    ----------
    special
        Recognisers that are asked first.
    """
    found: list[tuple[int, list[Unit]]] = []
    for index, node in enumerate(scope.nodes):
        if index in scope.used:
            continue
        scope.used.add(index)
        units = None
        for recogniser in _asked(scope, node, special):
            units = recogniser(scope, node) if units is None else units
        if units is None:
            names = tuple(name for name in node.outputs if name)
            formats = {name: scope.formats[name] for name in names if name in scope.formats}
            units = [Called(scope.reads(*node.inputs), names, node, formats=formats)]
        found.append((_last_node(scope, units, index), units))
    return [unit for _, units in sorted(found, key=lambda item: item[0]) for unit in units]


def _asked(scope: Scope, node: Node, special: Mapping[str, Recogniser]) -> list[Recogniser]:
    """Return the recognisers that may take a node, in order; none for one that reads or makes an empty tensor."""
    if any(0 in scope.shape(name) for name in (*node.inputs, *node.outputs) if name):
        return []
    found = [special.get(node.op), RECOGNISERS.get(node.op) if scope.fuses or node.op in _EVERYWHERE else None]
    return [recogniser for recogniser in found if recogniser is not None]


def _last_node(scope: Scope, units: list[Unit], index: int) -> int:
    """Return the last node that units take: everything they read has been made by then."""
    makers = {name: place for place, node in enumerate(scope.nodes) for name in node.outputs}
    return max([index, *(makers[name] for unit in units for name in unit.writes if name in makers)])
