"""Whether a model runs on a device, and what says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from npusdk.language import plain
from npusdk.report.base import Report
from npusdk.report.codes import Note
from npusdk.values import Count, Frozen, Int64

Status: TypeAlias = Literal["runs", "falls_back", "undocumented", "blocked"]
STATUSES: tuple[Status, ...] = ("runs", "falls_back", "undocumented", "blocked")
"""Best first: a device has the worst status of its findings."""


class Evidence(Frozen):
    """What a statement about a device rests on.

    Parameters
    ----------
    kind
        "vendor_list" (the vendor's own list of operators), "same_family" (a sibling product's list), "device_rule"
        (a documented property of the device) or "assumed".
    source, version, date
        Where it is written; empty where nothing is.
    """

    kind: Literal["vendor_list", "same_family", "device_rule", "assumed"]
    source: str = ""
    version: str = ""
    date: str = ""


class Finding(Frozen):
    """One thing that a device does with a node or with the whole model.

    Parameters
    ----------
    status
        What it means for the model.
    node, op
        The first node concerned and its operator; empty when the whole model is meant.
    count
        Number of nodes concerned.
    reason, hint
        Codes with parameters.
    """

    status: Status
    node: str = ""
    op: str = ""
    count: Annotated[Count, Field(ge=1)] = 1
    reason: Note
    hint: Note | None = None
    evidence: Evidence


class MemoryNeed(Frozen):
    """Bytes that the model needs on the device, beside what there is.

    Parameters
    ----------
    pool_bytes
        The largest single pool of device memory; None where it is not documented.
    """

    weight_bytes: Count
    activation_bytes: Count
    pool_bytes: Count | None

    @property
    def total_bytes(self) -> int:
        """Weights and activations."""
        return self.weight_bytes + self.activation_bytes


class DeviceFit(Frozen):
    """The answer for one device.

    Parameters
    ----------
    precision
        Matrix format that was checked; empty when the device has none for the model.
    memory
        None when the model could not be planned for the device.
    """

    device: str
    device_name: str
    status: Status
    precision: str
    memory: MemoryNeed | None
    findings: tuple[Finding, ...]

    @model_validator(mode="after")
    def _check_status(self) -> Self:
        worst = max((STATUSES.index(finding.status) for finding in self.findings), default=0)
        if STATUSES[worst] != self.status:
            text = f"status {self.status} is not the worst finding, {STATUSES[worst]}"
            raise ValueError(text)
        return self


class FitReport(Report):
    """Which devices run a model.

    Parameters
    ----------
    model
        Name of the model.
    batch
        Samples in one call.
    precision
        As asked for ("auto" chooses for each device).
    fits
        One answer for each device, in the order asked for.
    """

    model: str
    batch: Int64
    precision: str
    fits: tuple[DeviceFit, ...]

    def __getitem__(self, device: str) -> DeviceFit:
        """Return the answer for a canonical device identifier; KeyError where it was not asked for."""
        for fit in self.fits:
            if fit.device == device:
                return fit
        raise KeyError(device)

    def __len__(self) -> int:
        return len(self.fits)

    def __iter__(self) -> Iterator[DeviceFit]:  # type: ignore[override]  # a report is iterated by device, not by field
        return iter(self.fits)

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{sum(fit.status == status for fit in self.fits)} {status}"
            for status in STATUSES
            if any(fit.status == status for fit in self.fits)
        )
        what = f"{plain(self.model, 80)}, batch {self.batch}, {plain(self.precision, 20)}"
        return f"FitReport({what}: {counts or 'no device'})"
