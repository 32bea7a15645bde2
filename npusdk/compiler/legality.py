"""Pass 2a: what a device does with each operator, by the vendor's list where there is one.

==== =======================================================================================================
rule an operator
==== =======================================================================================================
L1   that moves no bytes (Reshape and its kin) or marks a number format (QuantizeLinear) runs with its neighbours
L2   runs, falls back to the host, is blocked or is undocumented as the vendor's list of its family says
L3   that computes in floating point falls back to the host on a device that has integers only
L4   that the list does not name, but the operators that it is written out as (x sigmoid(x)), runs as those do
==== =======================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from npusdk.catalogue import DeviceSpec, OperatorList, OperatorSupport, load_operators
from npusdk.compiler.fusion import ELEMENTWISE, QUANTIZERS, VIEWS
from npusdk.errors import UnsupportedOpError
from npusdk.graph import Graph, Node
from npusdk.language import _
from npusdk.report import Evidence, Finding, Note

_STATUS: Mapping[str, str] = MappingProxyType(
    {"accelerated": "runs", "host": "falls_back", "undocumented": "undocumented", "blocked": "blocked"}
)
_FREE = VIEWS | QUANTIZERS
_ORDER = tuple(_STATUS.values())


@dataclass(frozen=True)
class Legality:
    """What a device does with the operators of a graph.

    Parameters
    ----------
    findings
        One for each operator and reason; operators that simply run, or of which nothing is known, share one without
        a name.
    host
        Names of the nodes that fall back to the host's CPU.
    """

    findings: tuple[Finding, ...] = ()
    host: frozenset[str] = frozenset()

    def require(self, device: str) -> None:
        """Refuse a graph of which the device excludes an operator.

        Raises
        ------
        UnsupportedOpError
            Naming the first such node.
        """
        for finding in self.findings:
            if finding.status == "blocked":
                raise UnsupportedOpError(
                    _("{device} excludes operator {op} of node {node}"),
                    hint=_("Replace the operator, or choose another device."),
                    device=device,
                    op=finding.op,
                    node=finding.node,
                )


def examine_operators(graph: Graph, device: DeviceSpec, *, is_quantized: bool) -> Legality:
    """Return what the device does with the operators of a bound graph."""
    groups: dict[tuple[str, str, str], list[Node]] = {}
    supports: dict[tuple[str, str, str], OperatorSupport] = {}
    listing = load_operators(device.operators)
    floats_fall_back = is_quantized and all(dtype.startswith("int") for dtype in device.dtypes)
    integer = _integer_nodes(graph) if floats_fall_back else frozenset()
    said = {op: _support(listing, op) for op in {node.op for node in graph.nodes} - _FREE}
    for node in graph.nodes:
        if node.op in _FREE:
            continue
        support = said[node.op]
        status, reason = _reason(support, device)
        if status == "runs" and floats_fall_back and node.name not in integer:
            status, reason = "falls_back", "operator_computes_in_float"
        if not listing.operators and status == "undocumented":
            reason = "operators_undocumented"
        is_common = reason in (_plain_reason(device), "operators_undocumented")
        key = ("" if is_common else node.op, status, reason)
        groups.setdefault(key, []).append(node)
        supports[key] = support
    findings = tuple(_finding(key, nodes, device, supports[key]) for key, nodes in groups.items())
    host = frozenset(node.name for key, nodes in groups.items() if key[1] == "falls_back" for node in nodes)
    return Legality(findings, host)


WRITTEN_OUT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"Swish": ("Sigmoid", "Mul"), "HardSwish": ("HardSigmoid", "Mul"), "Mish": ("Softplus", "Tanh", "Mul")}
)
"""Operators as the files write them from which canonicalisation, or a newer opset, makes one (rule L4)."""


def _support(listing: OperatorList, op: str) -> OperatorSupport:
    """Return what a list says of an operator; of one that it does not name, what it says of its parts, if better."""
    support = listing[op]
    if support.listed or op not in WRITTEN_OUT:
        return support
    return max((listing[part] for part in WRITTEN_OUT[op]), key=lambda known: _ORDER.index(_STATUS[known.support]))


def _plain_reason(device: DeviceSpec) -> str:
    kinds = {"reference": "reference_runs_all", "gpu": "general_purpose"}
    return kinds.get(device.kind, "operator_accelerated")


def _reason(support: OperatorSupport, device: DeviceSpec) -> tuple[str, str]:
    """Return the status of an operator and the code of the reason (rule L2)."""
    status = _STATUS[support.support]
    if status == "runs":
        return status, "operator_conditional" if support.limit else _plain_reason(device)
    reasons = {"falls_back": "operator_on_host", "blocked": "operator_blocked", "undocumented": "operator_undocumented"}
    return status, "operator_not_listed" if status == "falls_back" and not support.listed else reasons[status]


def _integer_nodes(graph: Graph) -> frozenset[str]:
    """Return the names of the nodes that compute with integers in a quantised graph.

    They read what DequantizeLinear gives, or are elementwise and follow such a node; views pass it on.
    """
    integer: set[str] = set()
    marked: set[str] = set()
    for node in graph.nodes:
        reads = marked.intersection(node.inputs)
        if node.op == "DequantizeLinear" or (node.op in VIEWS and reads):
            marked.update(node.outputs)
        elif node.op.startswith("QLinear") or node.op.endswith("Integer") or reads:
            integer.add(node.name)
            follows = {i for name in node.outputs for i in graph.consumers.get(name, ())}
            marked.update(name for name in node.outputs if all(graph.nodes[i].op in ELEMENTWISE for i in follows))
    return frozenset(integer)


def _finding(key: tuple[str, str, str], nodes: list[Node], device: DeviceSpec, support: OperatorSupport) -> Finding:
    op, status, reason = key
    listing = load_operators(device.operators)
    params: dict[str, str | int | float] = {}
    if reason == "operator_conditional":
        params = {"condition": support.limit, "condition_ko": support.limit_ko}
    hints = {"falls_back": "replace_operator", "blocked": "replace_operator", "undocumented": "ask_vendor"}
    return Finding.model_validate(
        {
            "status": status,
            "node": nodes[0].name if op else "",
            "op": op,
            "count": len(nodes),
            "reason": Note(code=reason, params=params),
            "hint": Note(code=hints[status]) if status in hints else None,
            "evidence": Evidence(
                kind=device.operators_evidence, source=support.source, version=listing.version, date=listing.date
            ),
        }
    )
