"""What a prediction leaves out and takes for granted, its many parameters folded into a line for each family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from npusdk.language import _, plain, translate
from npusdk.report import CODES, Note, explain
from npusdk.views.blocks import NAME_LIMIT, Blocks
from npusdk.views.text.words import PRIORS

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        _("matrix and vector units"): (
            "style", "units", "clock_hz", "macs_per_unit_per_cycle", "lanes", "vector_ops_per_s", "eta_compute",
            "eta_vector", "longest_fused_keys", "overlap", "query_block", "partitions", "chunks_batch", "array_rows",
            "array_columns", "dataflow",
        ),
        _("on-chip and off-chip memory"): (
            "usable_on_chip_bytes", "on_chip_bandwidth_bytes_per_s", "memory_bandwidth_bytes_per_s", "eta_memory",
            "pins_weights",
        ),
        _("launches and host"): (
            "op_overhead_s", "launch_overhead_s", "call_overhead_s", "host_bandwidth_bytes_per_s",
        ),
        _("link between devices"): ("link_bandwidth_bytes_per_s", "link_latency_s"),
        _("power and energy"): (
            "tdp_w", "idle_w", "active_share", "mac_energy_j", "memory_energy_j_per_byte", "power_boundary",
        ),
    }
)  # fmt: skip
"""Parameters of the cost model by what they describe."""

POWER = FAMILIES["power and energy"]
LINK = FAMILIES["link between devices"]

_OTHER = _("other parameters")
_FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}


def add_reservations(
    page: Blocks, title: str, excluded: Iterable[str], assumptions: Iterable[Note], *, unused: Sequence[str] = ()
) -> None:
    """Add what a prediction leaves out, and what it takes for granted.

    Parameters
    ----------
    title
        Names what is left out.
    unused
        Parameters that nothing shown depends on.
    """
    codes = list(excluded)
    if codes:
        page.heading(title)
        page.bullets(map(explain, codes))
    notes = list(assumptions)
    if notes:
        page.heading(translate(_("Taken for granted")))
        page.bullets(explain(note) for note in notes if not _names_parameter(note))
        page.facts(_families([note for note in notes if _names_parameter(note)], unused))


def _names_parameter(note: Note) -> bool:
    """Whether a note says of one parameter how it was come by."""
    return set(note.params) == {"parameter"} and note.code in PRIORS and note.code in CODES


def _families(notes: Iterable[Note], unused: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield a line for each family: its parameters by how they were come by, weakest first."""
    found: dict[str, dict[str, list[str]]] = {}
    for note in notes:
        name = str(note.params["parameter"])
        if name not in unused:
            found.setdefault(_FAMILY_OF.get(name, _OTHER), {}).setdefault(note.code, []).append(plain(name, NAME_LIMIT))
    for family in (*FAMILIES, _OTHER):
        named = found.get(family, {})
        parts = [f"{translate(word)}: {', '.join(named[code])}" for code, word in PRIORS.items() if code in named]
        if parts:
            yield translate(family), "; ".join(parts)
