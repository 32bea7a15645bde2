"""Reports made by hand, as pipeline makes them, for tests of views."""

from npusdk.report import (
    Comparison,
    DeviceFit,
    Evidence,
    Finding,
    FitReport,
    LayerTable,
    MemoryNeed,
    Note,
    ProfileReport,
    Reachability,
    Refusal,
)

ROWS = (
    {
        "name": "conv1", "op": "Conv+Relu", "group": "matrix", "macs": 118_013_952, "traffic_bytes": 2.0e6,
        "time_s": 12.5e-6, "bound": "compute", "utilization": 0.42,
    },
    {
        "name": "pool", "op": "MaxPool", "group": "vector", "macs": 0, "traffic_bytes": 1.2e6,
        "time_s": 4.0e-6, "bound": "vector", "utilization": 0.0,
    },
    {
        "name": "fc", "op": "Gemm", "group": "matrix", "macs": 2_048_000, "traffic_bytes": 2.1e6,
        "time_s": 3.0e-6, "bound": "memory", "utilization": 0.01,
    },
    {
        "name": "flatten", "op": "Flatten", "group": "view", "macs": 0, "traffic_bytes": 0.0,
        "time_s": 1.5e-6, "bound": "overhead", "utilization": 0.0,
    },
)  # fmt: skip
CALL_S, HOST_S = 30e-6, 9e-6
LATENCY_S = sum(row["time_s"] for row in ROWS) + CALL_S + HOST_S


def profile(**changes):
    """Return a profile of a small network; `scale` multiplies every time."""
    scale = changes.pop("scale", 1.0)
    rows = [{**row, "time_s": row["time_s"] * scale} for row in changes.pop("rows", ROWS)]
    latency_s = sum(row["time_s"] for row in rows) + (CALL_S + HOST_S) * scale
    fields = {
        "basis": "predicted",
        "device": "furiosa-rngd",
        "device_name": "RNGD",
        "model": "small net",
        "model_version": "priors-1",
        "precision": "bf16",
        "precision_reachable": Reachability(
            status="documented",
            software="Furiosa SDK",
            version="2025.3",
            date="2025-08-01",
            source="https://developer.furiosa.ai/latest/en/",
        ),
        "batch": 1,
        "latency_s": latency_s,
        "latency_low_s": latency_s / 2,
        "latency_high_s": latency_s * 2,
        "interval_basis": "judgement_no_measurement",
        "validity": "C",
        "throughput_per_s": 1 / latency_s,
        "call_s": CALL_S * scale,
        "host_s": HOST_S * scale,
        "weight_bytes": 4_000_000,
        "peak_memory_bytes": 6_500_000,
        "device_memory_bytes": 48 * 2**30,
        "macs": sum(row["macs"] for row in rows),
        "peak_ops_per_s": 256e12,
        "memory_bandwidth_bytes_per_s": 1.5e12,
        "bound": "overhead",
        "layers": LayerTable.from_rows(rows),
        "excluded": ("compiler_quality", "queueing", "energy"),
        "assumptions": (
            Note(code="assumed_parameter", params={"parameter": "eta_compute"}),
            Note(code="class_default", params={"parameter": "vector_ops_per_s"}),
            Note(code="class_default", params={"parameter": "lanes"}),
        ),
    }
    return ProfileReport(**{**fields, **changes})


RUNS = Finding(
    status="runs",
    node="conv1",
    op="Conv",
    count=53,
    reason=Note(code="operator_accelerated"),
    evidence=Evidence(
        kind="vendor_list", source="https://furiosa-ai.github.io/docs/operators", version="0.10.4", date="2023-08-01"
    ),
)
FALLS_BACK = Finding(
    status="falls_back",
    node="resize",
    op="Resize",
    reason=Note(code="operator_not_listed"),
    hint=Note(code="replace_operator"),
    evidence=Evidence(kind="vendor_list", source="https://furiosa-ai.github.io/docs/operators", version="0.10.4"),
)
BLOCKED = Finding(
    status="blocked",
    reason=Note(code="needs_quantization", params={"available": "int8"}),
    hint=Note(code="quantize_first", params={"precision": "int8"}),
    evidence=Evidence(kind="device_rule", source="https://furiosa-ai.github.io/docs/warboy", date="2023-08-01"),
)
UNDOCUMENTED = Finding(
    status="undocumented",
    reason=Note(code="operator_undocumented"),
    hint=Note(code="ask_vendor"),
    evidence=Evidence(kind="assumed"),
)
MEMORY = MemoryNeed(weight_bytes=4_000_000, activation_bytes=2_500_000, pool_bytes=48 * 2**30)


def device_fit(status="runs", **changes):
    """Return the answer for one device."""
    findings = {
        "runs": (RUNS,), "falls_back": (RUNS, FALLS_BACK), "undocumented": (UNDOCUMENTED,), "blocked": (BLOCKED, RUNS),
    }  # fmt: skip
    fields = {
        "device": f"vendor-{status}",
        "device_name": f"Card {status}",
        "status": status,
        "precision": "bf16" if status != "blocked" else "",
        "memory": MEMORY if status != "blocked" else None,
        "findings": findings[status],
    }
    return DeviceFit(**{**fields, **changes})


def fit(**changes):
    """Return a fit with a device of each status."""
    fits = tuple(device_fit(status) for status in ("runs", "falls_back", "undocumented", "blocked"))
    return FitReport(**{"model": "small net", "batch": 1, "precision": "auto", "fits": fits, **changes})


REFUSAL = Refusal(
    device="furiosa-warboy",
    device_name="Warboy",
    code="precision",
    template="the device has no {precision}; it has {available}",
    hint="Choose one of the precisions {available}.",
    params={"precision": "bf16", "available": "int8"},
)


def comparison(**changes):
    """Return a comparison: the second device cannot be told apart from the first, the third can."""
    profiles = (
        profile(device="nvidia-h100-sxm", device_name="H100 SXM", scale=10.0, precision="fp16"),
        profile(),
        profile(device="rebellions-atom-max", device_name="ATOM-Max", scale=1.5),
    )
    return Comparison(**{"model": "small net", "batch": 1, "profiles": profiles, "refusals": (REFUSAL,), **changes})
