"""Which operators of a file are known; all that are not are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from npusdk.errors import UnsupportedOpError
from npusdk.graph import SHAPE_RULES
from npusdk.importers.onnx_library import onnx
from npusdk.importers.onnx_upgrades import UPGRADES
from npusdk.language import _

STANDARD_DOMAINS = ("", "ai.onnx")

_KNOWN = frozenset(SHAPE_RULES) | frozenset(UPGRADES) | {"Constant"}

_HINTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("If", "Loop", "Scan"), _("Export the model with fixed control flow: trace it, or simplify it.")
        ),
        **dict.fromkeys(("LSTM", "GRU", "RNN"), _("Unroll the recurrence before the export.")),
        **dict.fromkeys(
            ("NonMaxSuppression", "RoiAlign"),
            _("Export the network without its post-processing, and run that on the host."),
        ),
    }
)
_FOREIGN = _("Export the model with standard ONNX operators only, without a runtime's own optimisations.")
_OTHER = _("Replace the operator by ones that are known, or run it on the host.")


def is_known(proto: onnx.NodeProto) -> bool:
    """Return whether a node's operator can be imported."""
    return proto.domain in STANDARD_DOMAINS and proto.op_type in _KNOWN


def refuse_unknown(nodes: Iterable[tuple[str, onnx.NodeProto]], opsets: Mapping[str, int]) -> None:
    """Refuse a file that has operators which are not known.

    Parameters
    ----------
    nodes
        Names and nodes.
    opsets
        Opset by domain.

    Raises
    ------
    UnsupportedOpError
        Its parameter `unsupported` lists node, operator, domain and opset of each.
    """
    unknown = [
        {
            "node": name,
            "op": proto.op_type,
            "domain": proto.domain or "ai.onnx",
            "opset": opsets.get("" if proto.domain in STANDARD_DOMAINS else proto.domain),
        }
        for name, proto in nodes
        if not is_known(proto)
    ]
    if not unknown:
        return
    first = unknown[0]
    foreign = first["domain"] not in STANDARD_DOMAINS
    raise UnsupportedOpError(
        _("Node {node}: operator {op} of domain {domain}, opset {opset}, is not known (in all {count}: {operators})."),
        hint=_FOREIGN if foreign else _HINTS.get(str(first["op"]), _OTHER),
        **first,
        count=len(unknown),
        operators=", ".join(sorted({str(item["op"]) for item in unknown})),
        unsupported=unknown,
    )
