"""A context: one device, one number format, and what all arrays there share.

Floats of a context are NumPy float32 whose values are numbers of its format: "bf16", "fp16" and "tf32" are rounded to
nearest even after every operator, "fp32" is as it is. "exact" has NumPy's own types and no rounding. Integers and truth
values are exact everywhere.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.precision import FORMATS
from npusdk.array.quiet import BLOCK, QUIET
from npusdk.array.record import Record
from npusdk.catalogue import DeviceSpec
from npusdk.errors import DoesNotFitError, DtypeError, OutOfDeviceMemoryError, PrecisionError
from npusdk.host import memory_bytes
from npusdk.kernels.blocks import cut
from npusdk.language import _
from npusdk.numerics import MATRIX_FORMATS, RESULT_ROUNDERS
from npusdk.units import format_bytes

Array: TypeAlias = npt.NDArray[Any]

_FLOAT32 = np.dtype(np.float32)

_WIDENED = {"bf16": 2, "fp16": 2}
"""How many bytes this computer takes for one of the device's floats: they are float32 here."""


@cache
def _host_limit_bytes(precision: str) -> int | None:
    limit = memory_bytes()
    return None if limit is None else limit // _WIDENED.get(precision, 1)


class Context:
    """One device, one number format, maybe one record; every array belongs to one.

    Parameters
    ----------
    device
        The emulated device.
    precision
        "exact", "fp32", "tf32", "bf16", "fp16" or "int8".
    record
        Where to write down what runs; None to compute only.
    memory_limit_bytes
        Memory of the device; None for no limit.

    Attributes
    ----------
    host_limit_bytes
        As much of the device's format as this computer's memory holds; None where that is not known.
    live_bytes
        Bytes of all arrays that are alive, in the device's format.
    """

    __slots__ = (
        "__weakref__", "_storages", "_widths", "block", "device", "host_limit_bytes", "live_bytes", "loops",
        "memory_limit_bytes", "precision", "record", "rounder", "rounds",
    )  # fmt: skip

    def __init__(
        self,
        device: DeviceSpec,
        precision: str,
        record: Record | None = None,
        memory_limit_bytes: int | None = None,
    ) -> None:
        if precision not in FORMATS:
            raise PrecisionError(
                _("arrays cannot have the precision {precision}; they can have {available}"),
                hint=_("Choose one of {available}."),
                precision=precision,
                available=", ".join(FORMATS),
            )
        self.device = device
        self.precision = precision
        self.record = record
        self.memory_limit_bytes = memory_limit_bytes
        self.host_limit_bytes = _host_limit_bytes(precision)
        self.live_bytes = 0
        self.rounds = precision in RESULT_ROUNDERS
        self.block = BLOCK // 2 if precision == "fp16" else BLOCK  # its rounder needs twice the scratch
        self.loops: dict[Any, Any] = {}
        self.rounder = RESULT_ROUNDERS.get(precision)
        self._storages: dict[np.dtype[Any], np.dtype[Any]] = {}
        self._widths: dict[str, int] = {}

    def storage(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the NumPy type in which values of `dtype` are held here.

        Raises
        ------
        DtypeError
            If no device has such values.
        PrecisionError
            If they are floats and the device has integers only.
        """
        found = self._storages.get(dtype)
        if found is None:
            found = self._storages[dtype] = self._find_storage(dtype)
        return found

    def _find_storage(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        if dtype.kind not in "biuf" or (self.precision == "exact" and dtype.itemsize > 8):
            raise DtypeError(
                _("{device} holds no values of type {dtype}; it holds floats, integers and truth values."),
                hint=_("Convert them first, or keep them on the host."),
                device=self.device.id,
                dtype=str(dtype),
            )
        if dtype.kind != "f" or self.precision == "exact":
            return np.dtype(dtype.newbyteorder("=").str)
        if self.precision == "int8":
            raise PrecisionError(
                _("int8 holds integers only, and this is an array or a result of type {dtype}; device: {device}."),
                hint=_("Convert to integers, or choose another precision or device."),
                device=self.device.id,
                dtype=str(dtype),
            )
        return _FLOAT32

    def width_bytes(self, dtype: np.dtype[Any]) -> int:
        """Return the bytes that a value takes on the device."""
        found = self._widths.get(dtype.char)
        if found is None:
            narrow = dtype.kind == "f" and self.precision in MATRIX_FORMATS
            found = min(dtype.itemsize, MATRIX_FORMATS[self.precision].bits // 8) if narrow else dtype.itemsize
            self._widths[dtype.char] = found
        return found

    def round(self, value: Array) -> None:
        """Round what arithmetic made to the context's format, in place."""
        if self.rounder is None or value.dtype is not _FLOAT32:
            return
        if value.size <= self.block:
            QUIET.run(self.rounder, value, QUIET.scratch[: value.size].reshape(value.shape))
        else:
            QUIET.run(_round_blocks, self, value)

    def require(self, size_bytes: int) -> None:
        """Refuse an allocation that the device, or this computer, has no room for.

        Raises
        ------
        OutOfDeviceMemoryError
            With what is alive on the device and what was asked for.
        DoesNotFitError
            If the device has the room, and this computer has not.
        """
        limit, host = self.memory_limit_bytes, self.host_limit_bytes
        if limit is None or self.live_bytes + size_bytes <= limit:
            if host is not None and self.live_bytes + size_bytes > host:
                self._refuse_host(size_bytes)
            return
        raise OutOfDeviceMemoryError(
            _(
                "Device {device} has {limit} of memory; arrays that are alive take {live} in {precision}, "
                "and the next one would take {wanted}."
            ),
            hint=_("Free arrays that are not needed (del), work in smaller batches, or choose another device."),
            device=self.device.id,
            precision=self.precision,
            limit=format_bytes(limit),
            live=format_bytes(self.live_bytes),
            wanted=format_bytes(size_bytes),
        )

    def _refuse_host(self, size_bytes: int) -> NoReturn:
        raise DoesNotFitError(
            _(
                "This computer has {limit} of memory; arrays that are alive take {live} of it, and the next one would "
                "take {wanted}. Device: {device}."
            ),
            hint=_("Free arrays that are not needed (del), or work in smaller batches."),
            device=self.device.id,
            limit=format_bytes(memory_bytes() or 0),
            live=format_bytes(self.live_bytes * _WIDENED.get(self.precision, 1)),
            wanted=format_bytes(size_bytes * _WIDENED.get(self.precision, 1)),
        )

    def __repr__(self) -> str:
        return f"Context({self.device.id}, {self.precision})"


def _round_blocks(context: Context, value: Array) -> None:
    """Round in blocks that stay in the cache, in the order of the memory."""
    order = sorted(range(value.ndim), key=lambda axis: -abs(value.strides[axis]))
    ordered = value.transpose(order)
    ordered = ordered.reshape(-1) if ordered.flags.c_contiguous else ordered
    rounder: Any = context.rounder
    for index in cut(ordered.shape, context.block):
        block = ordered[index]
        rounder(block, QUIET.scratch[: block.size].reshape(block.shape))
