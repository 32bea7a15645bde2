"""A comparison as a page: the devices by latency, which of them can be told apart, and who has no profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npusdk.language import _, fill, plain, render, translate
from npusdk.report import Comparison, ProfileReport, Refusal, explain
from npusdk.units import format_bytes, format_number, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text.profile_page import overhead_share, reachability
from npusdk.views.text.words import BASIS, BOUNDS, word

NOT_SEPARABLE = "~"
"""Mark of a row whose interval overlaps that of the fastest."""

_MOSTLY = 0.5


def comparison(report: Comparison, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the comparison as text, shortest latency first."""
    page = Page(width, colour=colour)
    page.heading(title_of(report))
    add_comparison(page, report)
    return str(page)


def title_of(report: Comparison) -> str:
    """Return what is compared."""
    return render(
        _("{model}, batch {batch}: {basis} latency, devices: {count}"),
        model=plain(report.model, NAME_LIMIT),
        batch=report.batch,
        basis=word(BASIS, report.profiles[0].basis) if report.profiles else "-",
        count=len(report.profiles),
    )


def add_comparison(page: Blocks, report: Comparison) -> None:
    """Add the devices by latency, what their order is worth, and who has no profile."""
    profiles = report.by_latency()
    if profiles:
        _add_table(page, report, profiles)
        basis = word(BASIS, profiles[0].basis)
        page.heading(render(_("What the {basis} order is worth"), basis=basis))
        page.bullets(_cautions(report, profiles))
    if report.refusals:
        page.heading(translate(_("No profile")))
        for refusal in report.refusals:
            page.bullets((f"{refusal.device_name} ({refusal.device}): {refusal_text(refusal)}",))
            page.facts(((translate(_("hint")), fill(translate(refusal.hint), refusal.params)),) * bool(refusal.hint), 4)


def refusal_text(refusal: Refusal) -> str:
    """Return the message of the error in the reader's language."""
    return fill(translate(refusal.template), refusal.params)


def _add_table(page: Blocks, report: Comparison, profiles: Sequence[ProfileReport]) -> None:
    page.table(
        (
            Column(""),
            Column(translate(_("device")), wraps=True, least=15),
            Column(translate(_("precision"))),
            Column(translate(_("basis"))),
            Column(translate(_("latency")), number=True),
            Column(translate(_("low")), number=True),
            Column(translate(_("high")), number=True),
            Column(translate(_("class"))),
            Column(translate(_("samples/s")), number=True, optional=True),
            Column(translate(_("bound")), optional=True),
            Column(translate(_("memory")), number=True, optional=True),
        ),
        (_row(report, profiles[0], profile) for profile in profiles),
    )


def _row(report: Comparison, fastest: ProfileReport, profile: ProfileReport) -> tuple[str | Cell, ...]:
    apart = profile is fastest or report.is_separable(fastest, profile)
    return (
        "" if apart else NOT_SEPARABLE,
        Cell(profile.device_name, "bold" if profile is fastest else ""),
        profile.precision,
        word(BASIS, profile.basis),
        format_seconds(profile.latency_s),
        format_seconds(profile.latency_low_s),
        format_seconds(profile.latency_high_s),
        profile.validity,
        format_number(profile.throughput_per_s),
        word(BOUNDS, profile.bound),
        format_bytes(profile.peak_memory_bytes),
    )


def _cautions(report: Comparison, profiles: Sequence[ProfileReport]) -> Iterator[str]:
    yield from _separability(report, profiles)
    for validity, rests_on in sorted({(profile.validity, profile.interval_basis) for profile in profiles}):
        yield f"{render(_('validity class {validity}'), validity=validity)}: {explain(rests_on)}"
    if len({profile.precision for profile in profiles}) > 1:
        yield translate(_("the precisions differ; the accuracy of the model may differ with them"))
    idle = [profile.device_name for profile in profiles if overhead_share(profile) > _MOSTLY]
    if idle:
        yield render(
            _("more than half of the {basis} time is overhead: {devices}"),
            basis=word(BASIS, profiles[0].basis),
            devices=_names(idle, profiles),
        )
    yield from (f"{sentence}: {_names(names, profiles)}" for sentence, names in _reservations(profiles).items())


def _names(names: Sequence[str], profiles: Sequence[ProfileReport]) -> str:
    return translate(_("all devices")) if len(names) == len(profiles) > 1 else ", ".join(names)


def _separability(report: Comparison, profiles: Sequence[ProfileReport]) -> Iterator[str]:
    fastest, *others = profiles
    close = [profile.device_name for profile in others if not report.is_separable(fastest, profile)]
    apart = [profile.device_name for profile in others if report.is_separable(fastest, profile)]
    if close:
        yield render(
            _("{mark} not separable from {fastest}, intervals overlap: {devices}"),
            mark=NOT_SEPARABLE,
            fastest=fastest.device_name,
            devices=", ".join(close) if apart or len(close) == 1 else translate(_("all others")),
        )
    if apart:
        yield render(
            _("slower than {fastest}, intervals do not overlap: {devices}"),
            fastest=fastest.device_name,
            devices=", ".join(apart),
        )


def _reservations(profiles: Sequence[ProfileReport]) -> dict[str, list[str]]:
    """Return what holds for some of the profiles only, with their devices: unreached precisions, assumptions."""
    found: dict[str, list[str]] = {}
    for profile in profiles:
        reachable = profile.precision_reachable
        sentences = [explain(note) for note in profile.assumptions if set(note.params) != {"parameter"}]
        if reachable.status != "documented":
            sentences.append(f"{profile.precision}, {reachability(reachable)}")
        for sentence in dict.fromkeys(sentences):
            found.setdefault(sentence, []).append(profile.device_name)
    return found
