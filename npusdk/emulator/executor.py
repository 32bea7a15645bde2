"""The executor: plans once, then runs a list of calls on memory that it already has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from npusdk.compiler import Plan
from npusdk.emulator.arena import Lifetime, largest_live_set
from npusdk.emulator.feeding import check_inputs
from npusdk.emulator.memory import require_device, require_host
from npusdk.emulator.planning import Planner
from npusdk.emulator.storage import Array, Storage, storage_type
from npusdk.emulator.units import Unit, round_in_place
from npusdk.errors import ConfigError
from npusdk.graph import Graph, is_absent
from npusdk.host import memory_bytes
from npusdk.kernels.blocks import Calls
from npusdk.language import _
from npusdk.numerics import ELEMENT_TYPES

Draw: TypeAlias = Callable[[Graph], Mapping[str, Array]]
"""Makes the absent weights of a graph."""


class Executor:
    """Runs a plan with the numbers of its device.

    Parameters
    ----------
    plan
        What the compiler made. Constants of its graph are read, never written.
    memory_limit_bytes
        Memory of the emulated device; None for no limit but this machine's.
    draw
        Makes the weights that are absent from the graph, by name; called once it is known that they fit.

    Raises
    ------
    ConfigError
        If weights are absent, and there is nothing to draw them.
    OutOfDeviceMemoryError
        If weights and live activations, in the device's formats, exceed `memory_limit_bytes`.
    DoesNotFitError
        If they exceed this machine's memory; nothing has been allocated then.

    Notes
    -----
    Results are those of the operators as ONNX defines them, with sums in float32. The order of sums is that of this
    machine's BLAS, not the device's, which vendors do not document. An executor may be shared by threads: its calls
    take turns. It can be interrupted between any two operators, and run again.
    """

    def __init__(self, plan: Plan, memory_limit_bytes: int | None = None, *, draw: Draw | None = None) -> None:
        self.plan = plan
        self._lock = Lock()
        self._require_memory(memory_limit_bytes)
        with np.errstate(all="ignore"):
            self._prepare(_filled(plan, draw))

    def _prepare(self, plan: Plan) -> None:
        """Fold, pack and lay out everything that no input changes."""
        planner = Planner(plan)
        units = planner.units()
        storage = Storage(planner.tensors, planner.constants)
        self._lay_out(units, storage)
        self.weight_bytes = _weight_bytes(units, storage)
        self.arena_bytes = storage.measure()
        require_host(plan.graph.name, self.weight_bytes, self.arena_bytes, memory_bytes())
        storage.allocate()
        self._storage = storage
        self._calls = _bind(units, storage)

    @property
    def planned_bytes(self) -> int:
        """Memory that running takes: the constants, and all buffers in their shared places."""
        return self.weight_bytes + self.arena_bytes

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs by name; they are the caller's, and no later run changes them.

        Parameters
        ----------
        inputs
            One array for each input, of its shape, and of its element type or one that converts to it without loss.

        Raises
        ------
        ShapeError
            If an input is missing, unknown or of another shape.
        DtypeError
            If an element type cannot be converted without loss.
        """
        graph = self.plan.graph
        given = check_inputs(graph, inputs)
        with self._lock, np.errstate(all="ignore"):
            for name, array in given.items():
                target = self._storage[name]
                np.copyto(target, array)
                if graph.tensors[name].dtype == "bfloat16":
                    round_in_place(target, "bf16")
            for call in self._calls:
                call()
            return {name: self._output(name) for name in graph.outputs}

    def _output(self, name: str) -> Array:
        dtype = ELEMENT_TYPES[self.plan.graph.tensors[name].dtype].storage
        return np.array(self._storage[name], dtype, order="C")

    def _lay_out(self, units: list[Unit], storage: Storage) -> None:
        """Let every unit decide where its results go, and note how long each buffer lives."""
        for name in self.plan.graph.inputs:
            storage.add(name)
        for number, unit in enumerate(units):
            storage.now = number
            storage.add_scratch(unit.lay_out(storage))
            storage.read((*unit.reads, *unit.writes))
        storage.now = len(units)
        storage.read(self.plan.graph.outputs)

    def _require_memory(self, device_limit: int | None) -> None:
        """Refuse what cannot fit, from sizes alone."""
        graph = self.plan.graph
        sizes = {name: tensor.elements * storage_type(tensor.dtype).itemsize for name, tensor in graph.tensors.items()}
        held = (value for value in graph.constants.values() if any(value.strides) or not value.ndim or is_absent(value))
        weights = sum(value.nbytes for value in held)
        require_host(graph.name, weights, self._largest_live_set(sizes), memory_bytes())
        if device_limit is not None:
            on_device = {name for step in self.plan.steps if step.placement == "device" for name in step.outputs}
            sizes = {name: self.plan.device_bytes(name) for name in (*on_device, *graph.inputs)}
            require_device(self.plan.device, self.plan.weight_bytes, self._largest_live_set(sizes), device_limit)

    def _largest_live_set(self, sizes: Mapping[str, int]) -> int:
        """Return the most bytes of tensors between steps that live at one time."""
        lives = {name: Lifetime(sizes.get(name, 0), -1, -1) for name in self.plan.graph.inputs}
        for number, step in enumerate(self.plan.steps):
            for name in step.outputs:
                size = 0 if step.kind == "view" else sizes.get(name, 0)
                lives.setdefault(name, Lifetime(size, number, number))
            for name in step.inputs:
                if name in lives:
                    lives[name].last = number
        return largest_live_set(list(lives.values()))


def _filled(plan: Plan, draw: Draw | None) -> Plan:
    """Return the plan with values for the weights that are absent."""
    absent = [name for name, value in plan.graph.constants.items() if is_absent(value)]
    if not absent:
        return plan
    if draw is None:
        raise ConfigError(
            _("{model} cannot run: {count} of its weights are not there, the first is {name}"),
            hint=_("Run it by npusdk.compile, which draws them."),
            model=plan.graph.name,
            count=len(absent),
            name=absent[0],
        )
    constants = {**plan.graph.constants, **draw(plan.graph)}
    return replace(plan, graph=replace(plan.graph, constants=MappingProxyType(constants)))


def _bind(units: list[Unit], storage: Storage) -> Calls:
    """Return the calls of all units; each unit goes as it is bound, and its unpacked weights with it."""
    calls: Calls = []
    units.reverse()
    for number in range(len(units)):
        calls += units.pop().bind(storage, storage.scratch(number))
    return calls


def _weight_bytes(units: list[Unit], storage: Storage) -> int:
    """Return the bytes of the constants in the form in which the units hold them, each counted once."""
    arrays = {id(array): array for unit in units for array in unit.held(storage)}
    return sum(array.nbytes for array in arrays.values()) + sum(unit.own_bytes for unit in units)
