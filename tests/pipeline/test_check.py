"""Fit: what runs, falls back, is blocked or is undocumented, and what says so."""

import npusdk as npu


def reasons(fit):
    return {finding.reason.code for finding in fit.findings}


def test_float_model_is_blocked_on_an_integer_device_and_its_quantised_form_runs(digits, digits_int8):
    """Warboy multiplies int8 only: the float network is blocked with the way out, the QDQ network is not."""
    blocked = npu.check(digits, "warboy")["furiosa-warboy"]
    assert blocked.status == "blocked"
    assert "needs_quantization" in reasons(blocked)
    assert {finding.hint.code for finding in blocked.findings if finding.status == "blocked"} == {"quantize_first"}
    assert npu.check(digits_int8, "warboy")["furiosa-warboy"].status in ("runs", "falls_back")


def test_operators_without_a_public_list_are_undocumented_not_promised(digits):
    """A device whose vendor publishes no list gets "undocumented", with no source claimed for its operators."""
    fit = npu.check(digits, "rngd")["furiosa-rngd"]
    assert fit.status == "undocumented"
    finding = next(finding for finding in fit.findings if finding.reason.code == "operators_undocumented")
    assert finding.evidence.kind == "assumed"
    assert finding.count == len([node for node in digits.graph.nodes if node.op != "Flatten"])


def test_gpu_is_general_purpose_and_says_that_this_is_assumed(digits):
    """No operator list stands behind a GPU: it is taken to run, and the evidence is named so."""
    fit = npu.check(digits, "t4")["nvidia-t4"]
    assert (fit.status, reasons(fit)) == ("runs", {"general_purpose"})
    assert fit.findings[0].evidence.kind == "assumed"


def test_operator_that_the_vendor_sends_to_the_host_falls_back_with_its_node(one_op):
    """An operator outside the vendor's list falls back; the finding names node, operator and list."""
    fit = npu.check(one_op([1, 8], "Erf"), "atom", precision="fp16")["rebellions-atom-plus-ca22"]
    finding = next(finding for finding in fit.findings if finding.op == "Erf")
    assert (fit.status, finding.node, finding.reason.code) == ("falls_back", "only", "operator_on_host")
    assert finding.evidence.source
    report = npu.profile(one_op([1, 8], "Erf"), "atom")
    assert "host_compute" in report.excluded
    assert report.layers[0].bound == "host"


def test_model_that_exceeds_the_memory_is_blocked_before_anything_is_allocated(one_op):
    """A model larger than the largest pool is blocked, with what it needs and what there is."""
    fit = npu.check(one_op([1, 80_000, 80_000]), "t4")["nvidia-t4"]
    assert fit.status == "blocked"
    assert "memory_exceeded" in reasons(fit)
    assert fit.memory.total_bytes > fit.memory.pool_bytes


def test_four_memories_are_not_one_pool(one_op):
    """ATOM-Max has four memories of 16 GB: a model of 25 GB does not fit although 64 GB are on the card."""
    fit = npu.check(one_op([1, 80_000, 80_000]), "atom-max")["rebellions-atom-max"]
    assert fit.memory.pool_bytes < 17e9
    assert "memory_exceeded" in reasons(fit)
    assert npu.device("atom-max").memory_bytes > 60e9


def test_missing_precision_is_an_answer_not_an_error(digits):
    """A precision that some devices lack blocks those and leaves the others alone."""
    fits = npu.check(digits, ["t4", "rngd"], precision="bf16")
    assert fits["nvidia-t4"].status == "blocked"
    assert fits["furiosa-rngd"].precision == "bf16"


def test_planned_precision_is_undocumented_with_its_version(digits_int8):
    """A format that the vendor only plans is not promised, and the version that plans it is named."""
    fit = npu.check(digits_int8, "rngd")["furiosa-rngd"]
    planned = next(finding for finding in fit.findings if finding.reason.code == "precision_planned")
    assert planned.evidence.version == "2026.3.0"


def test_fit_survives_json(digits):
    """A fit report reads back equal."""
    report = npu.check(digits)
    assert npu.FitReport.from_json(report.to_json()) == report


def test_reference_runs_every_network(tiny):
    """The reference device runs whatever can be loaded."""
    assert npu.check(tiny, "reference")["reference"].status == "runs"


def test_quantised_steps_stay_on_an_integer_device_with_their_activations(digits_int8):
    """On Warboy a quantised convolution keeps its activation; only what the vendor's list lacks goes to the host."""
    steps = npu.compile(digits_int8, "warboy").plan.steps
    host = {node.op for step in steps if step.placement == "host" for node in step.nodes}
    assert host - {"DequantizeLinear"} == {"GlobalAveragePool"}
    assert [step.arithmetic for step in steps if step.kind == "matrix"] == ["integer"] * 4


def test_file_of_a_newer_opset_than_the_compiler_reads_is_blocked(one_op):
    """Warboy's compiler reads opset 13 at most: a newer file is blocked, with both numbers and the way out."""
    fit = npu.check(one_op([1, 8]), "warboy")["furiosa-warboy"]
    finding = next(finding for finding in fit.findings if finding.reason.code == "opset_too_new")
    assert (finding.status, finding.reason.params, finding.hint.code) == (
        "blocked",
        {"limit": 13, "opset": 17},
        "older_opset",
    )
    assert finding.evidence.source


def test_device_without_a_documented_memory_says_so(digits):
    """Where no memory is documented the fit names what is needed and promises nothing."""
    fit = npu.check(digits, "ipu")["graphcore-c600"]
    assert fit.memory.pool_bytes is None
    assert "memory_unknown" in reasons(fit)
