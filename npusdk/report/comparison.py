"""Profiles of one model on several devices, and which of them can be told apart."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import model_validator

from npusdk.errors import NpuError
from npusdk.language import plain
from npusdk.report.base import Report
from npusdk.report.picture import Picture, draw
from npusdk.report.profile import ProfileReport
from npusdk.values import Frozen, Int64


class Refusal(Frozen):
    """Why a device has no profile.

    Parameters
    ----------
    code, template, hint, params
        The error as raised: rendered in the reader's language when shown.
    """

    device: str
    device_name: str
    code: str
    template: str
    hint: str = ""
    params: dict[str, object] = {}  # noqa: RUF012 - pydantic copies defaults

    @classmethod
    def from_error(cls, device: str, device_name: str, error: NpuError) -> Self:
        """Make it from the error that was raised."""
        return cls(
            device=device,
            device_name=device_name,
            code=error.code,
            template=error.template,
            hint=error.hint,
            params=dict(error.params),
        )


class Comparison(Report):
    """One model, one batch, several devices.

    Parameters
    ----------
    model
        Name of the model.
    batch
        Samples in one call, the same everywhere.
    profiles
        In the order asked for.
    refusals
        Devices that have no profile, and why.
    """

    media: ClassVar[tuple[str, ...]] = ("csv", "html", "json", "trace.json")

    model: str
    batch: Int64
    profiles: tuple[ProfileReport, ...]
    refusals: tuple[Refusal, ...] = ()

    @model_validator(mode="after")
    def _check_same(self) -> Self:
        if any(profile.model != self.model or profile.batch != self.batch for profile in self.profiles):
            text = "profiles of one comparison have one model and one batch"
            raise ValueError(text)
        if len({profile.basis for profile in self.profiles}) > 1:
            text = "profiles of one comparison have one basis"
            raise ValueError(text)
        return self

    def by_latency(self) -> tuple[ProfileReport, ...]:
        """Return the profiles, shortest latency first; see `is_separable` before calling one faster."""
        return tuple(sorted(self.profiles, key=lambda profile: (profile.latency_s, profile.device)))

    @staticmethod
    def is_separable(first: ProfileReport, second: ProfileReport) -> bool:
        """Return whether the two latency intervals do not overlap."""
        return first.latency_high_s < second.latency_low_s or second.latency_high_s < first.latency_low_s

    def latency(self) -> Picture:
        """Return the latencies with their intervals, shortest first; what cannot be told apart is marked."""
        return draw(self, "latency")

    def throughput(self) -> Picture:
        """Return the samples a second, most first."""
        return draw(self, "throughput")

    def energy(self) -> Picture:
        """Return the joules of a call, least first.

        Raises
        ------
        ConfigError
            If no profile of the comparison has them.
        """
        return draw(self, "energy")

    def price(self) -> Picture:
        """Return the won of a call, least first.

        Raises
        ------
        ConfigError
            If no profile of the comparison has them.
        """
        return draw(self, "price")

    def __repr__(self) -> str:
        counts = f"{len(self.profiles)} profiles, {len(self.refusals)} refused"
        return f"Comparison({plain(self.model, 80)}, batch {self.batch}: {counts})"
