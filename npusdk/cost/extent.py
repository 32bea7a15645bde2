"""The largest network that can be counted: columns of whole numbers have 64 bits."""

from __future__ import annotations

from npusdk.cost.flow import Constants, Flow
from npusdk.errors import ModelError
from npusdk.language import _

MOST = 2**63 - 1
"""The largest number in a column."""


def check_extent(flow: Flow, constants: Constants, network: str) -> None:
    """Refuse a plan of which one call cannot be counted.

    Raises
    ------
    ModelError
        If its multiply-accumulates, the bytes of its tensors or its steps are more than `MOST`.
    """
    macs = [sum(work.macs for work in works) for works in flow.works]
    counts = {
        "MAC": sum(count * times for count, times in zip(macs, flow.repeats, strict=True)),
        "byte": constants.all_bytes + flow.cache_bytes + sum(value.size_bytes for value in flow.values.values()),
        "step": sum(flow.repeats),
    }
    for unit, count in counts.items():
        if count > MOST:
            raise ModelError(
                _("Network {network} is too large, in one call: {count} {unit}. At most {most} can be counted."),
                hint=_("Choose a smaller batch or smaller inputs."),
                network=network,
                count=count,
                unit=unit,
                most=MOST,
            )
