"""What a caller gives: checked against the graph's inputs before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from npusdk.emulator.storage import Array
from npusdk.errors import DtypeError, ShapeError
from npusdk.graph import Graph, Tensor
from npusdk.language import _
from npusdk.numerics import ELEMENT_TYPES


def check_inputs(graph: Graph, given: Mapping[str, Array]) -> dict[str, Array]:
    """Return the inputs as arrays, by name.

    An element type that NumPy converts without loss ("safe" casting) is taken; any other is refused, float64 for a
    float32 input among them. A bfloat16 input is given as float32 and rounded.

    Raises
    ------
    ShapeError
        If an input is missing, unknown or of another shape.
    DtypeError
        If an element type cannot be converted without loss.
    """
    if not isinstance(given, Mapping):
        raise ShapeError(
            _("Inputs come as a dictionary of names and arrays, not as {kind}."),
            hint=_("Give one array for each of {inputs}."),
            kind=type(given).__name__,
            inputs=", ".join(graph.inputs),
        )
    for name in given:
        if name not in graph.inputs:
            raise ShapeError(
                _("Model {model} has no input {name}; it has {inputs}."),
                hint=_("Give one array for each of {inputs}."),
                model=graph.name,
                name=name,
                inputs=", ".join(graph.inputs),
            )
    return {name: _checked(graph, graph.tensors[name], given) for name in graph.inputs}


def _checked(graph: Graph, tensor: Tensor, given: Mapping[str, Array]) -> Array:
    if tensor.name not in given:
        raise ShapeError(
            _("Input {name} of model {model} is missing: {dtype} of shape {shape}."),
            hint=_("Give one array for each of {inputs}."),
            name=tensor.name,
            model=graph.name,
            dtype=tensor.dtype,
            shape=tensor.shape,
            inputs=", ".join(graph.inputs),
        )
    array = _array(tensor, given[tensor.name])
    if array.shape != tensor.shape:
        raise ShapeError(
            _("Input {name} has shape {given}; model {model} was compiled for {shape}."),
            hint=_("Give an array of shape {shape}, or load the model with other input shapes."),
            name=tensor.name,
            given=array.shape,
            model=graph.name,
            shape=tensor.shape,
        )
    wanted = ELEMENT_TYPES[tensor.dtype].storage
    if not np.can_cast(array.dtype, wanted, "safe"):
        raise DtypeError(
            _("Input {name} is {given}; model {model} takes {dtype}, and the conversion could lose digits."),
            hint=_("Convert it yourself: array.astype('{storage}')."),
            name=tensor.name,
            given=str(array.dtype),
            model=graph.name,
            dtype=tensor.dtype,
            storage=str(wanted),
        )
    return array


def _array(tensor: Tensor, value: object) -> Array:
    """Return what a caller gives for an input as an array; rows of different lengths are none."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ShapeError(
            _("Input {name} is no array: {problem}"),
            hint=_("Give an array of shape {shape}, or load the model with other input shapes."),
            name=tensor.name,
            problem=str(error),
            shape=tensor.shape,
        ) from error
