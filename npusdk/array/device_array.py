"""The array of an emulated device.

An array that owns its memory is a *root*. Slices, transposes and reshapes are views: they share the root's memory as
NumPy's views do. For the record every write gives the root a new number and a new version; a view knows its parent and
the steps that lead there, and gets a number of its own for each version of the root in which somebody reads it.

What NumPy gives as a scalar (an element, a sum, an operator on such) is an array without dimensions here that does not
change: ``x += 1`` on it makes a new one.
"""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.context import Context
from npusdk.array.dispatch import FUNCTIONS, HANDLERS, METHODS, refuse, refuse_reading
from npusdk.array.operators import Operators
from npusdk.array.reading import Reading
from npusdk.array.scalars import Scalar, attribute_of
from npusdk.display import Shown
from npusdk.errors import UnsupportedOpError, UsageError
from npusdk.graph import Attributes
from npusdk.language import _

Array: TypeAlias = npt.NDArray[Any]
Step: TypeAlias = tuple[str, tuple[Array, ...], "Attributes | None"]
"""An operator whose result is a view of its first input: its name, its other inputs, its attributes."""

UNRECORDED = -1


class DeviceArray(Operators, Reading, Shown):
    """An array on an emulated device; NumPy's functions and operators work on it and give arrays of the same device.

    Made by `npusdk.asarray`, or by NumPy's functions inside a ``%%npu`` cell. `numpy` brings a copy to the host;
    nothing else does so without being asked.
    """

    __slots__ = (
        "_bytes", "_number", "_parent", "_root", "_steps", "_value", "_version", "context",
    )  # fmt: skip

    _value: Array
    context: Context
    _number: int
    _version: int
    _parent: DeviceArray | None
    _root: DeviceArray | None
    _steps: tuple[Step, ...]
    _bytes: int
    _is_scalar = False

    __hash__ = None  # type: ignore[assignment]  # an array is no key, as in NumPy

    def __del__(self) -> None:
        try:
            self.context.live_bytes -= self._bytes
        except AttributeError:  # an array that was never finished
            return

    def number(self) -> int:
        """Return the number that the record has for what the array holds now."""
        root = self._root
        if root is None or self._version == root._version:
            return self._number
        record, parent = self.context.record, self._parent
        if record is None or parent is None:
            return UNRECORDED
        number = parent.number()
        for op, others, attrs in self._steps:
            number = record.add(op, (number, *[constant_number(self.context, other) for other in others]), attrs)
        self._number, self._version = number, root._version
        return number

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self._value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy type in which the values are held here; see `format` for the device's."""
        return self._value.dtype

    @property
    def format(self) -> str:
        """Format of the numbers on the device: the context's for floats, the type's own name otherwise."""
        precision = self.context.precision
        return precision if self._value.dtype.kind == "f" and precision != "exact" else str(self._value.dtype)

    @property
    def device(self) -> str:
        """Identifier of the device."""
        return self.context.device.id

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._value.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._value.size

    @property
    def itemsize(self) -> int:
        """Bytes of an element on the device."""
        return self.context.width_bytes(self._value.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements on the device."""
        return self._value.size * self.itemsize

    @property
    def T(self) -> DeviceArray:  # noqa: N802 - NumPy's name
        """View with the axes in reverse order."""
        return HANDLERS["transpose"](self)  # type: ignore[no-any-return]  # a table of functions

    @property
    def mT(self) -> DeviceArray:  # noqa: N802 - NumPy's name
        """View with the last two axes exchanged."""
        return FUNCTIONS[np.matrix_transpose](self)  # type: ignore[no-any-return]  # a table of functions

    @property
    def real(self) -> DeviceArray:
        """The array itself: no device holds complex numbers."""
        return self

    @property
    def flat(self) -> DeviceArray:
        """View with one axis, where the elements lie in order; refused otherwise."""
        if not self._value.flags.c_contiguous:
            refuse("ndarray.flat")
        return METHODS["reshape"](self, -1)  # type: ignore[no-any-return]  # a table of functions

    @property
    def base(self) -> DeviceArray | None:
        """The array whose memory this one shares, or None."""
        return self._root

    @property
    def was_written(self) -> bool:
        """Whether anything was assigned to the elements since the array was made."""
        return (self if self._root is None else self._root)._version > 0

    def numpy(self) -> Array:
        """Return a copy on the host; floats as float32, also those of narrower formats."""
        return self._value.copy()

    def __iter__(self) -> Iterator[DeviceArray]:
        if not self._value.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[place] for place in range(len(self._value)))

    def __getitem__(self, key: object) -> DeviceArray:
        return HANDLERS["getitem"](self, key)  # type: ignore[no-any-return]  # a table of functions

    def __setitem__(self, key: object, value: object) -> None:
        HANDLERS["setitem"](self, key, value)

    def __delitem__(self, key: object) -> None:
        raise ValueError("cannot delete array elements")

    def __copy__(self) -> DeviceArray:
        return HANDLERS["copy"](self)  # type: ignore[no-any-return]  # a table of functions

    def __deepcopy__(self, memo: object) -> DeviceArray:
        return self.__copy__()

    def __reduce__(self) -> Any:
        raise UsageError(
            _("An array on {device} cannot be pickled."),
            hint=_("Bring it to the host with numpy() first."),
            device=self.device,
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        refuse_reading(self.device)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return HANDLERS["ufunc"](ufunc, method, inputs, kwargs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        implementation = FUNCTIONS.get(function)
        if implementation is None:
            refuse(f"{getattr(function, '__module__', 'numpy')}.{function.__name__}")
        return implementation(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        method = METHODS.get(name)
        if method is None:
            if name.startswith("_") or not hasattr(np.ndarray, name):
                text = f"'DeviceArray' object has no attribute {name!r}"
                raise AttributeError(text, name=name, obj=self)
            raise MissingMethodError(
                _("{name} is not available on a device array."),
                hint=_("Bring the array to the host with numpy(), or use another function."),
                name=f"ndarray.{name}",
            )
        return _Bound(method, self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *METHODS})


class DeviceScalar(Scalar, DeviceArray):  # type: ignore[misc]  # a scalar has a hash
    """What NumPy gives as a scalar, on an emulated device: it has no dimensions and does not change."""

    __slots__ = ()

    _is_scalar = True

    def __getattr__(self, name: str) -> Any:
        found = attribute_of(self._value, name)
        return DeviceArray.__getattr__(self, name) if found is None else found


class MissingMethodError(UnsupportedOpError, AttributeError):
    """A method of ndarray that no device array has; `hasattr` says False."""


class _Bound:
    """A method of an array, from the table of methods."""

    __slots__ = ("_array", "_method")

    def __init__(self, method: Callable[..., Any], array: DeviceArray) -> None:
        self._method, self._array = method, array

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._method(self._array, *args, **kwargs)


_new = object.__new__


def wrap(context: Context, value: Array, number: int, *, is_scalar: bool = False) -> DeviceArray:
    """Return an array that owns `value`, which nobody else writes to.

    Parameters
    ----------
    number
        What the record calls it.
    is_scalar
        Whether NumPy would have given a scalar.
    """
    size_bytes = value.size * context.width_bytes(value.dtype)
    if context.memory_limit_bytes is not None:
        context.require(size_bytes)
    array = _new(DeviceScalar if is_scalar else DeviceArray)
    array._value = value
    array.context = context
    array._number = number
    array._version = 0
    array._parent = None
    array._root = None
    array._bytes = size_bytes
    context.live_bytes += size_bytes
    return array


def wrap_view(parent: DeviceArray, value: Array, steps: tuple[Step, ...]) -> DeviceArray:
    """Return a view of `parent` that `steps` lead to; `value` shares the parent's memory."""
    array = _new(DeviceArray)
    array._value = value
    array.context = parent.context
    array._number = UNRECORDED
    array._version = -1
    array._parent = parent
    array._root = parent if parent._root is None else parent._root
    array._steps = steps
    array._bytes = 0
    return array


def constant_number(context: Context, value: Array) -> int:
    """Return the number of a constant of the program; lists of integers and scalars are shared."""
    record = context.record
    if record is None:
        return UNRECORDED
    if value.ndim == 1 and value.dtype == np.int64 and value.size <= 16:
        return record.numbers(value.tolist())
    if not value.ndim:
        return record.scalar(value.item(), value.dtype)
    return record.constant(value)
