"""Devices to cost plans on: any that could be built, and those of the catalogue."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from npusdk.catalogue import CostParameters, cost_parameters, find_device

A100 = cost_parameters(find_device("nvidia-a100-sxm4-40gb"), "fp16")
RNGD = cost_parameters(find_device("furiosa-rngd"), "bf16")
IPU = cost_parameters(find_device("graphcore-c600"), "fp16")
WARBOY = cost_parameters(find_device("furiosa-warboy"), "int8")

PLAIN = CostParameters(
    device="plain",
    dtype="fp16",
    style="grid",
    units=16,
    clock_hz=1e9,
    macs_per_unit_per_cycle=64,
    lanes=8,
    vector_ops_per_s=1e11,
    usable_on_chip_bytes=0.0,
    on_chip_bandwidth_bytes_per_s=1e12,
    memory_bandwidth_bytes_per_s=1e11,
    host_bandwidth_bytes_per_s=1e10,
    overlap=True,
    pins_weights=True,
    eta_compute=0.5,
    eta_memory=0.8,
    op_overhead_s=1e-6,
    call_overhead_s=2e-5,
    assumptions=(),
)
"""Round figures, for sums in the head."""

ARRAY = replace(PLAIN, style="systolic", array_rows=8, array_columns=8, dataflow="os")
"""The same with arrays of 64 cells as units."""


def magnitudes(low, high):
    """Draw numbers evenly over their orders of magnitude."""
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


def fill_cells(device):
    """Return the device with as many multipliers as cells, if it is an array."""
    cells = device.array_rows * device.array_columns
    return replace(device, macs_per_unit_per_cycle=cells) if device.style == "systolic" else device


any_device = st.builds(
    replace,
    st.just(PLAIN),
    dtype=st.sampled_from(["fp32", "fp16", "int8", "int4"]),
    style=st.sampled_from(["waves", "grid", "systolic"]),
    array_rows=st.integers(1, 256),
    array_columns=st.integers(1, 256),
    dataflow=st.sampled_from(["os", "ws", "is"]),
    units=st.integers(1, 1500),
    clock_hz=magnitudes(8, 9.5),
    macs_per_unit_per_cycle=st.integers(1, 5000),
    lanes=st.integers(1, 128),
    vector_ops_per_s=magnitudes(9, 14),
    usable_on_chip_bytes=st.one_of(st.just(0.0), magnitudes(3, 9)),
    on_chip_bandwidth_bytes_per_s=st.one_of(st.just(float("inf")), magnitudes(10, 14)),
    memory_bandwidth_bytes_per_s=magnitudes(9, 13),
    overlap=st.booleans(),
    pins_weights=st.booleans(),
    eta_compute=st.floats(0.1, 1.0),
    eta_memory=st.floats(0.1, 1.0),
    op_overhead_s=st.one_of(st.just(0.0), magnitudes(-7, -4)),
    call_overhead_s=magnitudes(-6, -3),
    link_bandwidth_bytes_per_s=st.one_of(st.just(0.0), magnitudes(9, 12)),
    link_latency_s=magnitudes(-7, -5),
    query_block=st.sampled_from([128, 384]),
    eta_vector=st.floats(0.1, 1.0),
    longest_fused_keys=st.one_of(st.just(0), st.integers(1, 600)),
).map(fill_cells)
"""Devices of any size, balanced or not."""
