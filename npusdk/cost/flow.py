"""What crosses the borders of a plan's steps: who makes a tensor, who reads how much of it, and how long it lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from npusdk.compiler.plan import Plan, Step
from npusdk.cost.work import Work, work_of

OUTSIDE = -1
"""Producer of a tensor that a caller gives."""


@dataclass(slots=True)
class Value:
    """A computed tensor that crosses a border, under the name of its producer; views of it are the same value.

    Parameters
    ----------
    size_bytes
        Bytes on the device.
    producer
        Index of the step that makes it, or `OUTSIDE`.
    is_output
        Whether a caller wants it.
    readers
        Bytes that each step reads of it, by the step's index, ascending.
    """

    size_bytes: int
    producer: int
    is_output: bool = False
    readers: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Weights:
    """Bytes of constants that a step on the device reads.

    Parameters
    ----------
    whole_bytes
        By name, of constants that are read whole.
    row_bytes
        By name, of tables of which only rows are read: the bytes of those rows.
    """

    whole_bytes: dict[str, int] = field(default_factory=dict)
    row_bytes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """Values and weights of a plan.

    Parameters
    ----------
    steps
        The plan's steps.
    works
        Work of the nodes of each step.
    moves
        Whether a step moves bytes at all.
    values
        By name.
    weights
        Of each step; empty on the host.
    """

    steps: tuple[Step, ...]
    works: tuple[tuple[Work, ...], ...]
    moves: tuple[bool, ...]
    values: Mapping[str, Value]
    weights: tuple[Weights, ...]

    def is_on_device(self, index: int) -> bool:
        """Whether a step runs on the device; what comes from outside does not."""
        return index != OUTSIDE and self.steps[index].placement == "device"


def bytes_read(name: str, plan: Plan, step: Step, works: Sequence[Work]) -> tuple[int, bool]:
    """Return how many bytes of an input a step reads, and whether it reads all of it.

    Nodes that read all of it share one reading; parts add up to all of it at most; the largest number of passes counts.
    """
    size_bytes = plan.device_bytes(name)
    if not any(work.reads for work in works):
        return size_bytes, True
    tensor = plan.graph.tensors[name]
    elements = tensor.elements
    readings = [
        work.reads.get(index, elements)
        for node, work in zip(step.nodes, works, strict=True)
        for index, operand in enumerate(node.inputs)
        if operand == name
    ]
    read = max(max(readings, default=elements), min(elements, sum(readings)))
    return (read * plan.device_bits(tensor) + 7) // 8, read >= elements


def trace_flow(plan: Plan) -> Flow:
    """Follow every tensor of a plan through its steps."""
    graph = plan.graph
    works = tuple(tuple(work_of(node, graph) for node in step.nodes) for step in plan.steps)
    moves = tuple(
        step.kind != "view" and any(work.moves for work in group) for step, group in zip(plan.steps, works, strict=True)
    )
    source: dict[str, str] = {}
    values = {name: Value(plan.device_bytes(name), OUTSIDE) for name in graph.inputs if name not in graph.constants}
    weights = tuple(Weights() for _ in plan.steps)
    for index, step in enumerate(plan.steps):
        if not moves[index]:
            source.update(
                (name, source.get(node.inputs[0], node.inputs[0])) for node in step.nodes for name in node.outputs
            )
            continue
        for name in step.inputs:
            root = source.get(name, name)
            read_bytes, is_whole = bytes_read(name, plan, step, works[index])
            if root in values:
                readers = values[root].readers
                readers[index] = readers.get(index, 0) + read_bytes
            elif step.placement == "device":
                (weights[index].whole_bytes if is_whole else weights[index].row_bytes)[root] = read_bytes
        values.update((name, Value(plan.device_bytes(name), index)) for name in step.outputs)
    for name in graph.outputs:
        value = values.get(source.get(name, name))
        if value is not None:
            value.is_output = True
    return Flow(plan.steps, works, moves, values, weights)


def live_bytes(flow: Flow) -> npt.NDArray[np.int64]:
    """Return the bytes of values that are alive on the device during each step.

    A value lives from the step that makes it (from the start, if a caller gives it) to its last reader, or to the end
    if a caller wants it. What only the host touches does not live on the device.
    """
    change = np.zeros(len(flow.steps) + 2, np.int64)
    for value in flow.values.values():
        touched = [index for index in (value.producer, *value.readers) if flow.is_on_device(index)]
        if not touched:
            continue
        start = max(value.producer, 0)
        end = len(flow.steps) if value.is_output else max(value.producer, *value.readers, 0)
        change[start] += value.size_bytes
        change[end + 1] -= value.size_bytes
    return np.cumsum(change)[: len(flow.steps)]


def exchanged_bytes(flow: Flow) -> tuple[npt.NDArray[np.float64], int]:
    """Return the bytes that each step on the host exchanges with the device, and those of a call's inputs and outputs.

    A value goes to the host once, with the first step there that reads it, and comes back once.
    """
    by_step = np.zeros(len(flow.steps))
    call_bytes = 0
    for value in flow.values.values():
        on_device = flow.is_on_device(value.producer)
        at_host = [index for index in value.readers if not flow.is_on_device(index)]
        returns = len(at_host) < len(value.readers)
        if value.producer == OUTSIDE:
            call_bytes += value.size_bytes if returns else 0
        elif on_device and at_host:
            by_step[at_host[0]] += value.size_bytes
        elif not on_device and returns:
            by_step[value.producer] += value.size_bytes
        call_bytes += value.size_bytes if value.is_output and on_device else 0
    return by_step, call_bytes


def total_bytes(flow: Flow, plan: Plan) -> tuple[int, int]:
    """Return the bytes of constants that some step reads whole, and of those of which only rows are read."""
    whole = _names(weights.whole_bytes for weights in flow.weights)
    rows = _names(weights.row_bytes for weights in flow.weights) - whole
    return sum(map(plan.device_bytes, whole)), sum(map(plan.device_bytes, rows))


def _names(tables: Iterable[Mapping[str, int]]) -> set[str]:
    return {name for table in tables for name in table}
