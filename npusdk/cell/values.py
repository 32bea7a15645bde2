"""How plain values become nodes: containers, arrays, scalars of NumPy, random generators, what makers make."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from types import BuiltinMethodType, ModuleType
from typing import Any

import numpy as np

from npusdk.cell.encoder import Encoder, RefusedError, Rule
from npusdk.cell.imports import imported
from npusdk.cell.makers import BOUND, BY_TYPE, CLOSED, FILES, MAKERS, closed_file
from npusdk.cell.nodes import Array, Built, Data, Node, NumpyScalar, Objects, Random, Sequence
from npusdk.cell.nodes import Mapping as MappingNode
from npusdk.errors import SerializationError
from npusdk.language import _

SEQUENCES: dict[str, type] = {cls.__name__: cls for cls in (list, tuple, set, frozenset, deque, bytearray)}
MAPPINGS: dict[str, type] = {cls.__name__: cls for cls in (dict, OrderedDict, defaultdict, Counter)}
RANDOMS: dict[str, type] = {cls.__name__: cls for cls in (np.random.Generator, np.random.RandomState, random.Random)}
BITS: dict[str, type] = {
    cls.__name__: cls
    for cls in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
}


def _sequence(encoder: Encoder, value: Any) -> Node:
    return Sequence(type(value).__name__, encoder.items(value), getattr(value, "maxlen", None))


def _mapping(encoder: Encoder, value: Mapping[object, object]) -> Node:
    keys = encoder.items(value.keys(), " key {}")
    values = tuple(encoder.item(entry, encoder.place_of(value, key)) for key, entry in value.items())
    factory = encoder.item(getattr(value, "default_factory", None), ".default_factory")
    return MappingNode(type(value).__name__, keys, values, factory)


def array(encoder: Encoder, value: object) -> Node | None:
    """Return the node of an ndarray; subclasses are refused but for memory maps, which are ndarrays in a file."""
    if not isinstance(value, np.ndarray):
        return None
    if type(value) not in {np.ndarray, np.memmap}:
        raise RefusedError(
            _("{path} cannot travel between the notebook and the cell: {type} is an array with rules of its own"),
            hint=_("Make an ordinary array of it with np.asarray."),
        )
    if value.dtype.hasobject:
        return _objects(encoder, value)
    data = value.view(np.ndarray)
    data.flags.writeable = False
    return Array(encoder.here, data, value.flags.writeable, encoder.stays(value))


def _objects(encoder: Encoder, value: Data) -> Node:
    if value.dtype != object:
        raise RefusedError(_("{path} cannot travel between the notebook and the cell: its records hold objects"))
    return Objects(value.shape, encoder.items(value.ravel().tolist()))


def _scalar(_encoder: Encoder, value: object) -> Node | None:
    return NumpyScalar(np.array(value)) if isinstance(value, np.generic) else None


def _random(encoder: Encoder, value: object) -> Node | None:
    if type(value) is random.Random:
        return Random("Random", "", encoder.item(state_of(value)))
    bits = bits_of(value)
    if not isinstance(bits, np.random.BitGenerator):
        return None
    name, kind = type(bits).__name__, type(value).__name__
    if name not in BITS or kind not in RANDOMS:
        return None
    return Random(kind, name, encoder.item(state_of(value)))


def _imported(encoder: Encoder, value: object) -> Node | None:
    found = imported(value, [str(encoder.namespace.get("__name__", ""))])
    if found is None and isinstance(value, ModuleType):
        raise RefusedError(
            _("{path} is a module that was not imported by its name"), hint=_("Import it with an import statement.")
        )
    return found


def _bound(encoder: Encoder, value: object) -> Node | None:
    if not isinstance(value, BuiltinMethodType) or isinstance(value.__self__, (ModuleType, type(None))):
        return None
    return Built(BOUND, (encoder.item(value.__self__), value.__name__))


def _made(encoder: Encoder, value: object) -> Node | None:
    maker = BY_TYPE.get(type(value)) or next((name for name in ("dtype",) if isinstance(value, np.dtype)), None)
    if maker is None:
        return None
    parts = MAKERS[maker].parts(value)
    return Built(maker, tuple(encoder.item(part, f"<{maker} {place}>") for place, part in enumerate(parts)))


def _closed_file(encoder: Encoder, value: Any) -> Node | None:
    if type(value) not in FILES or not value.closed:
        return None
    name, mode = getattr(value, "name", ""), getattr(value, "mode", "")
    return Built(CLOSED, (type(value).__name__, encoder.item(name), str(mode)))


def _on_device(_encoder: Encoder, value: object) -> Node | None:
    if type(value).__name__ == "DeviceArray" and callable(getattr(value, "numpy", None)):
        raise RefusedError(
            _("{path} cannot travel between the notebook and the cell: it is on a device already"),
            hint=_("Call numpy() on it, and let the cell bring it to its own device."),
        )
    return None


EXACT: dict[type, Rule] = {
    **dict.fromkeys(SEQUENCES.values(), _sequence),
    **dict.fromkeys(MAPPINGS.values(), _mapping),
}
"""The rule of each type that has its own."""

VALUES: tuple[Rule, ...] = (_imported, array, _scalar, _made, _random, _bound, _closed_file, _on_device)
"""Rules that are asked in turn."""


def make(maker: str, arguments: tuple[object, ...]) -> object:
    """Return what a maker makes.

    Raises
    ------
    SerializationError
        If there is no such maker here.
    """
    if maker == BOUND:
        owner, name = arguments
        return getattr(owner, str(name))
    if maker == CLOSED:
        return closed_file(*arguments)  # type: ignore[arg-type]  # as `_closed_file` has them
    if maker not in MAKERS:
        raise SerializationError(
            _("the cell holds a value of a kind that is not known here: {maker}"),
            hint=_("Use the same version of npusdk on both sides."),
            maker=maker,
        )
    return MAKERS[maker].make(*arguments)


def random_of(kind: str, bits: str, state: Any) -> Any:
    """Return a random Generator or RandomState of NumPy in a state."""
    made = RANDOMS[kind](BITS[bits]()) if bits else RANDOMS[kind]()
    set_state(made, state)
    return made


def bits_of(value: Any) -> Any:
    """Return the bit generator of a random Generator or RandomState; None of anything else."""
    return getattr(value, "bit_generator", getattr(value, "_bit_generator", None))


def state_of(value: Any) -> Any:
    """Return the state of a random Generator or RandomState."""
    if isinstance(value, random.Random):
        return value.getstate()
    is_old = isinstance(value, np.random.RandomState)
    return value.get_state(legacy=False) if is_old else value.bit_generator.state


def set_state(value: Any, state: Any) -> None:
    """Bring a random Generator or RandomState into a state."""
    if isinstance(value, random.Random):
        value.setstate(state)
    elif isinstance(value, np.random.RandomState):
        value.set_state(state)
    else:
        value.bit_generator.state = state
