from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.array.agreeing import EXACT, agree, arrays, on

FREE = {
    "ravel": np.ravel,
    "ravel F": lambda a: np.ravel(a, order="F"),
    "transpose": np.transpose,
    "matrix_transpose": np.matrix_transpose,
    "squeeze": np.squeeze,
    "atleast_1d": np.atleast_1d,
    "atleast_2d": np.atleast_2d,
    "atleast_3d": np.atleast_3d,
    "atleast_3d of two": lambda a: np.atleast_3d(a, 1.0 * a),
    "flip": np.flip,
    "flipud": np.flipud,
    "fliplr": np.fliplr,
    "rot90": np.rot90,
    "rot90 back": lambda a: np.rot90(a, -1, (1, 0)),
    "rot90 twice": lambda a: np.rot90(a, 2),
    "roll flat": lambda a: np.roll(a, 3),
    "repeat": lambda a: np.repeat(a, 2),
    "tile": lambda a: np.tile(a, 2),
    "tile more axes": lambda a: np.tile(a, (2, 1, 2, 1)),
    "resize": lambda a: np.resize(a, (3, 2)),
    "reshape flat": lambda a: np.reshape(a, -1),
    "reshape number": lambda a: np.reshape(a, a.size),
    "reshape F": lambda a: np.reshape(a, (-1, 2), order="F"),
    "reshape wrong": lambda a: np.reshape(a, (a.size + 1,)),
    "reshape copied": lambda a: np.reshape(a, (-1, 1), copy=True),
    "broadcast_to": lambda a: np.broadcast_to(a, (2, *a.shape)),
    "broadcast_to wrong": lambda a: np.broadcast_to(a, (7, 7, 7)),
    "broadcast_arrays": lambda a: np.broadcast_arrays(a, np.transpose(a[None])),
    "diagonal": np.diagonal,
    "diagonal above": lambda a: np.diagonal(a, 1, -1, 0),
    "linalg.diagonal": lambda a: np.linalg.diagonal(a, offset=-1),
    "permute_dims": np.permute_dims,
}
BY_AXIS = {
    "expand_dims": np.expand_dims,
    "expand_dims twice": lambda a, axis: np.expand_dims(a, (axis, 0)),
    "squeeze": lambda a, axis: np.squeeze(a, axis=axis),
    "flip": np.flip,
    "roll": lambda a, axis: np.roll(a, -2, axis),
    "roll two": lambda a, axis: np.roll(a, (1, 2), (axis, 0)),
    "repeat": lambda a, axis: np.repeat(a, 3, axis),
    "repeat each": lambda a, axis: np.repeat(a, np.arange(a.shape[axis]), axis),
    "swapaxes": lambda a, axis: np.swapaxes(a, axis, 0),
    "moveaxis": lambda a, axis: np.moveaxis(a, axis, 0),
    "moveaxis two": lambda a, axis: np.moveaxis(a, (axis, 0), (-1, -2)),
    "rollaxis": lambda a, axis: np.rollaxis(a, axis, 1),
    "unstack": lambda a, axis: np.unstack(a, axis=axis),
}


@pytest.mark.parametrize("function", FREE.values(), ids=FREE)
@given(a=arrays())
@settings(max_examples=25)
def test_shaping_agrees(function, a):
    """A function that gives an array another shape gives NumPy's elements, shape and type, and refuses what it does."""
    agree(function, a, exactly=True)


@pytest.mark.parametrize("function", BY_AXIS.values(), ids=BY_AXIS)
@given(a=arrays(), axis=st.integers(-4, 3))
@settings(max_examples=25)
def test_shaping_along_an_axis_agrees(function, a, axis):
    """Axes count from either end, and one that is not there is refused."""
    agree(function, a, axis, exactly=True)


VIEWS = {
    "reshape": lambda a: np.reshape(a, (3, 2)),
    "ravel": np.ravel,
    "transpose": np.transpose,
    "swapaxes": lambda a: np.swapaxes(a, 0, 1),
    "expand_dims": lambda a: np.expand_dims(a, 0),
    "squeeze": lambda a: np.squeeze(a[:, None]),
    "flip": np.flip,
    "rot90": np.rot90,
    "atleast_3d": np.atleast_3d,
    "moveaxis": lambda a: np.moveaxis(a, 0, 1),
    "split": lambda a: np.split(a, 3, axis=1)[1],
    "asarray": lambda a: np.astype(a, a.dtype, copy=False),
}
COPIES = {
    "repeat": lambda a: np.repeat(a, 1),
    "tile": lambda a: np.tile(a, 1),
    "roll": lambda a: np.roll(a, 0),
    "concatenate": lambda a: np.concatenate([a]),
    "take": lambda a: np.take(a, [0, 1], axis=0),
    "copy": np.copy,
    "astype": lambda a: np.astype(a, a.dtype),
    "reshape": lambda a: np.reshape(a, (2, 3), copy=True),
    "round": lambda a: np.round(a, 1),
    "ravel": lambda a: np.ravel(np.transpose(a)),
    "clip": lambda a: np.clip(a, None, 99),
    "sort": np.sort,
    "cumprod": lambda a: np.cumprod(a[:1], axis=0),
}


SHARING = {
    **{name: (function, True) for name, function in VIEWS.items()},
    **{f"{name} copies": (function, False) for name, function in COPIES.items()},
}


@pytest.mark.parametrize(("function", "shares"), SHARING.values(), ids=SHARING)
def test_views_share_memory_where_numpys_do(function, shares):
    """What is written to a view is seen in the array, and a copy is on its own, as in NumPy."""
    host = np.arange(6.0).reshape(2, 3)
    device = on(EXACT, host)
    assert np.shares_memory(host, function(host)) is shares
    assert np.shares_memory(device, function(device)) is shares
    function(device)[...] = 7
    assert (device.numpy() == 7).any() is np.bool_(shares)
