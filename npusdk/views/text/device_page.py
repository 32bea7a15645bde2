"""A device as a page, every figure with its kind and source; and devices as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from npusdk.catalogue import DeviceSpec
from npusdk.language import _, render, translate
from npusdk.units import format_bytes, format_count, format_seconds
from npusdk.values import Sourced
from npusdk.views.blocks import Blocks, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text.words import AVAILABILITY, FIGURE_KINDS, REACHABLE, join, percent, word

_OPERATIONS = "OP/s"

_FORMATS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {
        "B": format_bytes,
        "s": format_seconds,
        "year": "{:.0f}".format,
        "op/s": partial(format_count, unit=_OPERATIONS),
        **{unit: partial(format_count, unit=unit) for unit in ("B/s", "Hz", "W")},
    }
)
"""How a number of a unit is written; of any other unit, in full."""


def device(spec: DeviceSpec, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return everything that the catalogue knows of a device as text."""
    page = Page(width, colour=colour)
    page.heading(title_of(spec))
    add_device(page, spec)
    return str(page)


def title_of(spec: DeviceSpec) -> str:
    """Return a device's vendor, name and identifier."""
    return f"{spec.vendor} {spec.name} ({spec.id})"


def add_device(page: Blocks, spec: DeviceSpec) -> None:
    """Add everything that the catalogue knows of a device."""
    sources = _Sources()
    page.facts(_facts(spec, sources))
    _add_precisions(page, spec, sources)
    _add_figures(page, translate(_("Figures")), spec.specs, sources)
    _add_figures(
        page,
        translate(_("Cost model: parameters that differ from the figures, or are not among them")),
        spec.model,
        sources,
    )
    _add_rules(page, spec, sources)
    _add_partitions(page, spec, sources)
    if sources.texts:
        page.heading(translate(_("Sources")))
        page.numbered(sources.texts)


class _Sources:
    """Sources in the order in which a page names them; each has one number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, source: str) -> str:
        """Return the mark of a source, "[3]"; empty for no source."""
        if not source:
            return ""
        if source not in self.texts:
            self.texts.append(source)
        return f"[{self.texts.index(source) + 1}]"


def _facts(spec: DeviceSpec, sources: _Sources) -> Iterator[tuple[str, str]]:
    if spec.aliases:
        yield translate(_("also called")), ", ".join(spec.aliases)
    yield translate(_("kind")), spec.kind
    yield (
        translate(_("availability")),
        join(
            word(AVAILABILITY, str(spec.availability.value)),
            f"({word(FIGURE_KINDS, spec.availability.kind)})",
            sources.number(spec.availability.source),
            separator=" ",
        ),
    )
    yield translate(_("memory")), _memory(spec)
    yield (
        translate(_("list of operators")),
        translate(_("published by the vendor")) if spec.operators_documented else translate(_("not published")),
    )


def _memory(spec: DeviceSpec) -> str:
    pools = spec.memory_pools
    if not pools:
        return translate(_("no limit is known"))
    if len(set(pools)) == 1 and len(pools) > 1:
        return render(_("{count} separate pools of {size}"), count=len(pools), size=format_bytes(pools[0]))
    return ", ".join(format_bytes(pool) for pool in pools)


def show_value(figure: Sourced) -> str:
    """Return a figure with its unit as a person reads it: "1.50 TB/s", "2021", "int8, bf16"."""
    value, unit = figure.value, figure.unit
    if isinstance(value, (str, tuple)):
        return value if isinstance(value, str) else ", ".join(map(str, value))
    if unit in _FORMATS:
        return _FORMATS[unit](value)
    return f"{value:,g} {unit}".rstrip() if isinstance(value, float) else f"{value:,} {unit}".rstrip()


def _add_precisions(page: Blocks, spec: DeviceSpec, sources: _Sources) -> None:
    if not spec.precisions:
        return
    page.heading(translate(_("Precisions")))
    page.table(
        (
            Column(translate(_("precision"))),
            Column(translate(_("peak")), number=True),
            Column(translate(_("public software")), wraps=True),
            Column(translate(_("kind")), optional=True),
            Column(translate(_("source"))),
        ),
        (
            (
                precision.dtype,
                format_count(peak, _OPERATIONS) if (peak := spec.peak_ops_per_s(precision.dtype)) else "-",
                join(
                    word(REACHABLE, precision.reachable),
                    join(precision.software, precision.version, separator=" "),
                    precision.date,
                ),
                word(FIGURE_KINDS, precision.kind),
                sources.number(precision.source),
            )
            for precision in spec.precisions
        ),
    )


def _add_figures(page: Blocks, title: str, figures: Mapping[str, Sourced], sources: _Sources) -> None:
    if not figures:
        return
    page.heading(title)
    page.table(
        (
            Column(translate(_("figure"))),
            Column(translate(_("value")), wraps=True),
            Column(translate(_("kind"))),
            Column(translate(_("source"))),
            Column(translate(_("note")), wraps=True, optional=True),
        ),
        (
            (name, show_value(figure), word(FIGURE_KINDS, figure.kind), sources.number(figure.source), figure.note)
            for name, figure in figures.items()
        ),
    )


def _add_rules(page: Blocks, spec: DeviceSpec, sources: _Sources) -> None:
    if not spec.rules:
        return
    page.heading(translate(_("Rules")))
    page.bullets(
        join(rule.sentence(), f"({word(FIGURE_KINDS, rule.kind)})", sources.number(rule.source), separator=" ")
        for rule in spec.rules
    )


def _add_partitions(page: Blocks, spec: DeviceSpec, sources: _Sources) -> None:
    if not spec.partitions:
        return
    page.heading(translate(_("Parts")))
    page.table(
        (
            Column(translate(_("part"))),
            Column(translate(_("units")), number=True),
            Column(translate(_("on-chip memory")), number=True),
            Column(translate(_("memory")), number=True),
            Column(translate(_("bandwidth")), number=True),
            Column(translate(_("kind"))),
            Column(translate(_("source"))),
            Column(translate(_("note")), wraps=True, optional=True),
        ),
        (
            (
                f"{spec.id}:{part.name}",
                *(percent(share) for share in (part.units, part.on_chip, part.memory, part.bandwidth)),
                word(FIGURE_KINDS, part.kind),
                sources.number(part.source),
                part.note,
            )
            for part in spec.partitions
        ),
    )


def devices(specs: Sequence[DeviceSpec], *, width: int = WIDTH, colour: bool = False) -> str:
    """Return devices as a table, one line each."""
    page = Page(width, colour=colour)
    page.heading(devices_title(specs))
    add_devices(page, specs)
    return str(page)


def devices_title(specs: Sequence[DeviceSpec]) -> str:
    """Return how many devices there are."""
    return render(_("Devices: {count}"), count=len(specs))


def add_devices(page: Blocks, specs: Sequence[DeviceSpec]) -> None:
    """Add a line for each device."""
    if specs:
        page.table(
            (
                Column(translate(_("device"))),
                Column(translate(_("alias"))),
                Column(translate(_("kind"))),
                Column(translate(_("memory")), number=True),
                Column(translate(_("highest peak")), number=True),
                Column(translate(_("status")), optional=True),
                Column(translate(_("bandwidth")), number=True, optional=True),
                Column(translate(_("power")), number=True, optional=True),
                Column(translate(_("name")), wraps=True, optional=True),
            ),
            (_row(spec) for spec in specs),
        )


def _row(spec: DeviceSpec) -> tuple[str, ...]:
    def figure(name: str) -> str:
        return show_value(spec.specs[name]) if name in spec.specs else "-"

    pools = spec.memory_pools
    peak = max(((rate, dtype) for dtype in spec.dtypes if (rate := spec.peak_ops_per_s(dtype))), default=None)
    return (
        spec.id,
        ", ".join(spec.aliases[:1]),
        spec.kind,
        f"{len(pools)} x {format_bytes(pools[0])}" if len(pools) > 1 else "".join(map(format_bytes, pools)) or "-",
        f"{format_count(peak[0], _OPERATIONS)} {peak[1]}" if peak else "-",
        word(AVAILABILITY, str(spec.availability.value)),
        figure("memory_bandwidth_bytes_per_s"),
        figure("tdp_w"),
        f"{spec.vendor} {spec.name}",
    )
