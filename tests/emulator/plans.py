"""Plans for tests: from a model through the compiler, or with steps drawn by hand."""

from __future__ import annotations

import numpy as np
import onnxruntime

from npusdk.compiler import Legality, Plan, Step, canonicalize, compile_graph
from npusdk.graph import bind
from npusdk.importers import load_onnx
from npusdk.kernels import call
from npusdk.numerics import ELEMENT_TYPES, round_to


def graph_of(model, shapes=None, batch=None):
    """Return a model bound, with composites as single operators."""
    return canonicalize(bind(load_onnx(model), shapes or {}, call, batch=batch))


def compiled(graph, precision="exact", fusion="npu", host=frozenset(), *, quantised=False):
    """Return the plan that the compiler makes."""
    steps = compile_graph(graph, precision, Legality(host=host), fusion=fusion, is_quantized=quantised)
    return Plan(graph, "test", precision, 1, steps)


def step_of(graph, nodes, arithmetic="exact", placement="device"):
    """Return a step of the given nodes, with its border."""
    made = {name for node in nodes for name in node.outputs if name}
    inside = {id(node) for node in nodes}
    outside = {name for node in graph.nodes if id(node) not in inside for name in node.inputs} | set(graph.outputs)
    reads = tuple(dict.fromkeys(name for node in nodes for name in node.inputs if name and name not in made))
    writes = tuple(name for node in nodes for name in node.outputs if name and name in outside)
    return Step(nodes[0].name, "vector", tuple(nodes), reads, writes, placement, arithmetic)


def grouped(graph, sizes, precision="exact", arithmetic="exact"):
    """Return a plan whose steps are runs of nodes of the given sizes; what is left over is one step."""
    steps, start = [], 0
    for size in (*sizes, len(graph.nodes)):
        nodes = graph.nodes[start : start + size]
        if nodes:
            steps.append(step_of(graph, nodes, arithmetic))
        start += size
    return Plan(graph, "test", precision, 1, tuple(steps))


def samples(graph, seed=0, scale=1.0):
    """Return inputs for a graph: normal floats, small integers that are good as token numbers and masks."""
    rng = np.random.default_rng(seed)
    found = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        storage = ELEMENT_TYPES[tensor.dtype].storage
        if storage.kind == "f":
            found[name] = (rng.normal(size=tensor.sizes) * scale).astype(storage)
        else:
            found[name] = rng.integers(0, 2, tensor.sizes).astype(storage)
    return found


def node_by_node(graph, inputs):
    """Return every tensor of a graph, computed by plain kernels one node after another."""
    values = {**graph.constants, **inputs}
    for node in graph.nodes:
        given = [values[name] if name else None for name in node.inputs]
        for name, value in zip(node.outputs, call(node.op, given, node.attrs, len(node.outputs)), strict=False):
            rounds = name and graph.tensors[name].dtype == "bfloat16"
            values[name] = round_to(np.ascontiguousarray(value), "bf16") if rounds else value
    return values


def on_onnxruntime(model, inputs):
    """Return the outputs of a model on onnxruntime, in order."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    blob = model if isinstance(model, (str, bytes)) else model.SerializeToString()
    return onnxruntime.InferenceSession(blob, options, providers=["CPUExecutionProvider"]).run(None, inputs)


def deviation(found, expected):
    """Return max|a - b| / max|b|."""
    return float(np.abs(found.astype(np.float64) - expected).max() / max(float(np.abs(expected).max()), 1e-30))
