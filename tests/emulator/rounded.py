"""A slow oracle of rounded plans, on other people's number types."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from npusdk.kernels import call


def nearest(x, precision):
    """Round float32 values by other people's types: ml_dtypes, NumPy, and a sum that drops 13 bits for tf32."""
    if precision == "bf16":
        return x.astype(ml_dtypes.bfloat16).astype(np.float32)
    if precision == "fp16":
        with np.errstate(over="ignore"):
            return x.astype(np.float16).astype(np.float32)
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0xFFF + ((bits >> np.uint64(13)) & np.uint64(1))) & 0xFFFFE000).astype(np.uint32).view(np.float32)


def finite(x, precision):
    """Round a constant, its finite values to finite ones."""
    largest = {"bf16": 2.0**127 * (2 - 2.0**-7), "fp16": 65504.0, "tf32": 2.0**127 * (2 - 2.0**-10)}[precision]
    return np.clip(nearest(x, precision), -largest, largest) if np.isfinite(x).all() else nearest(x, precision)


def slow(plan, inputs, precision):
    """Return the outputs of a plan: each node on plain kernels in float32, tensors rounded at the borders of steps."""
    values = {**plan.graph.constants, **inputs}
    for name, value in plan.graph.constants.items():
        values[name] = finite(value, precision) if value.dtype == np.float32 else value
    for step in plan.steps:
        rounds = step.arithmetic == "rounded"
        inner = {}
        for name in step.inputs:
            value = values[name]
            inner[name] = nearest(value, precision) if rounds and value.dtype == np.float32 else value
        for node in step.nodes:
            given_values = [inner[name] if name else None for name in node.inputs]
            found = call(node.op, given_values, node.attrs, len(node.outputs))
            for name, value in zip(node.outputs, found, strict=False):
                leaves = rounds and name in step.outputs and value.dtype == np.float32
                inner[name] = nearest(value, precision) if leaves else value
        values.update((name, inner[name]) for name in step.outputs)
    return {name: values[name] for name in plan.graph.outputs}
