"""NumPy's calls of ufuncs with device arrays: plain ones with all their keywords, and the methods of ufuncs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from npusdk.array.apply import common_context
from npusdk.array.device_array import DeviceArray
from npusdk.array.dispatch import FUNCTIONS, refuse
from npusdk.array.ufunc_methods import accumulate, at, outer, reduce
from npusdk.array.ufuncs import evaluate
from npusdk.array.updating import evaluate_into
from npusdk.errors import UsageError
from npusdk.language import _

Method: TypeAlias = Callable[..., Any]

_METHODS: Mapping[str, Method] = MappingProxyType(
    {"reduce": reduce, "accumulate": accumulate, "outer": outer, "at": at}
)
_KEYWORDS = frozenset({"out", "where", "dtype", "casting", "order", "subok"})


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Return what NumPy asks of a ufunc of device arrays (NEP 13).

    Raises
    ------
    UnsupportedOpError
        If the ufunc, its method or a keyword is not available on a device.
    UsageError
        If a result is to be written to an array on the host.
    """
    for out in keywords.get("out") or ():
        if out is not None and not isinstance(out, DeviceArray):
            raise UsageError(
                _("numpy.{function} cannot write results of a device to an array on the host."),
                hint=_("Leave out= away, or give a device array."),
                function=ufunc.__name__,
            )
    if method != "__call__":
        implementation = _METHODS.get(method)
        if implementation is None:
            refuse(f"numpy.{ufunc.__name__}.{method}")
        return implementation(ufunc, *inputs, **keywords)
    return _call(ufunc, inputs, keywords)


def _call(ufunc: np.ufunc, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    if ufunc.signature is not None and "axis" in keywords:
        axis = keywords["axis"]
        moved = tuple(FUNCTIONS[np.moveaxis](one, axis, -1) for one in inputs)
        return _call(ufunc, moved, {name: value for name, value in keywords.items() if name != "axis"})
    for name in keywords:
        if name not in _KEYWORDS:
            refuse(f"numpy.{ufunc.__name__}({name}=)")
    outs, where = keywords.get("out"), keywords.get("where", True)
    context = common_context((*inputs, *(outs or ()), where))
    dtype = None if keywords.get("dtype") is None else np.dtype(keywords["dtype"])
    casting = keywords.get("casting", "same_kind")
    if outs is None and where is True and casting == "same_kind":
        return evaluate(context, ufunc, inputs, dtype)
    found = evaluate_into(
        context, ufunc, inputs, outs or (None,) * ufunc.nout, where=where, dtype=dtype, casting=casting
    )
    return found if ufunc.nout > 1 else found[0]
