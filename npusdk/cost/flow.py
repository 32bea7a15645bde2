"""What crosses the borders of a plan's steps: who makes a tensor, who reads how much of it, and how long it lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from npusdk.compiler.plan import Plan, Step
from npusdk.cost.aliases import Aliases, moving_steps
from npusdk.cost.causal import causal_parts, halve
from npusdk.cost.storage import Storage
from npusdk.cost.work import Work, work_of
from npusdk.graph import Node

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
    cache_bytes
        Bytes that stay in the device's memory between calls: all of a resident input, what a resident output adds.
    readers
        Bytes that each step reads of it, by the step's index, ascending.
    """

    size_bytes: int
    producer: int
    is_output: bool = False
    cache_bytes: int = 0
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
    repeats
        How often each step runs in one call.
    """

    steps: tuple[Step, ...]
    works: tuple[tuple[Work, ...], ...]
    moves: tuple[bool, ...]
    values: Mapping[str, Value]
    weights: tuple[Weights, ...]
    repeats: tuple[int, ...]

    @property
    def cache_bytes(self) -> int:
        """Bytes of everything that is resident, once for each repeat of the steps that touch it."""
        return sum(
            value.cache_bytes
            * max((self.repeats[index] for index in (value.producer, *value.readers) if index >= 0), default=1)
            for value in self.values.values()
            if value.cache_bytes
        )

    def is_on_device(self, index: int) -> bool:
        """Whether a step runs on the device; what comes from outside does not."""
        return index != OUTSIDE and self.steps[index].placement == "device"


def bytes_read(name: str, storage: Storage, step: Step, works: Sequence[Work]) -> tuple[int, bool]:
    """Return how many bytes of an input a step reads, and whether it reads all of it.

    Nodes that read all of it share one reading; parts add up to all of it at most; the largest number of passes counts.
    """
    if not any(work.reads for work in works):
        return storage.bytes(name), True
    elements = storage.plan.graph.tensors[name].elements
    readings = [
        work.reads.get(index, elements)
        for node, work in zip(step.nodes, works, strict=True)
        for index, operand in enumerate(node.inputs)
        if operand == name
    ]
    read = max(max(readings, default=elements), min(elements, sum(readings)))
    return storage.bytes(name, read), read >= elements


def trace_flow(plan: Plan) -> Flow:
    """Follow every tensor of a plan through its steps."""
    graph, storage, resident = plan.graph, Storage(plan), plan.traits.resident
    works = _works(plan)
    moves, aliases = moving_steps(plan, works), Aliases(graph)
    values = {name: _given(name, storage) for name in graph.inputs if name not in graph.constants}
    weights = tuple(Weights() for _ in plan.steps)
    for index, step in enumerate(plan.steps):
        if not moves[index]:
            aliases.add(step)
            continue
        for name in step.inputs:
            read_bytes, is_whole = bytes_read(name, storage, step, works[index])
            for root, part_bytes in aliases.deal(read_bytes, name):
                if root in values:
                    readers = values[root].readers
                    readers[index] = readers.get(index, 0) + part_bytes
                elif step.placement == "device":
                    (weights[index].whole_bytes if is_whole else weights[index].row_bytes)[root] = read_bytes
        values.update((name, Value(plan.device_bytes(name), index)) for name in step.outputs)
    for name in graph.outputs:
        for value in (values[root] for root, _ in aliases.portions(name) if root in values):
            value.is_output = True
            value.cache_bytes = storage.bytes(name) if name in resident else value.cache_bytes
    repeats = tuple(plan.traits.times(step.name) for step in plan.steps)
    return Flow(plan.steps, works, moves, values, weights, repeats)


def _works(plan: Plan) -> tuple[tuple[Work, ...], ...]:
    """Return the work of the nodes of each step, half of it where attention is causal."""
    graph = plan.graph
    parts = causal_parts(graph, plan.traits.causal) if plan.traits.causal else {}

    def work(node: Node) -> Work:
        whole = work_of(node, graph)
        return halve(whole, parts[node.name]) if node.name in parts else whole

    return tuple(tuple(map(work, step.nodes)) for step in plan.steps)


def _given(name: str, storage: Storage) -> Value:
    """Return the value of a graph's input."""
    size_bytes = storage.bytes(name)
    return Value(size_bytes, OUTSIDE, cache_bytes=size_bytes if name in storage.plan.traits.resident else 0)


def live_bytes(flow: Flow) -> npt.NDArray[np.int64]:
    """Return the bytes of values that are alive on the device during each step.

    A value lives from the step that makes it (from the start, if a caller gives it) to its last reader, or to the end
    if a caller wants it. What only the host touches does not live on the device. What is resident is always there.
    """
    change = np.zeros(len(flow.steps) + 2, np.int64)
    change[0] = flow.cache_bytes
    for value in flow.values.values():
        if value.cache_bytes:
            continue
        touched = [index for index in (value.producer, *value.readers) if flow.is_on_device(index)]
        if not touched:
            continue
        start = max(value.producer, 0)
        end = len(flow.steps) if value.is_output else max(value.producer, *value.readers, 0)
        change[start] += value.size_bytes
        change[end + 1] -= value.size_bytes
    return np.cumsum(change)[: len(flow.steps)]


def exchanged_bytes(flow: Flow) -> tuple[npt.NDArray[np.float64], int, int]:
    """Return the bytes that each step on the host exchanges with the device, a call's inputs, and its outputs.

    A value goes to the host once, with the first step there that reads it, and comes back once. What is resident is no
    part of a call's inputs and outputs.
    """
    by_step = np.zeros(len(flow.steps))
    given_bytes = returned_bytes = 0
    for value in flow.values.values():
        on_device = flow.is_on_device(value.producer)
        at_host = [index for index in value.readers if not flow.is_on_device(index)]
        returns = len(at_host) < len(value.readers)
        if value.producer == OUTSIDE:
            given_bytes += value.size_bytes if returns and not value.cache_bytes else 0
        elif on_device and at_host:
            by_step[at_host[0]] += value.size_bytes
        elif not on_device and returns:
            by_step[value.producer] += value.size_bytes
        returned_bytes += value.size_bytes if value.is_output and on_device and not value.cache_bytes else 0
    return by_step, given_bytes, returned_bytes


@dataclass(frozen=True, slots=True)
class Constants:
    """Bytes of all constants that steps on the device read, once for each repeat of the steps.

    Parameters
    ----------
    whole_bytes
        Of those that some step reads whole.
    table_bytes
        Of those of which only rows are read.
    all_bytes
        Of all, whether or not their bytes move.
    """

    whole_bytes: int
    table_bytes: int
    all_bytes: int


def count_constants(flow: Flow, plan: Plan) -> Constants:
    """Return the bytes of a plan's constants."""
    storage = Storage(plan)
    whole = _repeats(flow, (weights.whole_bytes for weights in flow.weights))
    rows = _repeats(flow, (weights.row_bytes for weights in flow.weights))
    every = _repeats(flow, (step.inputs if step.placement == "device" else () for step in flow.steps))
    return Constants(
        sum(storage.bytes(name) * times for name, times in whole.items()),
        sum(storage.bytes(name) * times for name, times in rows.items() if name not in whole),
        sum(storage.bytes(name) * times for name, times in every.items() if name in plan.graph.constants),
    )


def _repeats(flow: Flow, tables: Iterable[Iterable[str]]) -> dict[str, int]:
    """Return how often each name that the steps mention is needed."""
    found: dict[str, int] = {}
    for names, times in zip(tables, flow.repeats, strict=True):
        for name in names:
            found[name] = max(times, found.get(name, 0))
    return found
