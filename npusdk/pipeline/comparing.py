"""A model on several devices in several ways: the product of what is asked for, each way once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple, TypeVar

from npusdk.catalogue import DeviceSpec
from npusdk.cost.price import PriceList
from npusdk.errors import ConfigError, NpuError
from npusdk.language import _
from npusdk.pipeline.calibration import check_stack
from npusdk.pipeline.case import share_out
from npusdk.pipeline.model import Model
from npusdk.pipeline.versions import model_version
from npusdk.report import Comparison, Parallel, ProfileReport, Refusal

T = TypeVar("T")


class Axes(NamedTuple):
    """What every device is asked for.

    Parameters
    ----------
    precisions, batches, parallels
        One or more of each.
    """

    precisions: tuple[str, ...]
    batches: tuple[int, ...]
    parallels: tuple[Parallel, ...]


def read_axes(
    model: Model,
    precision: str | Iterable[str],
    batch: int | Iterable[int] | None,
    parallel: Parallel | Iterable[Parallel] | None,
) -> Axes:
    """Return one value or several, checked as far as no device has to be known.

    Raises
    ------
    ConfigError
        If there is no value, or the model cannot be divided so.
    ShapeError
        If the model fixes its batch.
    """
    precisions = (precision,) if isinstance(precision, str) else tuple(precision)
    batches = tuple(batch) if isinstance(batch, Iterable) else (model.batch if batch is None else batch,)
    given = tuple(parallel) if isinstance(parallel, Iterable) and not isinstance(parallel, Parallel) else (parallel,)
    for name, values in (("precision", precisions), ("batch", batches), ("parallel", given)):
        if not values:
            raise ConfigError(
                _("{name} is empty: there is nothing to compare"), hint=_("Give one value or more."), name=name
            )
    for size in batches:
        model.at_batch(size)
    shared = (share_out(model.traits, one) for one in given)
    return Axes(_once(precisions), _once(batches), _once(shared))


def compare_cases(
    model: Model, devices: Iterable[DeviceSpec], asked: Axes, *, stack: str = "", prices: PriceList | None = None
) -> Comparison:
    """Return profiles of all combinations, and why the others have none.

    Raises
    ------
    ConfigError
        If the stack, or the version of the cost model that is pinned, is not known.
    """
    model_version()
    check_stack(stack)
    profiles: list[ProfileReport] = []
    refusals: list[Refusal] = []
    for device in devices:
        refused = _Refused(device)
        for precision in _precisions(model, device, asked, refused):
            for batch, parallel in product(asked.batches, asked.parallels):
                options = {"parallel": parallel, "stack": stack, "prices": prices}
                try:
                    profiles.append(model.planner.profile(device, precision, batch, **options))  # type: ignore[arg-type]  # each under its name
                except NpuError as error:
                    refused.add(error, precision, batch, parallel)
        refusals += refused.told(asked)
    batch_of_all = asked.batches[0] if len(asked.batches) == 1 else None
    return Comparison(model=model.name, batch=batch_of_all, profiles=tuple(profiles), refusals=tuple(refusals))


class _Refused:
    """What a device refused, each reason once."""

    def __init__(self, device: DeviceSpec) -> None:
        self.device = device
        self._found: dict[tuple[str, str, str], list[tuple[NpuError, int | None, Parallel | None]]] = {}

    def add(self, error: NpuError, precision: str, batch: int | None = None, parallel: Parallel | None = None) -> None:
        """Note an error of one combination, or of all in a precision."""
        key = (precision, error.code, repr(error.params))
        self._found.setdefault(key, []).append((error, batch, parallel))

    def told(self, asked: Axes) -> Iterator[Refusal]:
        """Yield one refusal for each reason; batch and devices are said where others were not refused so."""
        combinations = len(asked.batches) * len(asked.parallels)
        several = len(asked.precisions) > 1
        for (precision, _code, _params), errors in self._found.items():
            alike = len(errors) == combinations or errors[0][1] is None
            for error, batch, parallel in errors[: 1 if alike else None]:
                yield Refusal.from_error(
                    self.device.id,
                    self.device.name,
                    error,
                    precision=precision if several else "",
                    batch=None if alike else batch,
                    parallel=None if alike else parallel,
                )


def _precisions(model: Model, device: DeviceSpec, asked: Axes, refused: _Refused) -> tuple[str, ...]:
    """Return the precisions as the device has them, each once; those that it lacks are refused."""
    found = []
    for name in asked.precisions:
        try:
            found.append(model.planner.precision(device, name))
        except NpuError as error:
            refused.add(error, name)
    return _once(found)


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
