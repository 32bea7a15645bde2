"""How shape rules read a call: attributes and known inputs, with errors that name node, operator and value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn, cast

import numpy as np

from npusdk.errors import ModelFormatError, ShapeError, UnsupportedOpError
from npusdk.graph.ir import Array
from npusdk.graph.rules import Call, TensorType
from npusdk.language import _

KNOWN_LIMIT = 4096
"""Most elements of an input whose values a shape rule reads one by one: no tensor has so many dimensions or parts."""

_LONG = 16
"""Elements of a list that an error shows."""

_CHECK_SHAPES = _("Check the shapes given to the model and the layers before this node.")
_EXPORT_AGAIN = _("Export the model again, or check how it was edited.")


def refuse(call: Call, template: str, **params: object) -> NoReturn:
    """Raise a `ShapeError` about the call.

    Parameters
    ----------
    template
        Marked text with the fields `node`, `op` and those of `params`.
    """
    raise ShapeError(template, hint=_CHECK_SHAPES, node=call.node, op=call.op, **_short(params))


def malformed(call: Call, template: str, **params: object) -> NoReturn:
    """Raise a `ModelFormatError` about the call: no shapes could make it valid."""
    raise ModelFormatError(template, hint=_EXPORT_AGAIN, node=call.node, op=call.op, **_short(params))


def _short(params: Mapping[str, object]) -> dict[str, object]:
    """Return parameters with long lists cut."""
    return {
        name: (*value[:_LONG], "...") if isinstance(value, (tuple, list)) and len(value) > _LONG else value
        for name, value in params.items()
    }


def unsupported(call: Call, template: str, **params: object) -> NoReturn:
    """Raise an `UnsupportedOpError` about the call: valid ONNX that is not done here."""
    hint = _("Export the model without it.")
    raise UnsupportedOpError(template, hint=hint, node=call.node, op=call.op, **params)


def source(call: Call, index: int = 0) -> TensorType:
    """Return the type of an input that the operator requires."""
    return cast("TensorType", call.types[index])


def optional(call: Call, index: int) -> TensorType | None:
    """Return the type of an input, or None where it is left out."""
    return call.types[index] if index < len(call.types) else None


def integer(call: Call, name: str, default: int | None = None) -> int:
    """Return an integer attribute; one without a default is required."""
    value = call.attrs.get(name, default)
    if not isinstance(value, (int, np.integer)):
        _bad_attribute(call, name, "an integer")
    return int(value)


def integers(call: Call, name: str, count: int | None = None) -> tuple[int, ...] | None:
    """Return a list of integers, None where the attribute is absent; `count` is the length it must have."""
    value = call.attrs.get(name)
    if value is None:
        return None
    if not isinstance(value, tuple) or not all(isinstance(item, (int, np.integer)) for item in value):
        _bad_attribute(call, name, "a list of integers")
    if count is not None and len(value) != count:
        template = _("Node {node} ({op}): attribute {attribute} has {found} values instead of {count}: {value}.")
        malformed(call, template, attribute=name, found=len(value), count=count, value=value)
    return tuple(int(cast("int", item)) for item in value)


def text(call: Call, name: str, choices: Sequence[str]) -> str:
    """Return a text attribute that is one of `choices`; the first is the default."""
    value = call.attrs.get(name, choices[0])
    if value not in choices:
        _bad_attribute(call, name, " | ".join(choices))
    return str(value)


def _bad_attribute(call: Call, name: str, expected: str) -> NoReturn:
    template = _("Node {node} ({op}): attribute {attribute} is {value}; expected: {expected}.")
    malformed(call, template, attribute=name, value=repr(call.attrs.get(name))[:80], expected=expected)


def value_of(call: Call, index: int) -> Array | None:
    """Return the value of an input, or None where it is left out or not known."""
    return call.values[index] if index < len(call.values) else None


def known(call: Call, index: int, limit: int = KNOWN_LIMIT) -> Array:
    """Return the value of an input that decides the output's shape, of at most `limit` elements.

    Raises
    ------
    UnsupportedOpError
        If it is known only when the network runs.
    """
    value = value_of(call, index)
    if value is None:
        template = _(
            "Node {node} ({op}): the output's shape depends on values of input {index} known only at run time."
        )
        raise UnsupportedOpError(
            template,
            hint=_("Export the model with fixed shapes, or simplify it so that this input becomes a constant."),
            node=call.node,
            op=call.op,
            index=index,
        )
    if value.size > limit:
        template = _("Node {node} ({op}): input {index} decides a shape, yet it has {count} elements.")
        malformed(call, template, index=index, count=value.size)
    return value


def known_integers(call: Call, index: int) -> tuple[int, ...]:
    """Return the elements of an integer input that decides the output's shape."""
    return tuple(known(call, index).ravel().tolist())


def normal_axis(call: Call, axis: int, rank: int) -> int:
    """Return `axis` counted from the front of `rank` dimensions."""
    if not -rank <= axis < rank:
        refuse(
            call, _("Node {node} ({op}): axis {axis} is outside a tensor of {rank} dimensions."), axis=axis, rank=rank
        )
    return axis + rank if axis < 0 else axis


def normal_axes(call: Call, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Return `axes` counted from the front, each at most once."""
    found = tuple(normal_axis(call, axis, rank) for axis in axes)
    if len(set(found)) != len(found):
        malformed(call, _("Node {node} ({op}): an axis occurs twice in {axes}."), axes=tuple(axes))
    return found


def need_rank(call: Call, index: int, least: int, most: int | None = None) -> tuple[int, ...]:
    """Return the shape of an input that has between `least` and `most` dimensions."""
    shape = source(call, index).shape
    if len(shape) < least or (most is not None and len(shape) > most):
        template = _(
            "Node {node} ({op}): input {index} has shape {shape}; it needs {least} dimensions ({most} at most)."
        )
        refuse(call, template, index=index, shape=shape, least=least, most=most if most is not None else "-")
    return shape


def need_shape(call: Call, index: int, expected: tuple[int, ...]) -> None:
    """Check the shape of an input, where it is given."""
    given = optional(call, index)
    if given is not None and given.shape != expected:
        template = _("Node {node} ({op}): input {index} has shape {shape} instead of {expected}.")
        refuse(call, template, index=index, shape=given.shape, expected=expected)
