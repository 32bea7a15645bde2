"""What a cell has of an emulated device: arrays go there and come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from npusdk.array import Context, DeviceArray, choose_cell_precision, put
from npusdk.array.stand_in import modules
from npusdk.errors import OutOfDeviceMemoryError, PrecisionError
from npusdk.language import _
from npusdk.units import format_bytes

Array = npt.NDArray[np.generic]


@dataclass
class EmulatedHands:
    """The hands of a cell on an emulated device.

    Parameters
    ----------
    narrowed
        Names of float64 arrays that the device holds in a narrower format.
    taken
        Device arrays that came back, each once, and how the cell reaches them, by identity.
    """

    context: Context
    narrowed: list[str] = field(default_factory=list)
    taken: dict[int, tuple[DeviceArray, str]] = field(default_factory=dict)

    @property
    def modules(self) -> Mapping[str, object]:
        """What an import inside the cell gives instead of NumPy."""
        return modules(self.context)

    def put(self, name: str, value: Array) -> object:
        """Return an array of the notebook on the device; one that no device holds stays on the host.

        Raises
        ------
        PrecisionError
            If the cell's precision is one of integers, and this is an array of floats.
        OutOfDeviceMemoryError
            If the device has no room.
        """
        if value.dtype.kind not in "biuf":
            return value
        context = self.context
        if value.dtype.kind == "f" and context.precision == "int8":
            raise _no_floats(context, name, value)
        if value.dtype == np.float64 and context.precision != "exact":
            self.narrowed.append(name)
        try:
            return put(context, value, name)
        except OutOfDeviceMemoryError as error:
            raise _no_room(context, name, value) from error

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
        return _device_array(value)._value.view()  # noqa: SLF001 - it is looked at, and never written to

    def was_written(self, value: object) -> bool:
        """Return whether the cell wrote to an array since it was put."""
        return isinstance(value, DeviceArray) and value.was_written

    def take(self, value: object, name: str = "") -> Array | np.generic:
        """Return a device array as the host has it; one without dimensions as a scalar."""
        array = _device_array(value)
        self.taken.setdefault(id(array), (array, name))
        host = array.numpy()
        return host if host.ndim else host[()]


def _device_array(value: object) -> DeviceArray:
    if not isinstance(value, DeviceArray):
        text = f"{type(value).__name__} is no device array"
        raise TypeError(text)
    return value


def _no_floats(context: Context, name: str, value: Array) -> PrecisionError:
    if choose_cell_precision(context.device) == "int8":
        reason = _("{device} has formats of integers only, and {name} is an array of type {dtype}")
        hint = _("Convert it to integers before the cell, or choose another device.")
    else:
        reason = _("the cell's precision is int8, and {name} is an array of type {dtype}; device: {device}")
        hint = _("Leave --precision out, or convert the array to integers before the cell.")
    return PrecisionError(reason, hint=hint, device=context.device.id, name=name, dtype=str(value.dtype))


def _no_room(context: Context, name: str, value: Array) -> OutOfDeviceMemoryError:
    storage = context.storage(value.dtype)
    return OutOfDeviceMemoryError(
        _(
            "{name} takes {size} on {device}, whose memory is {limit};"
            " arrays that went there before it take {live}, all in {precision}"
        ),
        hint=_("Take a part of it to the cell, name what goes along with --in, or choose another device."),
        name=name,
        size=format_bytes(value.size * context.width_bytes(storage)),
        device=context.device.id,
        limit=format_bytes(context.memory_limit_bytes or 0),
        live=format_bytes(context.live_bytes),
        precision=context.precision,
    )
