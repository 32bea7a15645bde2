"""Every operator computes in every element type that ONNX lets it have."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import onnx
import pytest

from npusdk.errors import NpuError
from npusdk.graph import OPSET, Node, TensorType, infer
from npusdk.importers import load_onnx
from npusdk.kernels import KERNELS, call
from npusdk.numerics import ELEMENT_TYPES
from tests.conformance.suite import collect_node_cases, stored

YOUNGER = {"Swish": 24}
"""Operators that came after `OPSET`, and with which opset."""

SAMPLELESS = {"GlobalLpPool", "Not"}
"""Operators without a node test of an opset that is read; Not has one element type."""

TOLERANCES = {"float16": 2e-2, "float32": 1e-4, "float64": 0}

ONNX_NAMES = {"float": "float32", "double": "float64"}


@pytest.fixture(scope="module")
def samples():
    """Return, for each operator, the node of a node test with the fewest inputs, and its values."""
    found = defaultdict(list)
    for case in collect_node_cases().values():
        if len(case.model.graph.node) != 1:
            continue
        try:
            graph = load_onnx(case.model)
        except NpuError:
            continue
        if len(graph.nodes) == 1:
            values = dict(zip(graph.inputs, map(stored, case.data_sets[0][0]), strict=True)) | dict(graph.constants)
            types = {name: TensorType(graph.tensors[name].dtype, value.shape) for name, value in values.items()}
            found[graph.nodes[0].op].append((graph.nodes[0], types, values))
    return {op: min(cases, key=lambda case: len(case[0].inputs)) for op, cases in found.items()}


def variants(node, types, values):
    """Yield the sample with each type parameter of the operator's schema set to each element type it allows."""
    schema = onnx.defs.get_schema(node.op, YOUNGER.get(node.op, OPSET))
    for constraint in schema.type_constraints:
        slots = [slot for slot in range(len(node.inputs)) if _parameter(schema, slot) == constraint.type_param_str]
        names = {node.inputs[slot] for slot in slots if node.inputs[slot]}
        for allowed in sorted(constraint.allowed_type_strs):
            element = allowed.removeprefix("tensor(").removesuffix(")")
            element = ONNX_NAMES.get(element, element)
            if names and element in ELEMENT_TYPES and element != "string":
                yield constraint.type_param_str, element, *_converted(element, names, types, values)


def _converted(element, names, types, values):
    storage = ELEMENT_TYPES[element].storage
    with np.errstate(invalid="ignore", over="ignore"):
        return (
            {name: replace(kind, dtype=element) if name in names else kind for name, kind in types.items()},
            {name: value.astype(storage) if name in names else value for name, value in values.items()},
        )


def _parameter(schema, slot):
    return schema.inputs[min(slot, len(schema.inputs) - 1)].type_str


def computed(node: Node, types, values):
    """Return what a node computes, after checking it against its shape rule."""
    expected = infer(node, types, values)
    found = call(node.op, [values[name] if name else None for name in node.inputs], node.attrs, len(node.outputs))
    assert len(found) == len(expected)
    for array, kind in zip(found, expected, strict=True):
        assert array.dtype == ELEMENT_TYPES[kind.dtype].storage
        assert array.shape == kind.shape
    return found


def test_every_operator_has_a_sample(samples):
    """The laws below speak of all operators."""
    assert set(samples) == set(KERNELS) - SAMPLELESS


def test_operators_compute_in_every_element_type_of_onnx(samples):
    """A kernel takes each element type that ONNX allows, and gives the types and shapes that its rule says."""
    failed = {}
    for op, (node, types, values) in samples.items():
        for _parameter_name, element, variant_types, variant_values in variants(node, types, values):
            try:
                computed(node, variant_types, variant_values)
            except Exception as error:  # noqa: BLE001 - collected, to show all at once
                failed[op, element] = f"{type(error).__name__}: {error}"[:150]
    assert not failed


def test_operators_agree_between_widths_of_floats(samples):
    """float16, float32 and float64 give the same numbers, as far as the narrowest of them can tell."""
    for op, (node, types, values) in samples.items():
        results = {
            (parameter, element): computed(node, variant_types, variant_values)
            for parameter, element, variant_types, variant_values in variants(node, types, values)
            if element in TOLERANCES
        }
        for (parameter, element), found in results.items():
            exact = results.get((parameter, "float64"), found)
            for ours, theirs in zip(found, exact, strict=True):
                tolerance = TOLERANCES[element]
                with np.errstate(over="ignore"):
                    theirs = theirs.astype(ours.dtype)  # noqa: PLW2901 - beyond a narrow type lies infinity
                np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=f"{op} {element}")
