"""What the fit takes as given: which cards share a chip, what stacks are like, and the constants of all chips.

The constants in `SHARED` and the numbers in `FACTS` were chosen on the published measurements, by the error on networks
and chips that are left out; `python -m npusdk.calibration.alternatives` shows what others would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from npusdk.catalogue import find_device
from npusdk.pipeline.constants import Prior, Shared, StackConstants

CHIPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "t4": ("nvidia-t4",),
        "a100": (
            "nvidia-a100-pcie-40gb", "nvidia-a100-sxm4-40gb", "nvidia-a100-pcie-80gb", "nvidia-a100-sxm4-80gb",
        ),
        "h100": ("nvidia-h100-pcie", "nvidia-h100-sxm", "nvidia-h200-sxm"),
        "l40s": ("nvidia-l40s",),
        "warboy": ("furiosa-warboy",),
        "ipu-mk2": ("graphcore-c600", "graphcore-gc200", "graphcore-bow"),
    }
)  # fmt: skip
"""Chip -> cards that carry it (H200 is H100's silicon with more memory; C600, GC200 and Bow are Mk2 IPUs)."""

VECTOR_CHIPS = frozenset({"warboy"})
"""Chips of whose elementwise rate nothing is known, and which run networks that depend on it."""

SUCCEEDS: Mapping[str, str] = MappingProxyType({"a100": "t4", "h100": "a100", "l40s": "t4"})
"""Chip -> the same vendor's earlier one, than which it launches no operator more slowly."""

PRIORS: Mapping[str, Prior] = MappingProxyType(
    {
        "gpu": Prior(eta_compute=0.60, op_overhead_s=4e-6),
        "npu": Prior(eta_compute=0.60, op_overhead_s=1.5e-6),
        "ipu": Prior(eta_compute=0.60, op_overhead_s=1.5e-6),
        "lpu": Prior(eta_compute=0.95, op_overhead_s=1.5e-6),
    }
)
"""Where the search starts."""

LAMBDAS: Mapping[str, float] = MappingProxyType(
    {
        "eta_compute": 1.0, "op_overhead_s": 1.0, "eta_vector": 0.05,
        "compute": 0.15, "memory": 0.15, "overhead": 0.08,
    }
)  # fmt: skip
"""Weight of the distance from the prior, in units of one network on a chip."""

SHARED = Shared(eta_vector=0.125, link_latency_s=7e-6, narrow_energy=0.84)
"""Constants of all chips.

An elementwise rate of the data sheet counts fused multiply-adds, and exponentials run on units a quarter as many. A hop
of a collective includes what the libraries add. Eight-bit products draw somewhat less than half of sixteen-bit ones."""

REFERENCES = frozenset({"tensorrt", "furiosa-sdk", "poplar", "other"})
"""Stacks without factors: what they are like belongs to the chips that only they run on, and to TensorRT's.

Whoever names no software, or one that nobody knows, means whatever their chip runs."""

FACTS: Mapping[str, StackConstants] = MappingProxyType(
    {
        "fastertransformer": StackConstants(longest_fused_keys=384),
        "llama.cpp": StackConstants(unit_bytes_per_cycle=5.2),
        "vllm": StackConstants(launches=True),
        "deepspeed-mii": StackConstants(launches=True),
    }
)
"""What stacks are known for.

FasterTransformer fuses attention of short sequences only. The products of llama.cpp with one vector do not use all of a
data-centre GPU's bandwidth: their rate follows units and clock. vLLM and DeepSpeed-MII, as measured, launch each
operator."""

SUPPORT_UNITS, SUPPORT_CHIPS = 4, 2
"""Networks on chips, and chips, that a stack needs for its factors to be offered by name."""


def chip_of(device: str) -> str:
    """Return the chip of a device or a part of it: the device itself where no other card carries it.

    Examples
    --------
    >>> chip_of("furiosa-warboy:1pe"), chip_of("furiosa-rngd")
    ('warboy', 'furiosa-rngd')
    """
    whole = device.partition(":")[0]
    return next((chip for chip, devices in CHIPS.items() if whole in devices), whole)


def devices_of(chip: str) -> tuple[str, ...]:
    """Return the cards that carry a chip."""
    return CHIPS.get(chip, (chip,))


@cache
def class_of(chip: str) -> str:
    """Return the kind of device that a chip makes."""
    return find_device(devices_of(chip)[0]).kind
