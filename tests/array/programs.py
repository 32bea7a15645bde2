"""Programs that hypothesis draws: the same steps on NumPy's arrays and on a device's, side by side."""

import numpy as np
from hypothesis import strategies as st

from npusdk.array import Context, Record, put
from npusdk.catalogue import find_device
from npusdk.pipeline.recorded import Recording

SHAPES = ((), (1,), (3,), (4,), (2, 3), (3, 4), (3, 1), (2, 3, 4), (0, 3))
KINDS = ("float32", "float64", "int32", "int64", "uint8", "bool")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "less", "equal", "logical_and", "hypot", "copysign")
UNARY = ("negative", "absolute", "square", "sign", "floor", "rint", "tanh", "isfinite", "logical_not", "positive")
IN_PLACE = ("add", "subtract", "multiply", "maximum")


def make_context(precision="exact", device="reference", limit=None):
    """Return a context that records."""
    return Context(find_device(device), precision, Record(), limit)


def drawn_array(draw, shape=None, kind=None):
    """Return an array of small numbers that every type holds."""
    shape = draw(st.sampled_from(SHAPES)) if shape is None else shape
    kind = draw(st.sampled_from(KINDS)) if kind is None else kind
    size = int(np.prod(shape))
    whole = np.array(draw(st.lists(st.integers(0, 9), min_size=size, max_size=size)), np.int64).reshape(shape)
    if kind == "bool":
        return whole > 4
    scale = 0.375 if kind.startswith("float") else 1
    shift = 3 if kind[0] in "fi" else 0
    return ((whole - shift) * scale).astype(kind)


def drawn_basic_key(draw, shape):
    """Return a subscript of integers, slices, new axes and an ellipsis."""
    items = []
    for size in shape[: draw(st.integers(0, len(shape)))]:
        choice = draw(st.integers(0, 3))
        if choice == 0 and size:
            items.append(draw(st.integers(-size, size - 1)))
        elif choice == 1:
            items.append(None)
            items.append(slice(None))
        else:
            bound = st.none() | st.integers(-size - 1, size + 1)
            items.append(slice(draw(bound), draw(bound), draw(st.sampled_from((None, 1, 2, -1, -2)))))
    if draw(st.booleans()):
        items.insert(draw(st.integers(0, len(items))), Ellipsis)
    return tuple(items) if len(items) != 1 or draw(st.booleans()) else items[0]


def drawn_advanced_key(draw, array):
    """Return a mask or arrays of integers."""
    if draw(st.booleans()) or not array.ndim or not array.shape[0]:
        return drawn_array(draw, array.shape[: draw(st.integers(min(1, array.ndim), array.ndim))], "bool")
    size = array.shape[0]
    index = np.array(draw(st.lists(st.integers(-size, size - 1), min_size=1, max_size=4)))
    choice = draw(st.integers(0, 3))
    if choice == 0 or array.ndim < 2 or not array.shape[1]:
        return index
    if choice == 1:
        return (slice(None, None, -1), index % array.shape[1])
    if choice == 2:
        return (index, index % array.shape[1])
    return (index, slice(1, None))


class Program:
    """Arrays of NumPy and their twins on a device."""

    def __init__(self, draw, context):
        self.draw = draw
        self.context = context
        self.hosts = []
        self.twins = []

    def add(self, host, twin):
        """Keep a pair."""
        self.hosts.append(host)
        self.twins.append(twin)

    def put(self):
        """Bring a new array to the device."""
        value = drawn_array(self.draw)
        self.add(value, put(self.context, value))

    def pick(self):
        """Return the place of an array."""
        return self.draw(st.integers(0, len(self.hosts) - 1))

    def operands(self):
        """Return two operands for NumPy and for the device; the second may be a scalar or a host array."""
        first, kind = self.pick(), self.draw(st.integers(0, 4))
        if kind == 0:
            scalar = self.draw(st.sampled_from((2, 0.5, -1, True, np.float32(1.5), np.int64(3))))
            return (self.hosts[first], scalar), (self.twins[first], scalar)
        if kind == 1:
            other = drawn_array(self.draw)
            return (self.hosts[first], other), (self.twins[first], other)
        second = self.pick()
        return (self.hosts[first], self.hosts[second]), (self.twins[first], self.twins[second])

    def both(self, function, hosts, twins):
        """Run a function on both sides; an error has to be the same on both, and gives None."""
        try:
            with np.errstate(all="ignore"):
                host = function(*hosts)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            expected = error
        else:
            twin = function(*twins)
            return host, twin
        try:
            function(*twins)
        except type(expected):
            return None
        raise AssertionError(expected)

    def step(self):
        """Take one step."""
        getattr(self, self.draw(st.sampled_from(STEPS)))()

    def compute(self):
        """A ufunc of one or two arrays."""
        if self.draw(st.booleans()):
            found = self.both(getattr(np, self.draw(st.sampled_from(BINARY))), *self.operands())
        else:
            place = self.pick()
            function = getattr(np, self.draw(st.sampled_from(UNARY)))
            found = self.both(function, (self.hosts[place],), (self.twins[place],))
        if found is not None:
            self.add(np.asarray(found[0]) if not isinstance(found[0], np.generic) else found[0], found[1])

    def compute_in_place(self):
        """An operator in place, on an array that NumPy would change."""
        hosts, twins = self.operands()
        if isinstance(hosts[0], np.generic):
            return
        function = getattr(np, self.draw(st.sampled_from(IN_PLACE)))
        self.both(lambda a, b: function(a, b, out=a), hosts, twins)

    def look(self):
        """A view or a scalar."""
        place = self.pick()
        host, twin = self.hosts[place], self.twins[place]
        if self.draw(st.booleans()) and host.ndim > 1:
            self.add(host.T, twin.T)
            return
        if isinstance(host, np.ndarray):
            self.subscript(host, twin, drawn_basic_key(self.draw, host.shape))

    def take(self):
        """An advanced subscript."""
        place = self.pick()
        host, twin = self.hosts[place], self.twins[place]
        if isinstance(host, np.ndarray):
            self.subscript(host, twin, drawn_advanced_key(self.draw, host))

    def subscript(self, host, twin, key):
        """Take the same of both."""
        found = self.both(lambda array: array[key], (host,), (twin,))
        if found is not None:
            self.add(*found)

    def assign(self):
        """Write through a subscript."""
        hosts, twins = self.operands()
        if not isinstance(hosts[0], np.ndarray):
            return
        choose = drawn_advanced_key if self.draw(st.booleans()) else lambda draw, a: drawn_basic_key(draw, a.shape)
        key = choose(self.draw, hosts[0])

        def write(target, value):
            target[key] = value

        self.both(write, hosts, twins)

    def mask(self):
        """Write a scalar where an array on the device says so."""
        place = self.pick()
        host, twin = self.hosts[place], self.twins[place]
        if isinstance(host, np.ndarray):
            host[host > 1] = 1
            twin[twin > 1] = 1

    def check(self):
        """Compare every pair: type, shape, values; and which share memory."""
        for host, twin in zip(self.hosts, self.twins, strict=True):
            found = twin.numpy()
            assert found.dtype == host.dtype, (found.dtype, host.dtype)
            assert found.shape == host.shape
            np.testing.assert_array_equal(found, host)

    def check_graph(self):
        """Compare what the recorded graph gives with what the arrays hold."""
        record = self.context.record
        graph = record.graph("drawn", self.twins)
        if not graph.nodes:
            return
        found = Recording(graph).evaluate(record.feeds)
        for twin in self.twins:
            np.testing.assert_allclose(found[record.name_of(twin)], twin.numpy(), 1e-5, 1e-6)


STEPS = ("put", "compute", "compute", "compute_in_place", "look", "look", "take", "assign", "assign", "mask")
