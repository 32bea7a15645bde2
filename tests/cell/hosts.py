"""A place where cells run without a device: arrays are copied in and out, as a device would have them."""

import linecache
import types

import numpy as np

from npusdk.cell import apply, capture, replay


class Held(np.ndarray):
    """An array of the place."""


class StandIn(types.ModuleType):
    """What a cell gets when it asks for NumPy: NumPy's functions, creating arrays of the place."""

    CREATING = frozenset({"zeros", "ones", "arange", "array", "asarray", "linspace", "full", "eye", "empty"})

    def __init__(self):
        super().__init__("numpy")

    def __getattr__(self, name):
        found = getattr(np, name)
        if name not in self.CREATING:
            return found

        def create(*args, **kwargs):
            return found(*args, **kwargs).view(Held)

        create.__name__, create.__module__ = name, "numpy"
        setattr(self, name, create)
        return create


class Hands:
    """Copies in, copies out; counts what it took."""

    def __init__(self, *, dtype=None):
        self.modules = {"numpy": StandIn()}
        self.dtype = dtype
        self.taken = []

    def put(self, name, value):  # noqa: ARG002 - what is put has a name
        """Copy in."""
        return self.held(value).copy(order="K").view(Held)

    def held(self, value):
        """Narrow floats to the type of the place."""
        return value.astype(self.dtype) if self.dtype and value.dtype.kind == "f" else value

    def take(self, value, name=""):  # noqa: ARG002 - what is taken may have a name
        """Copy out."""
        self.taken.append(value)
        host = np.array(value.view(np.ndarray))
        return host if host.ndim else host[()]

    def memory(self, value):
        """Show where the elements are."""
        return value.view(np.ndarray)

    def owns(self, value):
        """Tell arrays of the place from others."""
        return isinstance(value, Held)

    def was_written(self, value):  # noqa: ARG002 - every array may have been
        """Leave it to the comparison of elements."""
        return True


def run_plain(source, namespace, label="<plain>"):
    """Run a text as a notebook runs a cell without any magic."""
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
    exec(compile(source, label, "exec"), namespace)  # noqa: S102 - a notebook does the same


def notebook(source="", label="<setup>"):
    """Return the names of a notebook in which a cell has run."""
    namespace = {"__name__": "__main__"}
    run_plain(f"import numpy as np\n{source}", namespace, label)
    return namespace


def run_cell(source, namespace, hands=None, **options):
    """Run a text as a captured cell, and return its outcome, applied."""
    outcome = replay(capture(source, namespace, **options), hands or Hands())
    apply(outcome, namespace)
    return outcome
