"""One operator on arrays of a device: computed by its kernel, rounded to the device's format, recorded."""

# ruff: noqa: SLF001 - this room reads the parts of its own class
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from npusdk.array.blocking import blockwise
from npusdk.array.context import Context
from npusdk.array.device_array import UNRECORDED, DeviceArray, Step, constant_number, wrap, wrap_view
from npusdk.array.emitting import LEFT_OUT
from npusdk.array.precision import FORMATS, choose_cell_precision
from npusdk.array.quiet import QUIET
from npusdk.array.sizing import require_room
from npusdk.catalogue import DeviceSpec, find_device
from npusdk.errors import PrecisionError, UnsupportedOpError, UsageError
from npusdk.graph import Attribute
from npusdk.kernels import KERNELS
from npusdk.language import _
from npusdk.numerics import ELEMENT_TYPES, round_to

Array: TypeAlias = npt.NDArray[Any]
Operand: TypeAlias = "DeviceArray | Array | None"

VIEWS = frozenset({"Expand", "Flatten", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators whose results share the memory of their first input where NumPy's do."""

_MOVES = VIEWS | {
    "Concat", "DepthToSpace", "Gather", "GatherElements", "GatherND", "Identity", "ReverseSequence", "SpaceToDepth",
    "Tile", "Trilu",
}  # fmt: skip
"""Operators that make no new number out of those of their inputs."""

_KEEPS = VIEWS | {"Cast", "ConstantOfShape", "Identity"}
"""Operators whose results without dimensions are arrays, as NumPy's are, unless the input was a scalar."""


def apply(op: str, inputs: Sequence[Operand], attrs: Mapping[str, Attribute] | None = None, outputs: int = 1) -> Any:
    """Run one operator and return its result, or a tuple of `outputs` results.

    Results of operators that only look at memory in another way are views of the first input.

    Parameters
    ----------
    op
        ONNX's name, a key of `npusdk.kernels.KERNELS`.
    inputs
        At least one device array; plain arrays become constants of the program, None leaves an input out. Element
        types have to be those that the operator takes.

    Raises
    ------
    UsageError
        If the arrays belong to different contexts.
    OutOfDeviceMemoryError
        If the device has no room for the results.
    """
    return run(common_context(inputs), op, inputs, attrs, outputs=outputs)


def run(
    context: Context,
    op: str,
    inputs: Sequence[Operand],
    attrs: Mapping[str, Attribute] | None = None,
    *,
    outputs: int = 1,
) -> Any:
    """Run one operator in a context, also without any device array among its inputs; otherwise as `apply`."""
    kernel = KERNELS.get(op)
    if kernel is None:
        raise UnsupportedOpError(_("Operator {op} has no kernel."), hint=_("Use operators that npusdk knows."), op=op)
    attrs = _narrowed_attributes(context, attrs) if attrs else {}
    values = [_value(context, given) for given in inputs]
    require_room(context, op, values, attrs, outputs=outputs)
    made = blockwise(op, kernel, values, attrs) or QUIET.run(kernel, values, attrs, outputs)
    first = inputs[0] if inputs else None
    if op in VIEWS and isinstance(first, DeviceArray) and all(np.may_share_memory(one, values[0]) for one in made):
        views = tuple(_view(first, op, (values, made, attrs), place) for place in range(outputs))
        return views if outputs > 1 else views[0]
    owned = [_owned(context, one, values) for one in made[:outputs]]
    if op not in _MOVES or any(isinstance(given, np.ndarray) and given.dtype.kind == "f" for given in inputs):
        for one in owned:
            context.round(one)
    number = UNRECORDED
    if context.record is not None:
        numbers = tuple(_number(context, given, value) for given, value in zip(inputs, values, strict=True))
        number = context.record.add(op, numbers, attrs, outputs)
    is_scalar = first._is_scalar if isinstance(first, DeviceArray) and op in _KEEPS else op not in _KEEPS
    results = tuple(
        wrap(context, one, number + place, is_scalar=is_scalar and not one.ndim) for place, one in enumerate(owned)
    )
    return results if outputs > 1 else results[0]


def common_context(inputs: Sequence[object]) -> Context:
    """Return the context of the device arrays among `inputs`.

    Raises
    ------
    UsageError
        If there are two.
    """
    found: Context | None = None
    for given in inputs:
        if isinstance(given, DeviceArray):
            if found is None:
                found = given.context
            elif given.context is not found:
                refuse_mix(found, given.context)
    if found is None:
        raise TypeError("no device array among the inputs")
    return found


def refuse_mix(left: Context, right: Context) -> NoReturn:
    """Refuse an operation on arrays of two contexts.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError(
        _("Arrays of two places meet: one on {left} in {left_precision}, the other on {right} in {right_precision}."),
        hint=_("Bring one to the host with numpy() and put it where the other is with npu.asarray()."),
        left=left.device.id,
        left_precision=left.precision,
        right=right.device.id,
        right_precision=right.precision,
    )


def _value(context: Context, given: Operand) -> Array | None:
    if isinstance(given, DeviceArray):
        return given._value
    if given is None:
        return None
    return given.astype(context.storage(given.dtype), copy=False)


def _number(context: Context, given: Operand, value: Array | None) -> int:
    if isinstance(given, DeviceArray):
        return given.number()
    if value is None:
        return LEFT_OUT
    return constant_number(context, value.copy() if value is given and value.ndim else value)


def _narrowed_attributes(context: Context, attrs: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """Return attributes whose element types are those of the context's storage."""
    narrowed = dict(attrs)
    for name, value in attrs.items():
        if name in ("to", "dtype") and isinstance(value, str):
            narrowed[name] = str(context.storage(ELEMENT_TYPES[value].storage))
        elif isinstance(value, np.ndarray):
            narrowed[name] = value.astype(context.storage(value.dtype), copy=False)
    return narrowed


def _owned(context: Context, value: Array, inputs: Sequence[Array | None]) -> Array:
    """Return a result in memory of its own and in the context's type."""
    value = np.asarray(value, context.storage(value.dtype))
    shares = any(given is not None and np.may_share_memory(given, value) for given in inputs)
    dense = value.flags.forc and value.flags.writeable
    return value if dense and not shares else value.copy()


def _view(first: DeviceArray, op: str, call: tuple[Any, ...], place: int) -> DeviceArray:
    """Return output number `place` as a view; one part of a Split is a Slice of its own."""
    values, made, attrs = call
    others = tuple(value for value in values[1:] if value is not None)
    if op != "Split":
        return wrap_view(first, made[place], ((op, others, attrs),))
    axis = int(attrs.get("axis", 0))
    axis = axis + first.ndim if axis < 0 else axis
    start = sum(part.shape[axis] for part in made[:place])
    return wrap_view(first, made[place], (slice_step((axis,), (start,), (start + made[place].shape[axis],)),))


def slice_step(
    axes: Sequence[int], starts: Sequence[int], ends: Sequence[int], steps: Sequence[int] | None = None
) -> Step:
    """Return the step of a Slice."""
    others = [starts, ends, axes, steps] if steps is not None else [starts, ends, axes]
    return "Slice", tuple(np.array(other, np.int64) for other in others), None


def put(context: Context, value: Array, name: str = "") -> DeviceArray:
    """Bring a value from the host to the device; it becomes an input of the record.

    Parameters
    ----------
    value
        Array or scalar of floats, integers or truth values; it is copied.
    name
        Of the input; a number by default.

    Raises
    ------
    DtypeError, PrecisionError
        If no device, or this one, holds such values.
    OutOfDeviceMemoryError
        If the device has no room.
    """
    given = np.asarray(value)
    storage = context.storage(given.dtype)
    size_bytes = given.size * context.width_bytes(storage)
    context.require(size_bytes)
    with np.errstate(all="ignore"):
        feed = given.astype(storage, order="K", copy=True)
    number = UNRECORDED
    held = feed
    if context.record is not None:
        number = context.record.input(feed, name, size_bytes)
        held = feed.copy(order="K")
    if context.rounds and storage.kind == "f":
        held = round_to(held, context.precision, held if held.flags.c_contiguous else None)
    return wrap(context, held, number)


_SHARED: dict[tuple[str, str], Context] = {}


def _shared_context(spec: DeviceSpec, precision: str) -> Context:
    """Return the context that all arrays of a device and a precision share outside of cells."""
    found = _SHARED.get((spec.id, precision))
    if found is None or (found.device is not spec and found.device != spec):
        found = _SHARED[spec.id, precision] = Context(spec, precision, None, spec.pool_bytes)
    return found


def asarray(value: Any, device: str | DeviceSpec = "reference", dtype: Any = None) -> DeviceArray:
    """Return an array on an emulated device, outside of any cell.

    Parameters
    ----------
    value
        Array, scalar or nested lists of floats, integers or truth values; a device array is brought over.
    device
        Name or `DeviceSpec`.
    dtype
        Format of the device's floats ("bf16", "fp16", "tf32", "fp32", or "exact" for NumPy's own types), or a NumPy
        type of the elements; by default the format that a cell has there.

    Raises
    ------
    UnknownDeviceError
        If the catalogue has no such device.
    PrecisionError
        If the device does not have the format.
    DtypeError
        If no device holds such values.

    Examples
    --------
    >>> import numpy as np
    >>> import npusdk as npu
    >>> np.sqrt(npu.asarray([2.0, 3.0], device="rngd"))
    DeviceArray([1.4140625, 1.734375 ], device='furiosa-rngd', format='bf16')
    """
    spec = device if isinstance(device, DeviceSpec) else find_device(device)
    is_format = isinstance(dtype, str) and dtype in FORMATS and dtype != "int8"
    precision = dtype if is_format else choose_cell_precision(spec)
    if is_format and dtype != "exact" and spec.kind != "reference" and dtype not in spec.dtypes:
        _refuse_format(spec, dtype)
    context = _shared_context(spec, precision)
    host = value.numpy() if isinstance(value, DeviceArray) else np.asarray(value)
    if dtype is not None and not is_format:
        host = host.astype(dtype)
    return put(context, host)


def _refuse_format(spec: DeviceSpec, dtype: str) -> NoReturn:
    raise PrecisionError(
        _("{device} has no precision {precision}; it has {available}"),
        hint=_("Choose one of {available}, or auto."),
        device=spec.id,
        precision=dtype,
        available=", ".join(spec.dtypes),
    )
