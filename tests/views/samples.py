"""Reports made by hand, as pipeline makes them, for tests of views."""

from npusdk.report import (
    TERMS,
    Advice,
    Comparison,
    DeviceFit,
    Evidence,
    Finding,
    FitReport,
    Later,
    LayerTable,
    MemoryNeed,
    Note,
    Parallel,
    ProfileReport,
    Provenance,
    Reachability,
    Refusal,
    Sensitivity,
    ServingReport,
    Span,
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


def grounded(name="small net", **changes):
    """Return a profile with everything that schema 1.2 has; `name` stands wherever a text may come from outside."""
    note = Note(code="change_lower_precision", params={"gain": 0.31})
    rows = [
        {
            **row, "repeats": 80 if row["name"] == "conv1" else 1, "explanation": note, "energy_j": row["time_s"] * 100,
            "terms": {**dict.fromkeys(TERMS.values(), row["time_s"] / 4), TERMS[row["bound"]]: row["time_s"]},
        }
        for row in ROWS
    ]  # fmt: skip
    rows = changes.pop("rows", rows)
    energy_j = (sum(row["time_s"] for row in rows) + CALL_S + HOST_S) * changes.get("scale", 1.0) * 150
    fields = {
        "rows": rows, "validity": "B", "stack": name, "parallel": Parallel(tp=2, replicas=3), "batch": 8, "chunk": 4,
        "partitions": 2, "energy_j": energy_j, "energy_low_j": energy_j / 2, "energy_high_j": energy_j * 1.5,
        "energy_basis": "tdp_bound", "power_w": 150.0, "sustained_power_w": 180.0, "power_boundary": "card",
        "krw": 0.002, "price_basis": name, "interval_basis": "judgement_no_measurement",
        "provenance": Provenance(
            chip=name, calibrated=True, units=3, points=17, eta_compute=0.42, op_overhead_s=2.5e-6, profile=name,
            stack=name, stack_units=2,
        ),
        "sensitivity": Later((
            Sensitivity(
                parameter=name, kind="assumed", value=0.8, factor=1.25, latency_low_s=LATENCY_S * 0.9,
                latency_high_s=LATENCY_S * 1.2, change=0.2,
            ),
        )),
        "advice": Later((
            Advice(
                condition=Note(code=name, params={name: name}), cause=Note(code="change_fewer_operators"),
                action=Note(code="choose_precision", params={"available": name}), gain=1.6, of="throughput",
                predicted_s=LATENCY_S * 0.8, separable=False,
            ),
        )),
    }  # fmt: skip
    return profile(**{**fields, **changes})


def span(value):
    """Return a figure that may be twice as large or half."""
    return Span(value=value, low=value / 2, high=value * 2)


def serving(name="a model", **changes):
    """Return what serving a language model takes; `name` stands wherever a text may come from outside."""
    steps, batch, tokens = 127, 16, 128
    latency_s = 0.04 + steps * 0.02
    rate = 2 * batch * tokens / latency_s
    fields = {
        "basis": "predicted", "device": name, "device_name": name, "model": name, "parameters": 8_030_261_248,
        "max_context": 8192, "model_version": name, "precision": name, "weights": name, "cache": name,
        "parallel": Parallel(tp=2, replicas=2), "stack": name, "batching": "continuous", "input_tokens": 512,
        "output_tokens": tokens, "batch": batch, "batch_basis": "given", "steps": steps, "ttft": span(0.015),
        "prefill": span(0.04), "tpot": span(0.02), "tpot_loaded": span(latency_s / tokens), "latency": span(latency_s),
        "tokens_per_s": span(rate), "tokens_per_s_per_device": rate / 4, "energy_j_per_token": 0.6,
        "energy_low_j_per_token": 0.3, "energy_high_j_per_token": 0.9, "energy_basis": "tdp_bound",
        "krw_per_million_tokens": 250.0, "price_basis": name, "power_boundary": name,
        "kv_bytes_per_token": 131_072, "kv_capacity_tokens": 400_000, "largest_batch": 690,
        "weight_bytes": 16 * 2**30, "memory_bytes": 160 * 2**30, "validity": "C",
        "interval_basis": "judgement_no_measurement", "excluded": ("queueing", name),
        "assumptions": (Note(code=name), Note(code="class_default", params={"parameter": name})),
    }  # fmt: skip
    grounds = grounded(name).provenance
    return ServingReport(**{**fields, "provenance": grounds, **changes})


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


def crossing(**changes):
    """Return a comparison of two devices in two precisions and batches, with energies of different boundaries."""
    profiles = tuple(
        grounded(
            device=device, device_name=device.upper(), precision=precision, batch=batch, chunk=1, scale=scale * batch,
            energy_j=None, power_w=None, energy_low_j=None, energy_high_j=None, krw=None, sustained_power_w=None,
            throughput_per_s=1000 * batch / (batch + 4) / scale,
        )
        for device, scale in (("rngd", 1.0), ("t4", 9.0))
        for precision in ("bf16", "int8")
        for batch in (1, 8)
    )  # fmt: skip
    return Comparison(**{"model": "small net", "profiles": profiles, "refusals": (REFUSAL,), **changes})
