"""What is asked of serving, checked: the memory of the devices, and how many requests it holds.

Weights and keys and values take at most nine tenths of the memory of all tp pp devices, W being the weights and kv the
bytes of a token:

    capacity = (0.9 memory - W) / kv tokens,   largest batch = min(2048, capacity / (isl + osl / 2))

A static batch reaches its full length at once: there osl counts in full. A batch that a caller gives may take all of
the memory.

**Devices of several memories** (a card of four chips) hold no model in one piece: it is divided among the chips as
among devices, and `tp` counts cards. With n chips a pass is that of one of n tp shares on one chip.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, get_args

from npusdk.catalogue import DeviceSpec, find_device
from npusdk.errors import ConfigError, DoesNotFitError, UnknownDeviceError
from npusdk.importers.language import Share
from npusdk.language import _, plain
from npusdk.pipeline.calibration import check_stack
from npusdk.pipeline.opening import read_count
from npusdk.report import Parallel
from npusdk.report.serving import Batching
from npusdk.units import format_bytes

if TYPE_CHECKING:
    from npusdk.pipeline.language_model import LLM

MOST_REQUESTS = 2048
"""Largest batch that is proposed."""

USABLE = 0.9
"""Share of the memory for weights, keys and values; the rest is for activations and the runtime."""

MOST_TP = 8
"""Largest tensor parallelism that an error proposes: the devices of one server."""


@dataclass(frozen=True)
class Workload:
    """What is asked for, checked.

    Parameters
    ----------
    model
        What is served.
    device, chip, chips
        The device, the part of it that has one memory (the device itself, mostly), and how many of those it has.
    precision
        Of the matrix products.
    parallel, batching, stack
        As `LLM.serve` takes them.
    input_tokens, output_tokens
        Of a request.
    """

    model: LLM
    device: DeviceSpec
    chip: DeviceSpec
    chips: int
    precision: str
    parallel: Parallel
    batching: Batching
    stack: str
    input_tokens: int
    output_tokens: int

    @property
    def shards(self) -> int:
        """Chips that share every layer."""
        return self.parallel.tp * self.chips

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights of one replica."""
        return self.model.weight_bytes(self.precision)

    @property
    def kv_bytes(self) -> float:
        """Bytes of a token's keys and values on all devices of a replica; more devices than key heads hold copies."""
        copies = Share(self.model.config, self.shards).kv_heads * self.shards / self.model.config.kv_heads
        return self.model.kv_bytes_per_token(self.precision) * copies

    @property
    def memory_bytes(self) -> int | None:
        """Bytes of one replica's memory."""
        pool = self.chip.pool_bytes
        return pool * self.shards * self.parallel.pp if pool else None

    @property
    def request_tokens(self) -> float:
        """Tokens of a request that count at once: the mean, or all where all requests are equally far."""
        return self.input_tokens + self.output_tokens * (0.5 if self.batching == "continuous" else 1.0)

    @property
    def capacity_tokens(self) -> int | None:
        """Tokens for which there is room beside the weights."""
        return None if self.memory_bytes is None else int(self._room(self.memory_bytes) // self.kv_bytes)

    @property
    def largest_batch(self) -> int | None:
        """Requests for which there is room, at most `MOST_REQUESTS`."""
        if self.memory_bytes is None:
            return None
        return min(MOST_REQUESTS, int(self._room(self.memory_bytes) // (self.request_tokens * self.kv_bytes)))

    def _room(self, memory_bytes: int) -> float:
        return max(0.0, USABLE * memory_bytes - self.weight_bytes)


def read_workload(
    model: LLM,
    device: str | DeviceSpec,
    tokens: tuple[int, int],
    *,
    precision: str,
    parallel: Parallel | None,
    batching: str,
    stack: str,
) -> Workload:
    """Return what was asked for; `tokens` are those of a request's input and output.

    Raises
    ------
    UnknownDeviceError, ShapeError, ConfigError, PrecisionError
        If one of the arguments is wrong.
    """
    found = _find(device)
    if batching not in get_args(Batching):
        raise ConfigError(
            _("batching {value} is not known; known are {known}"),
            hint=_("Give one of these."),
            value=plain(repr(batching), 40),
            known=", ".join(get_args(Batching)),
        )
    check_stack(stack)
    chip, chips = _chip(found)
    isl, osl = (read_count(what, n) or 1 for what, n in zip(("input_tokens", "output_tokens"), tokens, strict=True))
    return Workload(
        model=model,
        device=found,
        chip=chip,
        chips=chips,
        precision=model.decode(context=1).planner.precision(found, precision),
        parallel=parallel or Parallel(),
        batching=batching,  # type: ignore[arg-type]  # one of them, as just checked
        stack=stack,
        input_tokens=isl,
        output_tokens=osl,
    )


def _find(device: str | DeviceSpec) -> DeviceSpec:
    if isinstance(device, DeviceSpec):
        return device
    if not isinstance(device, str):
        raise UnknownDeviceError(
            _("a device is named by a text, not by {value}"),
            hint=_("Name it as npusdk.devices() does."),
            value=repr(device)[:80],
        )
    return find_device(device)


def _chip(device: DeviceSpec) -> tuple[DeviceSpec, int]:
    """Return the part of a device that has one memory, and how many of them it has."""
    count = len(device.memory_pools)
    if count <= 1:
        return device, 1
    whole = find_device(device.id.partition(":")[0])
    for part in whole.partitions:
        if abs(part.memory * len(whole.memory_pools) - 1) < 1e-6 and abs(part.units - part.memory) < 1e-6:
            return find_device(f"{whole.id}:{part.name}"), count
    return device, 1


def choose_batch(work: Workload, batch: int | None) -> tuple[int, str]:
    """Return the requests at once, and what decided them."""
    memory_bytes, largest = work.memory_bytes, work.largest_batch
    if memory_bytes is None or largest is None:
        if batch is None:
            raise ConfigError(
                _("the memory of {device} is not documented, so that its largest batch is not known"),
                hint=_("Give batch=."),
                device=work.device.id,
            )
        return batch, "given"
    needed = work.weight_bytes + (batch or 1) * work.request_tokens * work.kv_bytes
    if batch is None and not largest:
        raise _does_not_fit(work, needed, USABLE * memory_bytes, 1)
    if batch is not None and needed > memory_bytes:
        raise _does_not_fit(work, needed, memory_bytes, batch)
    if batch is not None:
        return batch, "given"
    return largest, "cap" if largest == MOST_REQUESTS else "memory"


def _does_not_fit(work: Workload, needed: float, limit: float, batch: int) -> DoesNotFitError:
    share = (work.memory_bytes or 1) / (work.parallel.tp * work.parallel.pp)
    devices = max(ceil(needed / (USABLE * share)), work.parallel.tp * work.parallel.pp + 1)
    tp = min(MOST_TP, 1 << (devices - 1).bit_length(), work.model.config.heads)
    return DoesNotFitError(
        _("{model} with {batch} requests takes {needed} in {precision}, and {devices} x {device} has {available}"),
        hint=_("Use parallel=Parallel(tp={tp}, pp={pp}), a smaller batch, or narrower weights= and cache=."),
        model=work.model.name,
        batch=batch,
        needed=format_bytes(needed),
        precision=work.precision,
        device=work.device.id,
        devices=work.parallel.tp * work.parallel.pp,
        available=format_bytes(limit),
        tp=tp,
        pp=ceil(devices / tp),
    )
