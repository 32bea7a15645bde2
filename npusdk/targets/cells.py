"""A notebook cell on an emulated device in this process: replayed on device arrays, recorded, and costed."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from npusdk.array import Context, Record, choose_cell_precision
from npusdk.catalogue import DeviceSpec, find_device
from npusdk.cell import Bundle, Outcome, replay
from npusdk.compiler import EMULATED
from npusdk.errors import PrecisionError
from npusdk.language import _
from npusdk.pipeline import model_version
from npusdk.report import CellReport
from npusdk.targets.hands import EmulatedHands
from npusdk.targets.prediction import report_of
from npusdk.targets.timing import interruptible, time_limit


@dataclass(frozen=True)
class CellRun:
    """What came of a cell.

    Parameters
    ----------
    outcome
        Values for the notebook; nothing there has changed yet, see `npusdk.cell.apply`.
    report
        What is said of the run.
    """

    outcome: Outcome
    report: CellReport


def run_cell(
    bundle: Bundle,
    device: str | DeviceSpec,
    precision: str = "auto",
    *,
    timeout_s: float | None = None,
    compare: bool = False,
) -> CellRun:
    """Run a captured cell on the emulator of a device.

    Parameters
    ----------
    precision
        "auto" is the widest floating-point format in which the device multiplies matrices.
    timeout_s
        Seconds that the cell may take.
    compare
        Whether to compute what rounding cost, by running the recorded operators once more in float32.

    Raises
    ------
    ConfigError
        If `NPUSDK_CALIBRATION` names no version of the cost model.
    PrecisionError
        If the device does not have the precision, or it is not emulated.
    RunTimeoutError
        If the time ran out.
    Exception
        Whatever the cell raises.
    """
    model_version()  # a pinned version that is not there is refused before anything runs
    spec = device if isinstance(device, DeviceSpec) else find_device(device)
    chosen = _choose(spec, precision)
    record = Record()
    hands = EmulatedHands(Context(spec, chosen, record, spec.pool_bytes))
    with interruptible():
        start_s = perf_counter()
        with time_limit(timeout_s):
            outcome = replay(bundle, hands)
        elapsed_s = perf_counter() - start_s
        return CellRun(outcome, report_of(hands, record, elapsed_s, compare=compare))


def _choose(spec: DeviceSpec, precision: str) -> str:
    """Return the format of a cell.

    Raises
    ------
    PrecisionError
        If the device does not have it, or it is not emulated.
    """
    if precision == "auto":
        return choose_cell_precision(spec)
    available = ("exact", *(dtype for dtype in spec.dtypes if dtype in EMULATED))
    if precision not in available:
        raise PrecisionError(
            _("a cell cannot run in {precision} on {device}; there it can run in {available}"),
            hint=_("Choose one of {available}, or auto."),
            precision=precision,
            device=spec.id,
            available=", ".join(available),
        )
    return precision
