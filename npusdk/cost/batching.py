"""How a batch is run: all at once or in chunks, on the whole device or dealt to equal parts of it.

In chunks of c samples (powers of two that divide the batch B, where the compiler can do that), n = B / c after another:

    latency = t_call + io(B) / BW_host + n sum of t(c)

For throughput, a device that can be split into p independent parts gives ceil(B / p) samples to each:

    throughput = B / max(sum of t on a part, io(B) / BW_host, t_call)

The fastest chunk and the best p are taken; all at once on the whole device is always among them. A network with keys
and values that stay is run at once: those of all samples need their place, whichever chunk runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from npusdk.catalogue import CostParameters
from npusdk.cost.schedule import TOTALS, Schedule, schedule
from npusdk.cost.table import WorkTable

Tables: TypeAlias = Callable[[int], WorkTable]
"""Work of a network at a batch; asked once or more for each batch that is tried."""


def take_part(parameters: CostParameters, parts: int) -> CostParameters:
    """Return one of `parts` equal parts of a device: units, memory on chip, bandwidths and rates divided.

    Units that do not divide stay idle, and with them their share of the vector rate.

    Parameters
    ----------
    parameters
        The whole device.
    parts
        At most as many as it has units.
    """
    units = parameters.units // parts
    return replace(
        parameters,
        units=units,
        vector_ops_per_s=parameters.vector_ops_per_s * units / parameters.units,
        usable_on_chip_bytes=parameters.usable_on_chip_bytes / parts,
        on_chip_bandwidth_bytes_per_s=parameters.on_chip_bandwidth_bytes_per_s / parts,
        memory_bandwidth_bytes_per_s=parameters.memory_bandwidth_bytes_per_s / parts,
        host_bandwidth_bytes_per_s=parameters.host_bandwidth_bytes_per_s / parts,
        partitions=(1,),
    )


def best_schedule(tables: Tables, parameters: CostParameters, batch: int) -> Schedule:
    """Return the fastest way to run a batch; its throughput is that on the best number of parts.

    Parameters
    ----------
    tables
        Work of the network at the batch it is called with; called for those that are tried only.
    parameters
        The device, with its `partitions` and whether it `chunks_batch`.
    batch
        Samples in one call.
    """
    found = _fastest(tables, parameters, batch)
    if found.device_s <= max(found.host_s, found.call_s):
        return found
    for parts in parameters.partitions:
        if 1 < parts <= min(batch, parameters.units):
            share = _fastest(tables, take_part(parameters, parts), -(-batch // parts))
            parted = replace(found, partitions=parts, part_s=share.device_s)
            found = parted if parted.throughput_per_s > found.throughput_per_s else found
    return found


def chunk_sizes(batch: int) -> list[int]:
    """Return the chunks that are tried, the whole batch first."""
    powers = [1 << power for power in range(batch.bit_length()) if batch % (1 << power) == 0]
    return [batch, *(power for power in reversed(powers) if power < batch)]


def _fastest(tables: Tables, parameters: CostParameters, batch: int) -> Schedule:
    """Return the schedule in the chunks that are fastest, the largest of them where they are equal."""
    whole = schedule(tables(batch), parameters)
    if not parameters.chunks_batch or whole.resident_bytes:
        return whole
    best, least_s = whole, whole.device_s * (1 - 1e-12)
    for chunk in chunk_sizes(batch)[1:]:
        one = schedule(tables(chunk), parameters)
        if one.device_s * (batch // chunk) < least_s:
            best, least_s = one, one.device_s * (batch // chunk)
    return best if best is whole else _repeat(best, whole)


def _repeat(one: Schedule, whole: Schedule) -> Schedule:
    """Return the schedule of a batch as many equal chunks, of which `one` is given; its inputs arrive as a `whole`."""
    totals = {name: getattr(one, name) * (whole.batch // one.batch) for name in TOTALS}
    return replace(one, **totals, batch=whole.batch, host_s=whole.host_s)
