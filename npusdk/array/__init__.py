"""NumPy's arrays on an emulated device: eager, in the device's number format, and recorded as a graph.

`Context` says where and in which format; `put` brings a value there; `apply` runs one operator; NumPy's functions and
operators on a `DeviceArray` are made of these.
"""

from npusdk.array.apply import apply, asarray, common_context, put, run
from npusdk.array.context import Context
from npusdk.array.device_array import DeviceArray
from npusdk.array.dispatch import FUNCTIONS, HANDLERS, METHODS
from npusdk.array.functions import FUNCTIONS as NUMPY_FUNCTIONS
from npusdk.array.indexing import getitem, setitem
from npusdk.array.methods import METHODS as NUMPY_METHODS
from npusdk.array.precision import choose_cell_precision
from npusdk.array.record import RECORD_LIMIT, Record
from npusdk.array.stand_in import modules, stand_in
from npusdk.array.ufunc_calls import call_ufunc
from npusdk.array.ufuncs import binary, unary
from npusdk.array.updating import in_place
from npusdk.array.views import copy, transpose

__all__ = [
    "RECORD_LIMIT",
    "Context",
    "DeviceArray",
    "Record",
    "apply",
    "asarray",
    "choose_cell_precision",
    "common_context",
    "modules",
    "put",
    "run",
    "stand_in",
]

HANDLERS.update(
    binary=binary,
    copy=copy,
    getitem=getitem,
    in_place=in_place,
    setitem=setitem,
    transpose=transpose,
    ufunc=call_ufunc,
    unary=unary,
)
FUNCTIONS.update(NUMPY_FUNCTIONS)
METHODS.update(NUMPY_METHODS)
