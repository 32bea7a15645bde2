"""A comparison as a page: the devices by latency, which of them can be told apart, and who has no profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npusdk.language import _, fill, plain, render, translate
from npusdk.report import Comparison, ProfileReport, Refusal, explain
from npusdk.report.choice import OBJECTIVES, grounds_of, is_rankable, rankable
from npusdk.units import format_bytes, format_number, format_seconds
from npusdk.views.blocks import NAME_LIMIT, Blocks, Cell, Column
from npusdk.views.page import WIDTH, Page
from npusdk.views.text.grounds_page import validity_facts
from npusdk.views.text.naming import called, differing, frontier_caution, listed, trait_cells, trait_columns
from npusdk.views.text.profile_page import overhead_share, price_of, reachability
from npusdk.views.text.words import BASIS, BOUNDARIES, BOUNDS, FIGURES, join, joules, word

NOT_SEPARABLE = "~"
"""Mark of a row whose interval overlaps that of the fastest."""

ROWS = 60
"""Profiles that are listed."""

GROUPS = 3
"""Groups beyond the fastest whose members are named."""

LEAST = 3
"""Profiles from which on a Pareto set says something."""

PARETO_ROWS = 12
"""Profiles of a Pareto set that are listed."""

_MOSTLY = 0.5


def comparison(report: Comparison, *, width: int = WIDTH, colour: bool = False) -> str:
    """Return the comparison as text, shortest latency first."""
    page = Page(width, colour=colour)
    page.heading(title_of(report))
    add_comparison(page, report)
    return str(page)


def title_of(report: Comparison) -> str:
    """Return what is compared."""
    form = (
        _("{model}, batch {batch}: {basis} latency, devices: {count}")
        if report.batch is not None
        else _("{model}, batches {batch}: {basis} latency, profiles: {count}")
    )
    batches = sorted({profile.batch for profile in report.profiles})
    return render(
        form,
        model=plain(report.model, NAME_LIMIT),
        batch=report.batch if report.batch is not None else listed(list(map(str, batches))) or "-",
        basis=word(BASIS, report.profiles[0].basis) if report.profiles else "-",
        count=len(report.profiles),
    )


def add_comparison(page: Blocks, report: Comparison) -> None:
    """Add the devices by latency, what their order is worth, the Pareto sets, and who has no profile."""
    profiles = report.by_latency()
    if profiles:
        _add_table(page, report, profiles)
        basis = word(BASIS, profiles[0].basis)
        page.heading(render(_("What the {basis} order is worth"), basis=basis))
        page.bullets(_cautions(report, profiles))
        add_pareto(page, report)
    if report.refusals:
        page.heading(translate(_("No profile")))
        for refusal in report.refusals:
            page.bullets((f"{_refused(refusal)}: {refusal_text(refusal)}",))
            page.facts(((translate(_("hint")), fill(translate(refusal.hint), refusal.params)),) * bool(refusal.hint), 4)


def _refused(refusal: Refusal) -> str:
    """Return what was asked for and has no profile."""
    batch = "" if refusal.batch is None else render(_("batch {batch}"), batch=refusal.batch)
    asked = join(refusal.precision, batch, str(refusal.parallel) if refusal.parallel else "")
    return join(f"{refusal.device_name} ({refusal.device})", asked)


def add_pareto(page: Blocks, report: Comparison) -> None:
    """Add who is not beaten in latency and throughput at once, and in throughput and energy.

    Samples for each joule of a chip on which nothing is calibrated are no ground for a choice.
    """
    sure = report.where(validity=("A", "B"))
    pairs = [(report, "latency", "throughput")]
    if is_rankable(sure.profiles, "energy"):
        pairs.append((sure, "throughput", "energy"))
    for asked, x, y in pairs:
        if len(asked.profiles) < LEAST:
            continue
        found = asked.pareto(x, y)
        page.heading(
            render(
                _("Pareto set, {x} against {y}, {basis}"),
                x=word(FIGURES, x),
                y=word(FIGURES, y),
                basis=word(BASIS, report.profiles[0].basis),
            )
        )
        _add_frontier(page, report, found)
        if len(found) > PARETO_ROWS:
            page.paragraph(render(_("and {count} more"), count=len(found) - PARETO_ROWS))
        page.bullets(filter(None, (frontier_caution(rankable(rankable(asked.profiles, x), y), found, (x, y)),)))


def _add_frontier(page: Blocks, report: Comparison, found: Sequence[ProfileReport]) -> None:
    traits = differing(report.profiles)
    with_energy = is_rankable(report.profiles, "energy")
    page.table(
        (
            Column("", number=True),
            Column(translate(_("device")), wraps=True, least=15),
            Column(translate(_("precision"))),
            *trait_columns(traits),
            Column(translate(_("basis"))),
            Column(translate(_("latency")), number=True),
            Column(translate(_("samples/s")), number=True),
            Column(translate(_("class"))),
            *((Column(translate(_("energy a sample")), number=True, optional=True),) * with_energy),
        ),
        (
            (
                str(number),
                profile.device_name,
                profile.precision,
                *trait_cells(profile, traits),
                word(BASIS, profile.basis),
                format_seconds(profile.latency_s),
                format_number(profile.throughput_per_s),
                profile.validity,
                *((_energy(profile),) * with_energy),
            )
            for number, profile in enumerate(found[:PARETO_ROWS], start=1)
        ),
    )


def _energy(profile: ProfileReport) -> str:
    return "-" if profile.energy_j_per_sample is None else joules(profile.energy_j_per_sample)


def refusal_text(refusal: Refusal) -> str:
    """Return the message of the error in the reader's language."""
    return fill(translate(refusal.template), refusal.params)


def _add_table(page: Blocks, report: Comparison, profiles: Sequence[ProfileReport]) -> None:
    traits = differing(profiles)
    with_energy = any(profile.energy_j is not None for profile in profiles)
    with_price = any(profile.krw is not None for profile in profiles)
    page.table(
        (
            Column(""),
            Column(translate(_("device")), wraps=True, least=15),
            Column(translate(_("precision"))),
            *trait_columns(traits),
            Column(translate(_("basis"))),
            Column(translate(_("latency")), number=True),
            Column(translate(_("low")), number=True),
            Column(translate(_("high")), number=True),
            Column(translate(_("class"))),
            Column(translate(_("samples/s")), number=True, optional=True),
            Column(translate(_("bound")), optional=True),
            *((Column(translate(_("energy a sample")), number=True, optional=True),) * with_energy),
            *((Column(translate(_("KRW a million samples")), number=True, optional=True),) * with_price),
            Column(translate(_("memory")), number=True, optional=True),
        ),
        (_row(report, profiles[0], profile, (traits, with_energy, with_price)) for profile in profiles[:ROWS]),
    )
    if len(profiles) > ROWS:
        page.paragraph(render(_("and {count} more"), count=len(profiles) - ROWS))


def _row(
    report: Comparison, fastest: ProfileReport, profile: ProfileReport, shown: tuple[tuple[str, ...], bool, bool]
) -> tuple[str | Cell, ...]:
    traits, with_energy, with_price = shown
    apart = profile is fastest or report.is_separable(fastest, profile)
    return (
        "" if apart else NOT_SEPARABLE,
        Cell(profile.device_name, "bold" if profile is fastest else ""),
        profile.precision,
        *trait_cells(profile, traits),
        word(BASIS, profile.basis),
        format_seconds(profile.latency_s),
        format_seconds(profile.latency_low_s),
        format_seconds(profile.latency_high_s),
        profile.validity,
        format_number(profile.throughput_per_s),
        word(BOUNDS, profile.bound),
        *((_energy(profile),) * with_energy),
        *((price_of(profile),) * with_price),
        format_bytes(profile.peak_memory_bytes),
    )


def _cautions(report: Comparison, profiles: Sequence[ProfileReport]) -> Iterator[str]:
    yield from _separability(report, profiles)
    yield from _grounds(report)
    for validity, rests_on in sorted({(profile.validity, profile.interval_basis) for profile in profiles}):
        for label, meaning in validity_facts(validity, rests_on):
            yield f"{label}: {meaning}"
    guessed = list(dict.fromkeys(profile.device_name for profile in profiles if profile.validity == "C"))
    if guessed:
        yield render(
            _("no verdict such as 120 % of another device, or on samples for each joule, in class C: {devices}"),
            devices=_names(guessed, profiles),
        )
    if len({profile.precision for profile in profiles}) > 1:
        yield translate(_("the precisions differ; the accuracy of the model may differ with them"))
    idle = [called(profile, profiles) for profile in profiles if overhead_share(profile) > _MOSTLY]
    if idle:
        yield render(
            _("more than half of the {basis} time is overhead: {devices}"),
            basis=word(BASIS, profiles[0].basis),
            devices=_names(idle, profiles),
        )
    yield from (f"{sentence}: {_names(names, profiles)}" for sentence, names in _reservations(profiles).items())


def _grounds(report: Comparison) -> Iterator[str]:
    """Yield what is not ranked because it does not cover the same."""
    for name in OBJECTIVES:
        grounds = grounds_of(report.profiles, name)
        if len(grounds) > 1:
            yield render(
                _("{figure} is not ranked, it covers different things: {values}"),
                figure=word(FIGURES, name),
                values=", ".join(word(BOUNDARIES, plain(ground, NAME_LIMIT)) for ground in grounds),
            )


def _names(names: Sequence[str], profiles: Sequence[ProfileReport]) -> str:
    """Return who is meant; names are those of profiles, or of devices where that says all."""
    everyone = len(profiles) > 1 and len(names) in (len(profiles), len({profile.device for profile in profiles}))
    return translate(_("all devices")) if everyone else listed(names)


def _separability(report: Comparison, profiles: Sequence[ProfileReport]) -> Iterator[str]:
    first, *others = report.groups()
    names = {id(profile): called(profile, profiles) for profile in profiles}
    fastest, *close = (names[id(profile)] for profile in first)
    apart = [names[id(profile)] for group in others for profile in group]
    if close:
        yield render(
            _("{mark} not separable from {fastest}, intervals overlap: {devices}"),
            mark=NOT_SEPARABLE,
            fastest=fastest,
            devices=listed(close) if apart or len(close) == 1 else translate(_("all others")),
        )
    if apart:
        yield render(
            _("slower than {fastest}, intervals do not overlap: {devices}"), fastest=fastest, devices=listed(apart)
        )
    for lead, *rest in others[:GROUPS]:
        if rest:
            yield render(
                _("not separable from {first} either, intervals overlap: {devices}"),
                first=names[id(lead)],
                devices=listed([names[id(profile)] for profile in rest]),
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
    return {sentence: list(dict.fromkeys(names)) for sentence, names in found.items()}
