"""Profiles of one model on several devices, in several precisions and batches, and which of them can be told apart."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import model_validator

from npusdk.display import find_view
from npusdk.errors import ConfigError, NpuError
from npusdk.language import _, plain
from npusdk.report.base import Report
from npusdk.report.choice import Verdict, interval_of, judge, not_dominated, order_of, rankable, read_objective
from npusdk.report.parallel import Parallel
from npusdk.report.picture import Picture, draw
from npusdk.report.profile import ProfileReport
from npusdk.values import Frozen, Int64


class Refusal(Frozen):
    """Why a device has no profile.

    Parameters
    ----------
    code, template, hint, params
        The error as raised: rendered in the reader's language when shown.
    precision, batch, parallel
        What was asked of the device; empty and None where that is not said.
    """

    device: str
    device_name: str
    code: str
    template: str
    hint: str = ""
    params: dict[str, object] = {}  # noqa: RUF012 - pydantic copies defaults
    precision: str = ""
    batch: Int64 | None = None
    parallel: Parallel | None = None

    @classmethod
    def from_error(
        cls,
        device: str,
        device_name: str,
        error: NpuError,
        *,
        precision: str = "",
        batch: int | None = None,
        parallel: Parallel | None = None,
    ) -> Self:
        """Make it from the error that was raised."""
        return cls(
            device=device,
            device_name=device_name,
            code=error.code,
            template=error.template,
            hint=error.hint,
            params=dict(error.params),
            precision=precision,
            batch=batch,
            parallel=parallel,
        )


class Best(Frozen):
    """The best profile at something, and who might be as good.

    Parameters
    ----------
    by
        At what, see `npusdk.report.choice.OBJECTIVES`.
    profile
        The best by its number.
    rivals
        Those whose intervals overlap its own, best first: the prediction does not say which is better.
    """

    by: str
    profile: ProfileReport
    rivals: tuple[ProfileReport, ...]

    @property
    def is_certain(self) -> bool:
        """Whether there is no rival."""
        return not self.rivals

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        close = "; ".join(f"{plain(p.device_name, 40)} {plain(p.precision, 20)} {p.batch}" for p in self.rivals)
        return f"Best({self.by}: {self.profile!r}{', not separable from ' if close else ''}{close})"


class Comparison(Report):
    """One model on several devices, in one or several precisions, batches and divisions among devices.

    Parameters
    ----------
    model
        Name of the model.
    batch
        Samples in one call, where that is the same everywhere.
    profiles
        In the order asked for.
    refusals
        What has no profile, and why.
    """

    media: ClassVar[tuple[str, ...]] = ("csv", "html", "json", "trace.json")

    model: str
    batch: Int64 | None = None
    profiles: tuple[ProfileReport, ...]
    refusals: tuple[Refusal, ...] = ()

    @model_validator(mode="after")
    def _check_same(self) -> Self:
        if any(profile.model != self.model for profile in self.profiles):
            text = "profiles of one comparison have one model"
            raise ValueError(text)
        if self.batch is not None and any(profile.batch != self.batch for profile in self.profiles):
            text = "profiles of one comparison have its batch, where it names one"
            raise ValueError(text)
        if len({profile.basis for profile in self.profiles}) > 1:
            text = "profiles of one comparison have one basis"
            raise ValueError(text)
        return self

    def by_latency(self) -> tuple[ProfileReport, ...]:
        """Return the profiles, shortest latency first; see `is_separable` before calling one faster."""
        return tuple(sorted(self.profiles, key=lambda profile: (profile.latency_s, *order_of(profile))))

    @staticmethod
    def is_separable(first: ProfileReport, second: ProfileReport, by: str = "latency") -> bool:
        """Return whether the intervals of two profiles do not overlap.

        Parameters
        ----------
        by
            "latency", "throughput", "energy" or "price"; rates and prices are as uncertain as the latency.

        Raises
        ------
        ConfigError
            If profiles are not ranked by that.
        """
        (low, high), (other_low, other_high) = (interval_of(profile, by) for profile in (first, second))
        return high < other_low or other_high < low

    def best(self, by: str = "latency") -> Best:
        """Return the best profile and those that cannot be told apart from it.

        Raises
        ------
        ConfigError
            If no profile has such a figure, or they may not be ranked by it: energies of different power boundaries,
            prices of different bases.
        """
        objective = read_objective(by)
        first, *others = sorted(rankable(self.profiles, by), key=lambda one: (objective.cost(one), order_of(one)))
        return Best(by=by, profile=first, rivals=tuple(one for one in others if not self.is_separable(first, one, by)))

    @staticmethod
    def verdict(
        profile: ProfileReport, reference: ProfileReport, by: str = "throughput", factor: float = 1.2
    ) -> Verdict:
        """Return whether a profile is so many times as good as another, such as 120 % of an A100.

        Parameters
        ----------
        by
            "throughput", "latency", "energy" (samples for each joule) or "price".
        factor
            How many times as good.

        Returns
        -------
        "reached" or "missed" where the intervals leave no doubt, "not_separable" where they do, and "no_verdict" where
        nothing is calibrated on one of the chips (validity class C) or one has no such figure.

        Raises
        ------
        ConfigError
            As `best`.
        """
        return judge(profile, reference, by, factor)

    def groups(self) -> tuple[tuple[ProfileReport, ...], ...]:
        """Return the profiles by latency in groups, each of a shortest and all that is not separable from it."""
        left, found = list(self.by_latency()), []
        while left:
            first = left[0]
            found.append(tuple(one for one in left if one is first or not self.is_separable(first, one)))
            left = [one for one in left if one is not first and self.is_separable(first, one)]
        return tuple(found)

    def pareto(self, x: str = "latency", y: str = "throughput") -> tuple[ProfileReport, ...]:
        """Return the profiles than which no other is predicted better in one and at least as good in the other.

        Parameters
        ----------
        x, y
            Two of "latency", "throughput", "energy" and "price"; the result is in the order of `x`, best first.

        Raises
        ------
        ConfigError
            As `best`.
        """
        return not_dominated(rankable(rankable(self.profiles, x), y), (x, y)) if self.profiles else ()

    def where(self, **values: object) -> Comparison:
        """Return the comparison of the profiles whose fields have these values, and no refusals.

        Parameters
        ----------
        **values
            Fields of `ProfileReport`, as in `where(power_boundary="card")`; a tuple or list names several values.

        Raises
        ------
        ConfigError
            If a profile has no such field.
        """
        for name in values:
            if name not in ProfileReport.model_fields:
                raise ConfigError(
                    _("a profile has no field {name}"),
                    hint=_("Choose by fields such as device, precision, batch or power_boundary."),
                    name=plain(repr(name), 40),
                )
        wanted = {name: value if isinstance(value, tuple | list) else (value,) for name, value in values.items()}
        chosen = tuple(one for one in self.profiles if all(getattr(one, name) in wanted[name] for name in wanted))
        return Comparison(model=self.model, batch=self.batch, profiles=chosen)

    def latency(self) -> Picture:
        """Return the latencies with their intervals, shortest first; what cannot be told apart is marked."""
        return draw(self, "latency")

    def throughput(self) -> Picture:
        """Return the samples a second, most first."""
        return draw(self, "throughput")

    def energy(self) -> Picture:
        """Return the joules of a sample with their intervals, least first.

        Raises
        ------
        ConfigError
            If no profile of the comparison has them, or what their watts cover differs.
        """
        return draw(self, "energy")

    def price(self) -> Picture:
        """Return the won of a sample, least first.

        Raises
        ------
        ConfigError
            If no profile of the comparison has them, or their prices have different bases.
        """
        return draw(self, "price")

    def frontier(self, x: str = "latency", y: str = "throughput") -> Picture:
        """Return every profile by two figures, the Pareto set as a line.

        Raises
        ------
        ConfigError
            As `pareto`, and if there is no profile.
        """
        picture: Picture = find_view(self, "frontier")(self, x, y)
        return picture

    def __repr__(self) -> str:
        counts = f"{len(self.profiles)} profiles, {len(self.refusals)} refused"
        batch = "several batches" if self.batch is None else f"batch {self.batch}"
        return f"Comparison({plain(self.model, 80)}, {batch}: {counts})"
