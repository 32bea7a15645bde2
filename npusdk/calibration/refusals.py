"""Why a row has no prediction."""

from __future__ import annotations

from typing import NamedTuple

from npusdk.report.validation import Reason


class Refused(NamedTuple):
    """Why a row has no prediction.

    Parameters
    ----------
    reason
        One of `npusdk.report.validation.REASONS`.
    detail
        What the row says, or the error of the cost model.
    """

    reason: Reason
    detail: str = ""


class UnansweredError(Exception):
    """A row cannot be answered; `refused` says why."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.refused = Refused(reason, detail[:200])
        super().__init__(reason)
