"""ONNX files to open graphs.

The way of a file: mapped into memory, its weights cut out (`onnx_wire`), the rest parsed by protobuf, functions
inlined, operators checked, nodes brought to the form of opset `npusdk.graph.OPSET` (`onnx_upgrades`) and into order,
weights laid over the mapped file. Nothing is allocated for a tensor before its dimensions are compared with the data
that is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npusdk.errors import DtypeError, ModelFormatError, UnsupportedOpError
from npusdk.graph import ANY_RANK, OPSET, Array, Graph, Node, Tensor, check_graph, check_size
from npusdk.importers.onnx_attributes import read_attributes
from npusdk.importers.onnx_files import ExternalData, map_file, refuse_other_kinds
from npusdk.importers.onnx_functions import expand_operators, inline_functions
from npusdk.importers.onnx_library import DecodeError, onnx
from npusdk.importers.onnx_operators import STANDARD_DOMAINS, refuse_unknown
from npusdk.importers.onnx_order import Names, sort_nodes, unique_names
from npusdk.importers.onnx_refusals import broken
from npusdk.importers.onnx_tensors import read_dtype, read_tensor
from npusdk.importers.onnx_texts import check_texts
from npusdk.importers.onnx_upgrades import Additions, upgrade
from npusdk.importers.onnx_wire import Cut, strip_weights
from npusdk.language import _

OPSETS = range(7, 29)
"""Opsets whose operators are understood."""

IR_VERSIONS = range(3, 15)
"""Versions of the file format that are understood; opset 7 came with the third."""


def load_onnx(source: str | Path | bytes | onnx.ModelProto) -> Graph:
    """Return the network of an ONNX model as an open graph.

    Parameters
    ----------
    source
        Path of a file, its bytes, or a parsed model. Weights of a file stay in it, memory-mapped.

    Raises
    ------
    ConfigError
        If there is no such file.
    ModelFormatError
        If the model is broken, truncated or hostile.
    UnsupportedOpError
        If it has operators that are not known; all of them are listed.
    DtypeError
        If a tensor has an element type that is not supported.
    """
    path = Path(source) if isinstance(source, (str, Path)) else None
    buffer = map_file(path) if path is not None else memoryview(_serialised(source))
    refuse_other_kinds(buffer)
    stripped = strip_weights(buffer)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(stripped.message)
    except DecodeError as error:
        broken(_("This is not an ONNX file: {reason}."), reason=str(error))
    opsets = _check_versions(model)
    whole = expand_operators(inline_functions(model, opsets), opsets)
    return _Reader(opsets, ExternalData(path)).read(whole.graph, stripped.weights)


def _serialised(source: str | Path | bytes | onnx.ModelProto) -> bytes:
    if isinstance(source, bytes):
        return source
    if not isinstance(source, onnx.ModelProto):
        text = f"expected a path, bytes or an onnx.ModelProto, not {type(source).__name__}"
        raise TypeError(text)
    try:
        return bytes(source.SerializeToString())
    except (ValueError, DecodeError) as error:
        raise ModelFormatError(
            _("The model is too large for one protobuf message: {reason}."),
            hint=_("Save it with external data, and give its path."),
            reason=str(error),
        ) from error


def _check_versions(model: onnx.ModelProto) -> dict[str, int]:
    """Return the opset of each domain of a model whose versions are understood."""
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        broken(_("The model has no graph, or an empty one."), field="graph")
    opsets: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain in STANDARD_DOMAINS else entry.domain
        if opsets.setdefault(domain, entry.version) != entry.version:
            broken(_("Two opsets are named for domain {domain}."), domain=domain or "ai.onnx", field="opset_import")
    standard = any(node.domain in STANDARD_DOMAINS for node in model.graph.node)
    opset = opsets.setdefault("", 0 if standard else OPSET)
    template = _("{field} is {found}; understood: {first} to {last}.")
    for name, found, allowed in (("ir_version", model.ir_version, IR_VERSIONS), ("opset_import", opset, OPSETS)):
        if found not in allowed:
            raise ModelFormatError(
                template,
                hint=_("Convert the model with onnx.version_converter, or export it for another opset."),
                field=name,
                found=found,
                first=allowed.start,
                last=allowed.stop - 1,
            )
    return opsets


@dataclass
class _Reader:
    """Reads one graph.

    Parameters
    ----------
    opsets
        Opset by domain.
    external
        Files beside the model.
    """

    opsets: Mapping[str, int]
    external: ExternalData

    def read(self, proto: onnx.GraphProto, weights: Iterable[Cut | None]) -> Graph:
        """Return the graph.

        Parameters
        ----------
        weights
            Data of each initialiser that was cut out of `proto`.
        """
        check_texts(proto)
        named = [(node.name or f"{node.op_type}_{index}", node) for index, node in enumerate(proto.node)]
        refuse_unknown(named, self.opsets)
        outputs = _names("output", proto.output)
        initializers = _index(proto)
        read = {name for _name, node in named for name in node.input} | set(outputs)
        tensors: dict[str, Tensor] = {}
        constants: dict[str, Array] = {}
        for (name, tensor), cut in zip(initializers.items(), weights, strict=True):
            if name in read:
                tensors[name], constants[name] = read_tensor(tensor, self.external, cut)
        inputs = [value for value in proto.input if value.name not in initializers]
        tensors.update({name: self._input(value) for name, value in zip(_names("input", inputs), inputs, strict=True)})
        nodes = self._nodes(named, tensors, constants)
        names = tuple(value.name for value in inputs)
        opset = self.opsets[""]
        graph = Graph(proto.name or "model", tuple(nodes), names, outputs, tensors, constants, opset)
        check_graph(graph)
        return graph

    def _input(self, value: onnx.ValueInfoProto) -> Tensor:
        """Return the type of an input; dimensions without a name get one of their own."""
        if not value.type.HasField("tensor_type"):
            raise UnsupportedOpError(
                _("Input {tensor} is a {kind}, not a tensor."),
                hint=_("Export the model with tensors as inputs."),
                tensor=value.name,
                kind=value.type.WhichOneof("value"),
            )
        kind = value.type.tensor_type
        dtype = read_dtype(value.name, kind.elem_type)
        if not kind.HasField("shape"):
            return Tensor(value.name, dtype, (ANY_RANK,))
        shape = tuple(
            dimension.dim_value if dimension.HasField("dim_value") else dimension.dim_param or f"{value.name}.{axis}"
            for axis, dimension in enumerate(kind.shape.dim)
        )
        check_size(value.name, shape)
        return Tensor(value.name, dtype, shape)

    def _nodes(
        self, named: Iterable[tuple[str, onnx.NodeProto]], tensors: dict[str, Tensor], constants: dict[str, Array]
    ) -> list[Node]:
        """Return the nodes in order and in their present form; constants that they hold or need are added."""
        nodes = []
        for name, proto in named:
            if proto.op_type == "Constant":
                self._constant(name, proto, tensors, constants)
            else:
                attrs = read_attributes(proto, name, self.external, self.opsets[""])
                nodes.append(Node(proto.op_type, name, tuple(proto.input), tuple(proto.output), attrs))
        nodes = unique_names(nodes)
        additions = Additions(Names({*tensors, *(output for node in nodes for output in node.outputs)}))
        nodes = unique_names(upgrade(sort_nodes(nodes, tensors), self.opsets[""], additions))
        for name, value in additions.constants.items():
            tensors[name], constants[name] = Tensor(name, str(value.dtype), value.shape), value
        return nodes

    def _constant(
        self, node: str, proto: onnx.NodeProto, tensors: dict[str, Tensor], constants: dict[str, Array]
    ) -> None:
        """Enter the value of a Constant node."""
        if len(proto.output) != 1 or not proto.output[0] or proto.output[0] in tensors or proto.input:
            broken(_("Node {node} ({op}): output {tensor} is already defined."), node=node, op="Constant",
                   tensor=", ".join(proto.output))  # fmt: skip
        (name,) = proto.output
        if len(proto.attribute) != 1:
            broken(
                _("Node {node} ({op}): attribute {attribute} is missing."), node=node, op="Constant", attribute="value"
            )
        attribute = proto.attribute[0]
        if attribute.name == "value" and attribute.type == onnx.AttributeProto.TENSOR:
            tensor, value = read_tensor(attribute.t, self.external, name=name)
            tensors[name], constants[name] = Tensor(name, tensor.dtype, tensor.shape), value
            return
        storage = _CONSTANT_TYPES.get(attribute.name)
        if storage is None:
            raise DtypeError(
                _("Node {node} ({op}): a constant of kind {kind} is not supported."),
                hint=_("Export the model with dense tensors of numbers."),
                node=node,
                op="Constant",
                kind=attribute.name,
            )
        value = np.array(read_attributes(proto, node, self.external, self.opsets[""])[attribute.name], storage)
        tensors[name], constants[name] = Tensor(name, str(value.dtype), value.shape), value


_CONSTANT_TYPES: Mapping[str, type[np.generic]] = {
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}


def _names(field: str, values: Iterable[onnx.ValueInfoProto]) -> tuple[str, ...]:
    """Return the names of inputs or outputs, which have to differ."""
    names = tuple(value.name for value in values)
    if not all(names) or len(set(names)) != len(names):
        broken(_("A name in {field} is empty or occurs twice."), field=field)
    return names


def _index(proto: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Return the initialisers by name."""
    if proto.sparse_initializer:
        raise UnsupportedOpError(
            _("Tensor {tensor} is sparse, which is not supported."),
            hint=_("Export the model with dense tensors."),
            tensor=proto.sparse_initializer[0].values.name,
        )
    found = {tensor.name: tensor for tensor in proto.initializer}
    if "" in found or len(found) != len(proto.initializer):
        broken(_("A name in {field} is empty or occurs twice."), field="initializer")
    return found
