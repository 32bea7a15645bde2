"""Recognition of quantised steps: DequantizeLinear, an operator, what follows it, QuantizeLinear.

What comes out is what onnxruntime computes after it has fused such nodes: products of integers with one requantisation,
sums of two grids, tables for functions of one integer. A step of another form runs in float between its quantisers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

import numpy as np

from npusdk.emulator.integer_totals import Target
from npusdk.emulator.integer_units import (
    IntegerAdded,
    IntegerAveraged,
    IntegerConvolved,
    IntegerMultiplied,
    IntegerProjected,
    Tabled,
)
from npusdk.emulator.links import Link
from npusdk.emulator.recognition import Recogniser
from npusdk.emulator.scope import Scope
from npusdk.emulator.storage import Array
from npusdk.emulator.units import Unit, View
from npusdk.emulator.views import VIEWS, looks_of
from npusdk.graph import Node
from npusdk.kernels import call
from npusdk.kernels.inplace import INPLACE
from npusdk.kernels.integer import EXACT
from npusdk.kernels.prepared_convolution import Filters
from npusdk.kernels.prepared_integer import Grid, QuantisedSum, split_sum
from npusdk.kernels.windows import read_window


def _grid(scope: Scope, node: Node) -> Grid | None:
    """Return the grid of a QuantizeLinear or DequantizeLinear of 8-bit integers with float32 scales that are known."""
    dtype = scope.tensors[node.inputs[0] if node.op == "DequantizeLinear" else node.outputs[0]].dtype
    known = scope.known(node)[1:]
    scale = known[0]
    if dtype not in ("int8", "uint8") or scale is None or scale.dtype != np.float32 or node.attrs.get("block_size", 0):
        return None
    if len(known) > 1 and node.inputs[2]:
        return None if known[1] is None else Grid(scale, known[1])
    return Grid(scale, np.zeros(scale.shape, dtype))


def _source(scope: Scope, name: str) -> tuple[str, Grid] | None:
    """Return the integers behind a float tensor and their grid, one scale for all."""
    place = scope.graph.producers.get(name)
    node = scope.graph.nodes[place] if place is not None else None
    grid = _grid(scope, node) if node is not None and node.op == "DequantizeLinear" else None
    if node is None or grid is None or grid.scale.size != 1 or node.inputs[0] in scope.constants:
        return None
    return node.inputs[0], grid


def _weight(scope: Scope, name: str, axis: int) -> tuple[Array, Array] | None:
    """Return constant integers less their zero points, as float32, and their scales along `axis` as a vector."""
    place = scope.graph.producers.get(name)
    node = scope.graph.nodes[place] if place is not None else None
    if node is None or node.op != "DequantizeLinear" or node.inputs[0] not in scope.constants:
        return None
    grid, values = _grid(scope, node), scope.constants[node.inputs[0]]
    along = int(cast("int", node.attrs.get("axis", 1))) % max(1, values.ndim)
    if grid is None or (grid.scale.size > 1 and along != axis):
        return None
    shape = [-1 if place == axis else 1 for place in range(values.ndim)]
    zero = grid.zero_point.astype(np.float32).reshape(shape if grid.zero_point.size > 1 else (1,) * values.ndim)
    scales = np.broadcast_to(grid.scale.reshape(-1), values.shape[axis])
    return values.astype(np.float32) - zero, scales


def _bias(scope: Scope, name: str, scale: Array) -> Array | None:
    """Return a constant bias in units of the total, or None where it is not constant.

    Float biases are rounded to those units, as onnxruntime rounds them before it fuses.
    """
    place = scope.graph.producers.get(name)
    node = scope.graph.nodes[place] if place is not None else None
    if node is not None and node.op == "DequantizeLinear" and node.inputs[0] in scope.constants:
        integers = scope.constants[node.inputs[0]]
        return integers.reshape(-1) if integers.dtype == np.int32 else None
    if name not in scope.constants:
        return None
    value = scope.constants[name].reshape(-1).astype(np.float32)
    return np.rint(value / scale).astype(np.int64) if value.size in (1, scale.size) else None


def _end(scope: Scope, name: str) -> tuple[list[Link], Grid | None, str]:
    """Return what follows a result: operators, the grid of the QuantizeLinear that ends them, and what comes out."""
    links, out = scope.follow(name, rows=False)
    index = scope.only_reader(out)
    node = scope.nodes[index] if index is not None else None
    grid = _grid(scope, node) if node is not None and node.op == "QuantizeLinear" and node.inputs[0] == out else None
    if index is None or node is None or grid is None or grid.scale.size != 1:
        return links, None, out
    scope.used.add(index)
    return links, grid, node.outputs[0]


def _bounds(scope: Scope, links: Sequence[Link], grid: Grid) -> tuple[int, int] | None:
    """Return the integers between which Relu and Clip keep a result, or None where other operators follow it."""
    limits = np.iinfo(grid.dtype)
    low, high = int(limits.min), int(limits.max)
    for link in links:
        values = link.values(scope.constants)
        if link.op == "Relu":
            low = max(low, grid.nearest(0.0))
        elif link.op == "Clip" and values is not None:
            least, most = (*values, None, None)[:2]
            low = low if least is None else max(low, grid.nearest(float(least.reshape(()))))
            high = high if most is None else min(high, grid.nearest(float(most.reshape(()))))
        else:
            return None
    return (min(low, high), high)


def _target(scope: Scope, name: str, units: tuple[Array, Array | None], tail: int = 0) -> tuple[Target, str]:
    """Return what becomes of a total, and the tensor that comes out.

    Parameters
    ----------
    units
        Scale of the total, and the bias in its units or None: vectors along the channels.
    tail
        Number of axes behind the channels.
    """
    scale, bias = units
    links, grid, out = _end(scope, name)
    shape = (-1, *(1,) * tail)
    bounds = _bounds(scope, links, grid) if grid is not None else None
    if grid is not None and bounds is not None:
        factor = (scale / grid.scale.reshape(())).astype(np.float32)
        kept: tuple[Link, ...] = (Link("Mul", (factor.reshape(shape),)),)
    else:
        kept = (Link("Mul", (scale.reshape(shape),)), *links)
        if grid is not None:
            kept = (*kept, Link("Div", (grid.scale.reshape(1),)))
    limits = np.iinfo(grid.dtype) if grid is not None else np.iinfo(np.int8)
    low, high = bounds or (int(limits.min), int(limits.max))
    return Target(None if bias is None else bias.reshape(shape), kept, grid, low, high), out


def _reads(scope: Scope, target: Target, *names: str) -> tuple[str, ...]:
    return scope.reads(*names, *(name for link in target.links for name in link.names))


def _convolution(scope: Scope, node: Node) -> list[Unit] | None:
    source, weight = _source(scope, node.inputs[0]), _weight(scope, node.inputs[1], 0)
    if source is None or weight is None:
        return None
    (x, grid), (integers, scales) = source, weight
    scale = (grid.scale.reshape(()) * scales).astype(np.float32)
    has_bias = len(node.inputs) > 2 and bool(node.inputs[2])
    bias = _bias(scope, node.inputs[2], scale) if has_bias else None
    if has_bias and bias is None:
        return None
    groups = int(cast("int", node.attrs.get("group", 1)))
    splits = split_sum(integers, grid.largest, bias)
    if groups > 1 and len(splits) > 1:
        integers, splits = integers.astype(np.float64), [slice(None)]
    window = read_window(node.attrs, scope.shape(x)[2:], integers.shape[2:])
    target, out = _target(scope, node.outputs[0], (scale, bias), len(window.kernel))
    filters = Filters(integers, groups)
    return [IntegerConvolved(_reads(scope, target, x), (out,), target, grid, filters, window, tuple(splits))]


def _product(scope: Scope, node: Node) -> list[Unit] | None:
    """MatMul and Gemm."""
    source = _source(scope, node.inputs[0])
    plain = node.attrs.get("alpha", 1.0) == 1 == node.attrs.get("beta", 1.0) and not node.attrs.get("transA", 0)
    if source is None or not plain or len(scope.shape(source[0])) < 2:
        return None
    turned = bool(node.attrs.get("transB", 0))
    weight = _weight(scope, node.inputs[1], 0 if turned else 1)
    if weight is None:
        return _computed_product(scope, node, source) if node.op == "MatMul" else None
    (x, grid), (integers, scales) = source, weight
    if integers.ndim != 2:
        return None
    integers = integers.T if turned else integers
    scale = (grid.scale.reshape(()) * scales).astype(np.float32)
    has_bias = len(node.inputs) > 2 and bool(node.inputs[2])
    bias = _bias(scope, node.inputs[2], scale) if has_bias else None
    if has_bias and (bias is None or bias.size not in (1, integers.shape[1])):
        return None
    splits = split_sum(integers.T, grid.largest, bias)
    target, out = _target(scope, node.outputs[0], (scale, bias))
    return [IntegerProjected(_reads(scope, target, x), (out,), target, grid, integers, tuple(splits))]


def _computed_product(scope: Scope, node: Node, left: tuple[str, Grid]) -> list[Unit] | None:
    """A MatMul of two computed tensors."""
    right = _source(scope, node.inputs[1])
    if right is None or len(scope.shape(right[0])) < 2:
        return None
    grids = (left[1], right[1])
    bound = scope.shape(left[0])[-1] * grids[0].largest * grids[1].largest
    dtype = np.dtype(np.float32 if bound < EXACT else np.float64)
    scale = (grids[0].scale.reshape(1) * grids[1].scale.reshape(1)).astype(np.float32)
    target, out = _target(scope, node.outputs[0], (scale, None))
    names = (left[0], right[0])
    return [IntegerMultiplied(_reads(scope, target, *names), (out,), target, names, grids, dtype)]


def _sum(scope: Scope, node: Node) -> list[Unit] | None:
    """Add of two quantised tensors of one shape, quantised again; other sums are functions of one integer or floats."""
    sources = [_source(scope, name) for name in node.inputs]
    left, right = sources[0], sources[-1]
    if left is None or right is None or len(sources) != 2 or scope.shape(left[0]) != scope.shape(right[0]):
        return _table(scope, node)
    used = set(scope.used)
    links, grid, out = _end(scope, node.outputs[0])
    bounds = _bounds(scope, links, grid) if grid is not None else None
    if grid is None or bounds is None:
        scope.used.clear()
        scope.used.update(used)
        return None
    total = QuantisedSum(left[1], right[1], grid, *bounds)
    return [IntegerAdded(scope.reads(left[0], right[0]), (out,), (left[0], right[0]), total)]


def _mean(scope: Scope, node: Node) -> list[Unit] | None:
    """GlobalAveragePool; its scale is that of the input over that of the output times the number of pixels."""
    source = _source(scope, node.inputs[0])
    if source is None:
        return None
    x, grid = source
    count = int(np.prod(scope.shape(x)[2:]))
    if count * grid.largest >= EXACT or not count:
        return None
    links, out_grid, out = _end(scope, node.outputs[0])
    bounds = _bounds(scope, links, out_grid) if out_grid is not None else None
    if out_grid is not None and bounds is not None:
        factor = grid.scale.reshape(1) / (out_grid.scale.reshape(1) * np.float32(count))
        target = Target(None, (Link("Mul", (factor.astype(np.float32),)),), out_grid, *bounds)
    else:
        factor = (grid.scale.reshape(1) / np.float32(count)).astype(np.float32)
        more = () if out_grid is None else (Link("Div", (out_grid.scale.reshape(1),)),)
        limits = np.iinfo(np.int8 if out_grid is None else out_grid.dtype)
        target = Target(None, (Link("Mul", (factor,)), *links, *more), out_grid, int(limits.min), int(limits.max))
    return [IntegerAveraged(_reads(scope, target, x), (out,), target, grid)]


def _table(scope: Scope, node: Node) -> list[Unit] | None:
    """Elementwise operators of one quantised tensor and constants."""
    source = _source(scope, node.inputs[0])
    if source is None:
        return None
    used = set(scope.used)
    first = scope.links(node, node.inputs[0])
    more, grid, out = _end(scope, node.outputs[0])
    links = [*(first or []), *more]
    values = [link.values(scope.constants) for link in links]
    scalar = all(known is not None and all(v is None or v.size == 1 for v in known) for known in values)
    if first is None or grid is None or not scalar or any(link.op not in INPLACE for link in links):
        scope.used.clear()
        scope.used.update(used)
        return None
    x, of_input = source
    bits = np.arange(256, dtype=np.uint8).view(of_input.dtype)
    (result,) = call("DequantizeLinear", [bits, of_input.scale.reshape(()), of_input.zero_point.reshape(())], {})
    for link, known in zip(links, values, strict=True):
        others = [None if v is None else v.reshape(()) for v in known or []]
        (result,) = call(link.op, [result, *others], link.attrs)
    (table,) = call("QuantizeLinear", [result, grid.scale.reshape(()), grid.zero_point.reshape(())], {})
    return [Tabled((x,), (out,), table)]


def _view(scope: Scope, node: Node) -> list[Unit] | None:
    """A view between two quantisers of one grid is a view of the integers."""
    source = _source(scope, node.inputs[0])
    known = scope.known(node)
    shapes = [scope.shape(name) for name in node.outputs if name]
    looks = looks_of(node, shapes, known) if len(shapes) == len(node.outputs) == 1 else None
    if source is None or looks is None:
        return None
    used = set(scope.used)
    links, grid, out = _end(scope, node.outputs[0])
    x, of_input = source
    if grid is None or links or not of_input.equals(grid):
        scope.used.clear()
        scope.used.update(used)
        return None
    return [View((x,), (out,), looks[0])]


INTEGER_RECOGNISERS: Mapping[str, Recogniser] = MappingProxyType(
    dict.fromkeys(INPLACE, _table)
    | dict.fromkeys(VIEWS, _view)
    | {"Add": _sum, "Conv": _convolution, "Gemm": _product, "GlobalAveragePool": _mean, "MatMul": _product}
)
"""Recognisers that quantised steps ask first."""
