"""Which number format a model gets, and what a vendor's list does to its operators."""

import pytest
from onnx import parser

import npusdk as npu
from npusdk.compiler import Legality, choose_precision
from npusdk.report import Evidence, Finding, Note


def test_documented_formats_come_before_preferred_ones():
    """The automatic choice prefers a format that public software is documented to reach to one that it is not."""
    device = npu.device("a100")
    assert choose_precision(device, "auto", is_quantized=False) == "bf16"
    hidden = tuple(
        known.model_copy(update={"reachable": "undocumented"}) if known.dtype == "bf16" else known
        for known in device.precisions
    )
    changed = device.model_copy(update={"precisions": hidden})
    assert choose_precision(changed, "auto", is_quantized=False) == "fp16"


def test_excluded_operator_refuses_the_model():
    """An operator that the vendor's list excludes is an UnsupportedOpError with device, node and operator."""
    excluded = Finding(
        status="blocked",
        node="n1",
        op="Loop",
        reason=Note(code="operator_blocked"),
        evidence=Evidence(kind="vendor_list"),
    )
    Legality().require("some-device")
    with pytest.raises(npu.UnsupportedOpError) as caught:
        Legality((excluded,)).require("some-device")
    assert caught.value.params == {"device": "some-device", "op": "Loop", "node": "n1"}


def test_operator_in_floating_point_leaves_a_device_of_integers():
    """Of a quantised model, what computes before the first quantiser falls back to the host on Warboy."""
    model = parser.parse_model("""<ir_version: 8, opset_import: ["" : 13]> g (float[2,4] x) => (float[2,4] y)
        <float s = {0.1}, int8 z = {0}>
        { r = Relu(x) q = QuantizeLinear(r, s, z) d = DequantizeLinear(q, s, z) e = Relu(d)
          p = QuantizeLinear(e, s, z) y = DequantizeLinear(p, s, z) }""")
    findings = npu.check(model, "warboy")["furiosa-warboy"].findings
    floats = [finding for finding in findings if finding.reason.code == "operator_computes_in_float"]
    assert [(finding.op, finding.count, finding.status) for finding in floats] == [("Relu", 1, "falls_back")]
