"""The largest network that can be counted: columns of whole numbers have 64 bits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.cost.flow import Constants, Flow
from npusdk.errors import ModelError
from npusdk.language import _

MOST = 2**63 - 1
"""The largest number in a column."""

TOO_MANY: Mapping[str, str] = MappingProxyType(
    {
        "macs": _("Network {network}: one call takes {count} multiply-accumulates; at most {most} can be counted."),
        "bytes": _("Network {network}: its tensors take {count} bytes; at most {most} can be counted."),
        "steps": _("Network {network}: one call runs {count} steps; at most {most} can be counted."),
    }
)
"""By what there is too much of."""


def check_extent(flow: Flow, constants: Constants, network: str) -> None:
    """Refuse a plan of which one call cannot be counted.

    Raises
    ------
    ModelError
        If its multiply-accumulates, its bytes or its steps are more than `MOST`.
    """
    macs = [sum(work.macs for work in works) for works in flow.works]
    counts = {
        "macs": sum(count * times for count, times in zip(macs, flow.repeats, strict=True)),
        "bytes": constants.all_bytes + flow.cache_bytes + sum(value.size_bytes for value in flow.values.values()),
        "steps": sum(flow.repeats),
    }
    for name, count in counts.items():
        if count > MOST:
            hint = _("Choose a smaller batch or smaller inputs.")
            raise ModelError(TOO_MANY[name], hint=hint, network=network, count=count, most=MOST)
