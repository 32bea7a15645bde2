"""A profile as data, for programs that draw it themselves."""

from __future__ import annotations

from npusdk.report import ProfileReport


def profile(report: ProfileReport) -> str:
    """Return the JSON of a report, as `ProfileReport.from_json` reads it."""
    return report.to_json()
