"""Arrays of one value, made on the device: nothing is copied, and zeros take memory when they are written to."""

from __future__ import annotations

from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.context import Context
from npusdk.array.device_array import UNRECORDED, DeviceArray, constant_number, wrap

Array: TypeAlias = npt.NDArray[Any]


def filled(context: Context, single: Array, shape: tuple[int, ...]) -> DeviceArray:
    """Return an array of one value.

    Parameters
    ----------
    single
        The value, an array of one element in the wanted type.

    Raises
    ------
    OutOfDeviceMemoryError
        Before anything is allocated.
    """
    storage = context.storage(single.dtype)
    context.require(prod(shape) * context.width_bytes(storage))
    with np.errstate(all="ignore"):
        held = single.reshape(1).astype(storage)
    context.round(held)
    value = np.full(shape, held[0], storage) if any(held.tobytes()) else np.zeros(shape, storage)
    number = UNRECORDED
    if context.record is not None:
        sizes = constant_number(context, np.array(shape, np.int64).reshape(len(shape)))
        number = context.record.add("ConstantOfShape", (sizes,), {"value": held})
    return wrap(context, value, number)
