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
    return walk.found


class Walk:
    """A walk through two values at once; what is one object here has to be one object there."""

    def __init__(self):
        self.found = []
        self.twins = {}
        self.kept = []

    def compare(self, one, other, path):
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

    def inside(self, one, other, path):
        if isinstance(one, np.ndarray) and one.dtype != object:
            if one.dtype != other.dtype or not np.array_equal(one, other, equal_nan=one.dtype.kind in "fcmM"):
                self.found.append(f"{path}: {one!r} and {other!r}")
        elif isinstance(one, dict):
            self.listed([*one, *one.values()], [*other, *other.values()], path)
        elif isinstance(one, (set, frozenset)):
            if sorted(map(repr, one)) != sorted(map(repr, other)):
                self.found.append(f"{path}: {one} and {other}")
        elif isinstance(one, types.FunctionType):
            parts = [
                (f.__name__, f.__qualname__, f.__doc__, f.__defaults__, f.__kwdefaults__, f.__dict__)
                for f in (one, other)
            ]
            self.listed(parts[0], parts[1], path)
            self.listed(cells(one), cells(other), path)
        elif isinstance(one, np.random.Generator):
            self.compare(one.bit_generator.state, other.bit_generator.state, path)
        elif hasattr(one, "equals"):
            if not one.equals(other):
                self.found.append(f"{path}: {one} and {other}")
        elif (
            type(one).__module__ == "typing"
            or isinstance(one, enum.Enum)
            or not (hasattr(one, "__dict__") or hasattr(one, "__iter__"))
        ):
            if repr(one) != repr(other) and " at 0x" not in repr(one):
                self.found.append(f"{path}: {one!r} and {other!r}")
        elif hasattr(one, "__dict__") and not isinstance(one, types.ModuleType):
            self.compare(vars(one), vars(other), path)
        elif hasattr(one, "__iter__") and not isinstance(one, (str, bytes, np.generic)):
            self.listed(list(one), list(other), path)
        elif repr(one) != repr(other):
            self.found.append(f"{path}: {one!r} and {other!r}")

    def listed(self, one, other, path):
        if len(one) != len(other):
            self.found.append(f"{path}: {one} and {other}")
            return
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            self.compare(left, right, f"{path}[{place}]")


SHARED = (list, dict, set, np.ndarray, types.FunctionType, type)


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
