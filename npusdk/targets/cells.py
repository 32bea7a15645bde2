"""A notebook cell on an emulated device in this process: replayed on device arrays, recorded, and costed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import numpy.typing as npt

from npusdk.array import RECORD_LIMIT, Context, DeviceArray, Record, choose_cell_precision, put
from npusdk.array.stand_in import modules
from npusdk.catalogue import DeviceSpec, find_device
from npusdk.cell import Bundle, Outcome, replay
from npusdk.errors import DoesNotFitError, NpuError, PrecisionError
from npusdk.language import _
from npusdk.pipeline import model_version
from npusdk.pipeline.recorded import Recording
from npusdk.report import CellReport, ProfileReport, Refusal
from npusdk.targets.timing import time_limit

Array = npt.NDArray[np.generic]

EMULATED = ("exact", "bf16", "fp16", "tf32", "fp32", "int8")
"""Formats that a cell can compute in here."""

ROUNDED = ("bf16", "fp16", "tf32")
"""Those that lose something against float32."""


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


@dataclass
class _Hands:
    """What a cell needs of the place where it runs: arrays go to the device and come back.

    Parameters
    ----------
    narrowed
        Names of float64 arrays that the device holds in a narrower format.
    taken
        Device arrays that came back, each once.
    """

    context: Context
    narrowed: list[str] = field(default_factory=list)
    taken: dict[int, DeviceArray] = field(default_factory=dict)

    @property
    def modules(self) -> Mapping[str, object]:
        """What an import inside the cell gives instead of NumPy."""
        return modules(self.context)

    def put(self, name: str, value: Array) -> object:
        """Return an array of the notebook on the device; one that no device holds stays on the host."""
        if value.dtype.kind not in "biuf":
            return value
        if value.dtype == np.float64 and self.context.precision != "exact":
            self.narrowed.append(name)
        return put(self.context, value, name)

    def held(self, value: Array) -> Array:
        """Return what the device holds of an array once it is put."""
        context = self.context
        if value.dtype.kind not in "biuf":
            return value
        return put(Context(context.device, context.precision), value).numpy()

    def owns(self, value: object) -> bool:
        """Return whether a value lives on the device."""
        return isinstance(value, DeviceArray)

    def memory(self, value: object) -> Array:
        """Return the elements of a device array where the emulator holds them."""
        return value._value.view() if isinstance(value, DeviceArray) else np.empty(0)  # noqa: SLF001 - never written to

    def was_written(self, value: object) -> bool:
        """Return whether the cell wrote to an array since it was put."""
        return isinstance(value, DeviceArray) and value.was_written

    def take(self, value: object) -> Array | np.generic:
        """Return a device array as the host has it; one without dimensions as a scalar."""
        if not isinstance(value, DeviceArray):
            text = f"{type(value).__name__} is no device array"
            raise TypeError(text)
        self.taken.setdefault(id(value), value)
        host = value.numpy()
        return host if host.ndim else host[()]


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
    hands = _Hands(Context(spec, chosen, record, spec.pool_bytes))
    start_s = perf_counter()
    with time_limit(timeout_s):
        outcome = replay(bundle, hands)
    elapsed_s = perf_counter() - start_s
    return CellRun(outcome, _report(hands, record, elapsed_s, compare=compare))


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


def _report(hands: _Hands, record: Record, elapsed_s: float, *, compare: bool) -> CellReport:
    context, taken = hands.context, list(hands.taken.values())
    profile, refusal, loss = None, None, None
    try:
        recording = _recording(record, taken)
        if recording is not None and compare and context.precision in ROUNDED:
            loss = _loss(recording, record.feeds, {record.name_of(array): array for array in taken})
        profile = _predict(recording, context)
    except NpuError as error:
        refusal = Refusal.from_error(context.device.id, context.device.name, error)
    except Exception as error:  # noqa: BLE001 - a fault of ours in the prediction must not lose a cell that ran
        refusal = Refusal.from_error(context.device.id, context.device.name, _fault(error))
    return CellReport(
        device=context.device.id,
        device_name=context.device.name,
        precision=context.precision,
        elapsed_here_s=elapsed_s,
        operations=record.operations,
        in_bytes=record.in_bytes,
        out_bytes=sum(context.device_bytes(array) for array in taken),
        narrowed=tuple(dict.fromkeys(hands.narrowed)),
        loss=loss,
        profile=profile,
        refusal=refusal,
    )


def _recording(record: Record, taken: Sequence[DeviceArray]) -> Recording | None:
    """Return what ran as one graph; None where nothing did.

    Raises
    ------
    DoesNotFitError
        If more ran than can be recorded.
    """
    if not record.is_complete:
        raise DoesNotFitError(
            _("the cell ran {count} operators, and a prediction covers {limit} at most"),
            hint=_("Run fewer steps of the loop to see what the device would take for them."),
            count=record.operations,
            limit=RECORD_LIMIT,
        )
    return Recording(record.graph("cell", taken)) if record.operations else None


def _predict(recording: Recording | None, context: Context) -> ProfileReport | None:
    if recording is None:
        return None
    exact = context.precision == "exact"
    return recording.profile(context.device, choose_cell_precision(context.device) if exact else context.precision)


def _fault(error: Exception) -> NpuError:
    return NpuError(
        _("the cell ran, but its prediction failed: {kind}: {problem}"),
        hint=_("Report it with the cell: it is a fault of npusdk."),
        kind=type(error).__name__,
        problem=str(error),
    )


def _loss(recording: Recording, feeds: Mapping[str, Array], names: Mapping[str, DeviceArray]) -> float:
    """Return the largest relative difference of what came back from the same operators in float32."""
    exact = recording.evaluate(feeds)
    return max((_difference(array.numpy(), exact[name]) for name, array in names.items()), default=0.0)


def _difference(rounded: Array, exact: Array) -> float:
    """Return the largest difference over the largest magnitude; elements that are not finite in both are left out."""
    if exact.dtype.kind != "f" or not exact.size:
        return 0.0
    finite = np.isfinite(rounded) & np.isfinite(exact)
    difference = np.abs(np.subtract(rounded, exact, where=finite, out=np.zeros(exact.shape, np.float64)))
    magnitude = np.abs(exact, where=finite, out=np.zeros(exact.shape, np.float64))
    largest = float(magnitude.max(initial=0))
    return float(difference.max(initial=0)) / largest if largest else 0.0
