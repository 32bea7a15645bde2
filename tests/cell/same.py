"""Whether two namespaces hold the same, sharing and all."""

import enum
import types

import numpy as np


def differences(one, other):
    """Return where two namespaces differ, whatever of it can be looked into."""
    names = {name for name in one.keys() | other.keys() if not name.startswith("__")}
    walk = Walk()
    for name in sorted(names):
        if name in one and name in other:
            walk.compare(one[name], other[name], name)
        else:
            walk.found.append(f"{name} is in one only")
    walk.memory()
    return walk.found


class Walk:
    """A walk through two values at once; what is one object here has to be one object there."""

    def __init__(self):
        self.found = []
        self.twins = {}
        self.kept = []

    def compare(self, one, other, path):
        """Compare two values and how they are shared."""
        if isinstance(one, SHARED):
            if id(one) in self.twins:
                if self.twins[id(one)] is not other:
                    self.found.append(f"{path} is shared otherwise")
                return
            self.twins[id(one)] = other
            self.kept.append((one, other))
        if isinstance(one, type):
            if one.__name__ != getattr(other, "__name__", ""):
                self.found.append(f"{path}: {one} and {other}")
            elif one.__module__ == "__main__":
                self.compare(attributes(one), attributes(other), path)
            return
        if type(one).__name__ != type(other).__name__:
            self.found.append(f"{path}: {type(one)} and {type(other)}")
            return
        self.inside(one, other, path)

    def memory(self):
        """Compare which arrays share memory with which."""
        arrays = [pair for pair in self.kept if isinstance(pair[0], np.ndarray)]
        for place, (one, other) in enumerate(arrays):
            for left, right in arrays[:place]:
                if np.shares_memory(one, left) != np.shares_memory(other, right):
                    self.found.append(f"{one!r} and {left!r} share memory otherwise")

    def inside(self, one, other, path):
        """Compare two values of one type by the first rule that knows it."""
        rule = next(rule for knows, rule in RULES if knows(one))
        rule(self, one, other, path)

    def same(self, equal, one, other, path):
        """Note a difference."""
        if not equal:
            self.found.append(f"{path}: {one!r} and {other!r}")

    def arrays(self, one, other, path):
        """Compare arrays bit by bit, but for the payload of NaN."""
        equal = one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind in "fcmM")
        self.same(equal, one, other, path)

    def functions(self, one, other, path):
        """Compare what functions were made with."""
        parts = [
            (f.__name__, f.__qualname__, f.__doc__, f.__defaults__, f.__kwdefaults__, f.__dict__, cells(f))
            for f in (one, other)
        ]
        self.listed(*parts, path)

    def shown(self, one, other, path):
        """Compare how values show themselves, unless that tells their places in memory."""
        self.same(" at 0x" in repr(one) or repr(one) == repr(other), one, other, path)

    def listed(self, one, other, path):
        """Compare values place by place."""
        if len(one) != len(other):
            self.found.append(f"{path}: {one} and {other}")
            return
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            self.compare(left, right, f"{path}[{place}]")


SHARED = (list, dict, set, np.ndarray, types.FunctionType, type)


PLAIN = (enum.Enum, types.ModuleType, str, bytes, np.generic)
RULES = (
    (lambda it: isinstance(it, np.ndarray) and it.dtype != object, Walk.arrays),
    (
        lambda it: isinstance(it, dict),
        lambda walk, one, other, path: walk.listed([*one, *one.values()], [*other, *other.values()], path),
    ),
    (
        lambda it: isinstance(it, (set, frozenset)),
        lambda walk, one, other, path: walk.same(sorted(map(repr, one)) == sorted(map(repr, other)), one, other, path),
    ),
    (lambda it: isinstance(it, types.FunctionType), Walk.functions),
    (
        lambda it: isinstance(it, np.random.Generator),
        lambda walk, one, other, path: walk.compare(one.bit_generator.state, other.bit_generator.state, path),
    ),
    (lambda it: hasattr(it, "equals"), lambda walk, one, other, path: walk.same(one.equals(other), one, other, path)),
    (
        lambda it: (
            type(it).__module__ == "typing" or isinstance(it, (enum.Enum, types.ModuleType, str, bytes, np.generic))
        ),
        Walk.shown,
    ),
    (
        lambda it: hasattr(it, "__dict__"),
        lambda walk, one, other, path: walk.compare(vars(one), vars(other), path),
    ),
    (
        lambda it: hasattr(it, "__iter__"),
        lambda walk, one, other, path: walk.listed(list(one), list(other), path),
    ),
    (lambda _it: True, Walk.shown),
)
"""How two values of one type are compared: who knows it, and how."""


def attributes(cls):
    """Return what the notebook gave a class."""
    plain = {
        "__dict__",
        "__weakref__",
        "__module__",
        "__doc__",
        "_abc_impl",
        "__dataclass_fields__",
        "__dataclass_params__",
    }
    return {
        name: value
        for name, value in sorted(vars(cls).items())
        if name not in plain
        and not isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType))
        and not (callable(value) and getattr(getattr(value, "__code__", None), "co_filename", "") != "<setup>")
    }


def cells(function):
    """Return the values of the variables that a function shares."""
    return [cell.cell_contents for cell in function.__closure__ or ()]
