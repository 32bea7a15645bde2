"""The work table of a plan: everything about its steps that no device's speed changes, as columns.

One table serves every device that shares the plan's graph, batch, fusion class and precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from npusdk.compiler.plan import Plan, Step
from npusdk.cost.extent import check_extent
from npusdk.cost.flow import OUTSIDE, Flow, count_constants, exchanged_bytes, live_bytes, trace_flow
from npusdk.cost.gemms import Floats, GemmSet, collect_gemms
from npusdk.cost.residency import Residency, tabulate_residency
from npusdk.cost.waves import SHORT_QUERIES, AttentionSet
from npusdk.cost.work import Gemm, Work
from npusdk.graph import Graph

DEPTHWISE_OPS_PER_MAC = 2
"""A depthwise convolution runs on the vector units, as a multiplication and an addition."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class WorkTable:
    """Work of a plan's steps; every array has one element for each step, and holds what one execution of it does.

    Parameters
    ----------
    names, labels, kinds
        Of the steps.
    batch
        Samples in one call.
    repeats
        How often a step runs in one call.
    on_device, moves
        Whether a step runs on the device, and whether it moves bytes at all (a view does not).
    macs
        Multiply-accumulates.
    vector_ops, depthwise_macs
        Elementwise operations on the device, those of depthwise convolutions included, and the latter's
        multiply-accumulates.
    input_bytes, output_bytes
        Activations that a step on the device reads and writes.
    weight_bytes, row_bytes
        Constants that it reads whole, and rows that it reads of tables.
    cache_bytes
        What it reads and writes of what is resident; neither of `input_bytes` nor of `output_bytes`.
    exchange_bytes
        What a step on the host receives from the device and gives back.
    reduced_bytes
        Bytes of the results that `shards` devices add up by an all-reduce.
    step_live_bytes
        Activations that are alive on the device during a step.
    gemms, plain_gemms
        Matrix products of all steps on the device; the same without `attention`.
    attention
        Attentions that a GPU runs as one kernel.
    residency
        What may stay on chip.
    pinnable_bytes, table_bytes, resident_bytes
        All constants that are read whole, all tables of which rows are read, and all that is resident; here and in what
        follows, once for each repeat.
    constant_bytes
        All constants that steps on the device read.
    live_bytes
        Largest set of live activations, with all that is resident.
    given_bytes, returned_bytes
        Inputs and outputs of one call, which cross the host link.
    shards
        Devices that each do this work on a share of one network.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    batch: int
    repeats: npt.NDArray[np.int64]
    on_device: Flags
    moves: Flags
    macs: npt.NDArray[np.int64]
    vector_ops: Floats
    depthwise_macs: Floats
    input_bytes: Floats
    output_bytes: Floats
    weight_bytes: Floats
    row_bytes: Floats
    cache_bytes: Floats
    exchange_bytes: Floats
    reduced_bytes: Floats
    step_live_bytes: npt.NDArray[np.int64]
    gemms: GemmSet
    plain_gemms: GemmSet
    attention: AttentionSet
    residency: Residency
    pinnable_bytes: int
    table_bytes: int
    resident_bytes: int
    constant_bytes: int
    live_bytes: int
    given_bytes: int
    returned_bytes: int
    shards: int

    def __len__(self) -> int:
        return len(self.names)

    @property
    def call_bytes(self) -> int:
        """Inputs and outputs of one call."""
        return self.given_bytes + self.returned_bytes

    @cached_property
    def activation_bytes(self) -> Floats:
        """What a step on the device moves between on-chip memory and its units, constants apart."""
        return self.input_bytes + self.output_bytes + self.cache_bytes


def work_table(plan: Plan) -> WorkTable:
    """Return the work of every step of a plan.

    Raises
    ------
    UnsupportedOpError
        If a node's operator has no work rule.
    ModelError
        If one call is more than can be counted.
    """
    flow = trace_flow(plan)
    totals = count_constants(flow, plan)
    check_extent(flow, totals, plan.graph.name)
    count = len(plan.steps)
    on_device = np.array([step.placement == "device" for step in plan.steps], np.bool_)
    input_bytes, output_bytes, cache_bytes, working_bytes = _activation_bytes(flow)
    weight_bytes = np.array([sum(weights.whole_bytes.values()) for weights in flow.weights], np.float64)
    row_bytes = np.array([sum(weights.row_bytes.values()) for weights in flow.weights], np.float64)
    depthwise = np.array([step.kind == "depthwise" for step in plan.steps], np.bool_) & on_device
    macs = np.array([sum(work.macs for work in works) for works in flow.works], np.int64)
    depthwise_macs = np.where(depthwise, macs, 0.0)
    vector_ops = np.array([_vector_ops(*pair, plan) for pair in zip(plan.steps, flow.works, strict=True)], np.float64)
    products = {index: _products(flow, index) for index in range(count) if on_device[index] and not depthwise[index]}
    attention = _attention(flow, products, plan.graph)
    fused = set(attention.step.tolist())
    flat = [(index, gemm) for index, gemms in products.items() for gemm in gemms]
    activations, constants = input_bytes + output_bytes + cache_bytes, weight_bytes + row_bytes
    exchange_bytes, given_bytes, returned_bytes = exchanged_bytes(flow)
    alive = live_bytes(flow)
    return WorkTable(
        names=tuple(step.name for step in plan.steps),
        labels=tuple(step.label for step in plan.steps),
        kinds=tuple(step.kind for step in plan.steps),
        batch=plan.batch,
        repeats=np.array(flow.repeats, np.int64),
        on_device=on_device,
        moves=np.array(flow.moves, np.bool_),
        macs=macs,
        vector_ops=np.where(on_device, vector_ops, 0.0) + DEPTHWISE_OPS_PER_MAC * depthwise_macs,
        depthwise_macs=depthwise_macs,
        input_bytes=input_bytes,
        output_bytes=output_bytes,
        weight_bytes=weight_bytes,
        row_bytes=row_bytes,
        cache_bytes=cache_bytes,
        exchange_bytes=exchange_bytes,
        reduced_bytes=_reduced_bytes(plan),
        step_live_bytes=alive,
        gemms=collect_gemms(flat, activations, constants),
        plain_gemms=collect_gemms([pair for pair in flat if pair[0] not in fused], output_bytes, constants),
        attention=attention,
        residency=tabulate_residency(flow, working_bytes),
        pinnable_bytes=totals.whole_bytes,
        table_bytes=totals.table_bytes,
        resident_bytes=flow.cache_bytes,
        constant_bytes=totals.all_bytes,
        live_bytes=int(alive.max(initial=0)),
        given_bytes=given_bytes,
        returned_bytes=returned_bytes,
        shards=plan.traits.shards,
    )


def _activation_bytes(flow: Flow) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what each step on the device reads and writes, both of what is resident, and its working set.

    The working set is each value that it touches, once; what is resident streams past like weights.
    """
    reads, writes, cache, working = np.zeros((4, len(flow.steps)))
    for value in flow.values.values():
        is_cache = value.cache_bytes > 0 and value.producer == OUTSIDE
        if flow.is_on_device(value.producer):
            (cache if value.cache_bytes else writes)[value.producer] += value.cache_bytes or value.size_bytes
            working[value.producer] += value.size_bytes
        for reader, size in value.readers.items():
            if flow.is_on_device(reader):
                (cache if is_cache else reads)[reader] += size
                working[reader] += 0 if is_cache else min(size, value.size_bytes)
    return reads, writes, cache, working


def _reduced_bytes(plan: Plan) -> Floats:
    """Return the bytes of each step's results that all shards add up."""
    reduced = plan.traits.reduced
    sizes = [
        sum(plan.device_bytes(node.outputs[0]) for node in step.nodes if node.name in reduced) if reduced else 0
        for step in plan.steps
    ]
    return np.array(sizes, np.float64)


def _vector_ops(step: Step, works: tuple[Work, ...], plan: Plan) -> int:
    """Return a step's elementwise operations.

    Values are dequantised only where a step does not multiply the integers themselves; weights, when they are loaded.
    """
    return sum(
        work.vector_ops
        for node, work in zip(step.nodes, works, strict=True)
        if node.op != "DequantizeLinear" or not (step.arithmetic == "integer" or node.inputs[0] in plan.graph.constants)
    )


def _products(flow: Flow, index: int) -> list[Gemm]:
    """Return a step's matrix products; those of one left operand and equal sides are one product with all columns."""
    columns: dict[tuple[str, int, int, int, int], int] = {}
    for node, work in zip(flow.steps[index].nodes, flow.works[index], strict=True):
        for position, gemm in enumerate(work.gemms):
            if gemm.macs:
                key = (node.inputs[0], position, gemm.cnt, gemm.M, gemm.K)
                columns[key] = columns.get(key, 0) + gemm.N
    return [Gemm(cnt, M, N, K) for (_, _, cnt, M, K), N in columns.items()]


def _attention(flow: Flow, products: dict[int, list[Gemm]], graph: Graph) -> AttentionSet:
    """Return the attentions that a GPU runs as one kernel."""
    fused = [
        (index, gemms[0].cnt, gemms[0].M, sum(gemm.N * gemm.K for gemm in gemms), _keys(flow, index, graph))
        for index, gemms in products.items()
        if flow.steps[index].kind == "attention" and len(gemms) == 2 and gemms[0].M > SHORT_QUERIES
    ]
    steps, cnt, queries, key_elements, keys = np.array(fused, np.float64).reshape(-1, 5).T
    return AttentionSet(steps.astype(np.intp), cnt, queries, key_elements, keys)


def _keys(flow: Flow, index: int, graph: Graph) -> int:
    """Return the keys of an attention: columns of its scores, all of them where only half are computed."""
    nodes = zip(flow.steps[index].nodes, flow.works[index], strict=True)
    return graph.tensors[next(node for node, work in nodes if work.gemms).outputs[0]].sizes[-1]
