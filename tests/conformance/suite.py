"""The onnx package's backend tests on our way through: importer, binding, kernels.

A case counts as passed when every data set gives the outputs that the onnx package expects, within the case's own
tolerances, and every tensor on the way has the element type and shape that the shape rules said.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper, version_converter
from onnx.backend.test.case.node import collect_testcases
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner

from npusdk.errors import NpuError, UnsupportedOpError
from npusdk.graph import Graph, bind, check_graph
from npusdk.importers import load_onnx
from npusdk.kernels import call
from npusdk.numerics import ELEMENT_TYPES, round_to


@dataclass(frozen=True)
class Case:
    """A backend test of the onnx package."""

    name: str
    model: onnx.ModelProto
    data_sets: list
    rtol: float
    atol: float

    @property
    def operators(self) -> frozenset[str]:
        """Operators of its nodes."""
        return frozenset(node.op_type for node in self.model.graph.node)

    @property
    def kinds(self) -> frozenset[str]:
        """Element types that its inputs, outputs and attributes name ("FLOAT8E5M2"), "SEQUENCE" and "OPTIONAL"."""
        graph = self.model.graph
        types = [entry.type for entry in (*graph.input, *graph.output)]
        elements = {found.tensor_type.elem_type for found in types if found.HasField("tensor_type")}
        attributes = [attribute for node in graph.node for attribute in node.attribute]
        elements |= {attribute.i for attribute in attributes if attribute.name in ("to", "dtype", "output_dtype")}
        other = {found.WhichOneof("value")[:-5].upper() for found in types} - {"TENSOR"}
        return frozenset({onnx.TensorProto.DataType.Name(element) for element in elements} | other)

    @property
    def domains(self) -> frozenset[str]:
        """Operator domains, ONNX's own apart."""
        return frozenset(node.domain for node in self.model.graph.node if node.domain)


def collect_cases() -> dict[str, Case]:
    """Return every backend test of the installed onnx package that needs no network, by kind and name."""
    return collect_node_cases() | collect_file_cases() | collect_network_cases()


FILE_KINDS = ("simple", "pytorch-operator", "pytorch-converted")
"""Suites that the package holds as files: a model and its data sets in each folder."""


def collect_node_cases() -> dict[str, Case]:
    """Return every node test of the installed onnx package; takes about four seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    return {
        f"node/{case.name}": Case(f"node/{case.name}", case.model, case.data_sets, case.rtol, case.atol)
        for case in found
    }


def collect_file_cases() -> dict[str, Case]:
    """Return the package's tests of single layers that PyTorch wrote, and of small graphs, by kind and name."""
    found = {}
    for kind in FILE_KINDS:
        for case in load_model_tests(kind=kind):
            folder = Path(case.model_dir)
            data_sets = [
                (read_tensors(data, "input"), read_tensors(data, "output"))
                for data in sorted(folder.glob("test_data_set_*"))
            ]
            model = lifted(onnx.load(folder / "model.onnx"))
            found[f"{kind}/{case.name}"] = Case(f"{kind}/{case.name}", model, data_sets, case.rtol, case.atol)
    return found


def lifted(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model of opset 6 at opset 7, by the converter that our refusal of it recommends."""
    if {entry.version for entry in model.opset_import} != {6}:
        return model
    try:
        return version_converter.convert_version(model, 7)
    except version_converter.ConvertError:
        return model


def collect_network_cases() -> dict[str, Case]:
    """Return the package's whole networks, whose weights are constants in place of trained ones."""
    found = {}
    for path in sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx")):
        model = onnx.load(path)
        made = {tensor.name for tensor in model.graph.initializer}
        inputs = [Runner.generate_dummy_data(entry) for entry in model.graph.input if entry.name not in made]
        expected = [read_tensor(path.with_name(f"{path.stem}_output_0.pb"))]
        found[f"light/{path.stem}"] = Case(f"light/{path.stem}", model, [(inputs, expected)], rtol=1e-3, atol=1e-7)
    return found


def read_tensors(folder: Path, stem: str) -> list:
    """Return the tensors of a data set in order."""
    return [read_tensor(folder / f"{stem}_{index}.pb") for index in range(len(list(folder.glob(f"{stem}_*.pb"))))]


def read_tensor(path: Path) -> onnx.TensorProto | None:
    """Return a tensor of a file, None where the file holds something else (a sequence)."""
    tensor = onnx.TensorProto()
    try:
        tensor.ParseFromString(path.read_bytes())
    except DecodeError:
        return None
    return tensor


def stored(value):
    """Return a value of a data set as kernels hold it; the element types that npusdk has not stay what they are."""
    assert isinstance(value, (onnx.TensorProto, np.ndarray, np.generic)), "not a tensor"
    array = numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
    return array.astype(np.float32) if array.dtype == ml_dtypes.bfloat16 else array


def with_constants(model: onnx.ModelProto, values: Mapping[str, np.ndarray | onnx.TensorProto]) -> onnx.ModelProto:
    """Return the model with some of its inputs made constants."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for name, value in values.items():
        tensor = onnx.TensorProto()
        tensor.CopyFrom(value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(np.asarray(value)))
        tensor.name = name
        fixed.graph.initializer.append(tensor)
    return fixed


def run_graph(graph: Graph, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a bound graph node by node, and hold every tensor to its type."""
    values = {**graph.constants, **feeds}
    for node in graph.nodes:
        inputs = [values[name] if name else None for name in node.inputs]
        outputs = call(node.op, inputs, node.attrs, len(node.outputs))
        for name, value in zip(node.outputs, outputs, strict=True):
            if name:
                values[name] = held_to_type(graph, name, value)
    return {name: values[name] for name in graph.outputs}


def held_to_type(graph: Graph, name: str, value: np.ndarray) -> np.ndarray:
    """Return a tensor rounded as its element type is; it must have the type that the graph promises."""
    tensor = graph.tensors[name]
    assert value.dtype == ELEMENT_TYPES[tensor.dtype].storage, f"{name}: {value.dtype} instead of {tensor.dtype}"
    assert value.shape == tensor.sizes, f"{name}: {value.shape} instead of {tensor.sizes}"
    return round_to(value, "bf16") if tensor.dtype == "bfloat16" else value


def run_data_set(case: Case, inputs, expected) -> None:
    """Run one data set of a case and compare."""
    made = {tensor.name for tensor in case.model.graph.initializer}
    names = [entry.name for entry in case.model.graph.input if entry.name not in made]
    given = dict(zip(names, inputs, strict=False))
    graph, feeds = bound(case.model, given)
    check_graph(graph)
    found = run_graph(graph, {name: stored(given[name]) for name in feeds})
    wanted = dict(zip((entry.name for entry in case.model.graph.output), expected, strict=True))
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        assert_similar(found[name], stored(value), case, bfloat16=graph.tensors[name].dtype == "bfloat16")


def bound(model: onnx.ModelProto, given):
    """Return the bound graph and the names that are still inputs.

    Node tests pass axes, shapes and the like as inputs. A graph here is static, so where a shape depends on values, all
    inputs of integers are made constants, and if that is not enough, all inputs.
    """
    steps = [[], [name for name, value in given.items() if stored(value).dtype.kind in "iub"], list(given)]
    for step, chosen in enumerate(steps):
        try:
            graph = load_onnx(with_constants(model, {name: given[name] for name in chosen}))
            shapes = {name: stored(given[name]).shape for name in graph.inputs}
            return bind(graph, shapes, call), list(graph.inputs)
        except UnsupportedOpError:
            if step == len(steps) - 1:
                raise
    raise AssertionError


def assert_similar(found, expected, case: Case, *, bfloat16: bool) -> None:
    """Compare as the onnx package's own runner does: two units in the last place for bfloat16."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    rtol = max(case.rtol, 2**-6) if bfloat16 else case.rtol
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=case.atol)


def outcome(case: Case) -> str:
    """Return an empty text for a case that passes, else what went wrong."""
    try:
        for inputs, expected in case.data_sets:
            run_data_set(case, inputs, expected)
    except (NpuError, AssertionError) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
    except Exception as error:  # noqa: BLE001 - what should be a refusal is reported as what it is
        return f"unexpected {type(error).__name__}: {' '.join(str(error).split())}"[:200]
    return ""
