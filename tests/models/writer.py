"""ONNX models as the common exporters lay them out: scoped names, weights as initialisers, constants as nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

Dim: TypeAlias = int | str

IR_VERSIONS = {11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}
"""IR version that came with each opset (ONNX, docs/Versioning.md)."""


class ModelWriter:
    """A model that grows node by node, its weights drawn from one seeded generator.

    Parameters
    ----------
    name
        Name of the graph.
    opset
        Version of the default operator set; operators whose form changed with it are written in the form it has.
    seed
        Seed of all weights.
    filled
        False leaves initialisers without data: enough for shapes and counts, at no cost in memory.
    """

    def __init__(self, name: str, *, opset: int = 17, seed: int = 0, filled: bool = True) -> None:
        self.opset = opset
        self.filled = filled
        self.rng = np.random.default_rng(seed)
        self.model = onnx.ModelProto(ir_version=IR_VERSIONS[opset], producer_name="npusdk.tests")
        self.model.opset_import.append(helper.make_opsetid("", opset))
        self.graph = self.model.graph
        self.graph.name = name
        self._scope: list[str] = []
        self._used: dict[str, int] = {}

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Put the nodes and weights written inside under `name`, as a module of the exported network."""
        self._scope.append(name)
        yield
        self._scope.pop()

    def input(self, name: str, shape: Sequence[Dim], dtype: int = TensorProto.FLOAT) -> str:
        """Add a graph input; a dimension of type str is symbolic."""
        self.graph.input.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name: str, tensor: str, shape: Sequence[Dim]) -> onnx.ModelProto:
        """Make `tensor` the float32 graph output `name` and return the model."""
        producer = next(node for node in reversed(self.graph.node) if tensor in node.output)
        producer.output[list(producer.output).index(tensor)] = name
        self.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return self.model

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        return self.nodes(op, *inputs, outputs=1, **attributes)[0]

    def nodes(self, op: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """Add a node with several outputs and return their names."""
        name = self._fresh("/" + "/".join([*self._scope, op]))
        results = [f"{name}_output_{index}" for index in range(outputs)]
        self.graph.node.append(helper.make_node(op, inputs, results, name=name, **attributes))
        return results

    def constant(self, value: ArrayLike, dtype: type[np.generic] = np.int64) -> str:
        """Add a Constant node."""
        return self.node("Constant", value=numpy_helper.from_array(np.asarray(value, dtype)))

    def weight(self, name: str, shape: Sequence[int], deviation: float, mean: float = 0.0) -> str:
        """Add a float32 initialiser, normal with this `deviation` and `mean`."""
        if not self.filled:
            return self._initialiser(name, TensorProto.FLOAT, shape, None)
        values = self.rng.standard_normal(tuple(shape), dtype=np.float32)
        values *= np.float32(deviation)
        values += np.float32(mean)
        return self._initialiser(name, TensorProto.FLOAT, shape, values)

    def positive(self, name: str, shape: Sequence[int], low: float, high: float) -> str:
        """Add a float32 initialiser, uniform from `low` to `high`."""
        values = self.rng.uniform(low, high, tuple(shape)).astype(np.float32) if self.filled else None
        return self._initialiser(name, TensorProto.FLOAT, shape, values)

    def stored(self, name: str, value: NDArray[np.generic]) -> str:
        """Add an initialiser with this very value."""
        return self._initialiser(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape, value)

    def _initialiser(self, name: str, dtype: int, shape: Sequence[int], value: NDArray[np.generic] | None) -> str:
        tensor = self.graph.initializer.add()
        tensor.name, tensor.data_type = self._fresh(".".join([*self._scope, name])), dtype
        tensor.dims.extend(shape)
        if value is not None:
            tensor.raw_data = np.ascontiguousarray(value).tobytes()
        return tensor.name

    def _fresh(self, name: str) -> str:
        count = self._used.setdefault(name, 0)
        self._used[name] += 1
        return f"{name}_{count}" if count else name

    def unsqueeze(self, x: str, axis: int) -> str:
        """Insert a dimension of 1 at `axis`."""
        return self._with_axes("Unsqueeze", 13, x, [axis])

    def squeeze(self, x: str, axis: int) -> str:
        """Drop the dimension of 1 at `axis`."""
        return self._with_axes("Squeeze", 13, x, [axis])

    def reduce_mean(self, x: str, axes: Sequence[int]) -> str:
        """Average over `axes`, which stay as dimensions of 1."""
        return self._with_axes("ReduceMean", 18, x, axes, keepdims=1)

    def split(self, x: str, sizes: Sequence[int], axis: int) -> list[str]:
        """Cut `x` along `axis` into parts of `sizes`."""
        if self.opset < 13:
            return self.nodes("Split", x, outputs=len(sizes), axis=axis, split=list(sizes))
        return self.nodes("Split", x, self.constant(sizes), outputs=len(sizes), axis=axis)

    def dimension(self, x: str, axis: int) -> str:
        """Read one dimension of `x` at run time, as a vector of one element."""
        return self.unsqueeze(self.node("Gather", self.node("Shape", x), self.constant(axis), axis=0), 0)

    def shape(self, *dims: int | str) -> str:
        """Join known sizes and run-time sizes (from `dimension`) to the shape that Reshape and Expand take."""
        if all(isinstance(dim, int) for dim in dims):
            return self.constant(dims)
        parts = [dim if isinstance(dim, str) else self.constant([dim]) for dim in dims]
        return self.node("Concat", *parts, axis=0)

    def _with_axes(self, op: str, since: int, x: str, axes: Sequence[int], **attributes: Any) -> str:
        """Write `op` with its axes as an attribute, or as an input from opset `since` on."""
        if self.opset < since:
            return self.node(op, x, axes=list(axes), **attributes)
        return self.node(op, x, self.constant(list(axes)), **attributes)
