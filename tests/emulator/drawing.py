"""Random graphs of the operators that the emulator recognises, around others that it does not."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from npusdk.graph import GraphBuilder, bind
from npusdk.kernels import call


class Drawing:
    """A graph while it is drawn: tensors by name with their shapes, small enough to stay well conditioned."""

    def __init__(self, draw):
        self.draw = draw
        self.rng = np.random.default_rng(draw(st.integers(0, 9999)))
        self.build = GraphBuilder("drawn")
        self.shapes = {self.build.input("image", (2, 4, 6, 5)): (2, 4, 6, 5), self.build.input("rows", (3, 8)): (3, 8)}

    def pick(self, rank=None):
        """Choose a tensor, of a rank if one is named."""
        names = [name for name, shape in self.shapes.items() if rank is None or len(shape) == rank]
        return self.draw(st.sampled_from(names))

    def constant(self, *shape):
        """Add weights that keep the size of what they multiply."""
        width = max(1.0, float(np.prod(shape[1:])))
        return self.build.constant((self.rng.normal(size=shape) / np.sqrt(width)).astype(np.float32))

    def integers(self, *values):
        """Add sizes or places."""
        return self.build.constant(np.array(values, np.int64))

    def add(self, op, *inputs, shape, **attrs):
        """Add a node of one output."""
        self.shapes[self.build.op(op, *inputs, **attrs)] = tuple(shape)


def unary(drawing):
    x = drawing.pick()
    op = drawing.draw(
        st.sampled_from(["Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Gelu", "HardSwish", "Erf", "Identity"])
    )
    drawing.add(op, x, shape=drawing.shapes[x])


def binary(drawing):
    x = drawing.pick()
    shape = drawing.shapes[x]
    like = [name for name, other in drawing.shapes.items() if other == shape]
    kind = drawing.draw(st.sampled_from(["same", "full", "last", "channel", "scalar", "first"]))
    if kind == "same":
        y = drawing.draw(st.sampled_from(like))
    elif kind == "full":
        y = drawing.constant(*shape)
    elif kind == "channel" and len(shape) > 2:
        y = drawing.constant(1, shape[1], *(1,) * (len(shape) - 2))
    elif kind == "first":
        y = drawing.constant(shape[0], *(1,) * (len(shape) - 1))
    else:
        y = drawing.constant(shape[-1]) if kind == "last" else drawing.constant(1)
    pair = (x, y) if drawing.draw(st.booleans()) else (y, x)
    drawing.add(drawing.draw(st.sampled_from(["Add", "Sub", "Mul", "Max", "Min"])), *pair, shape=shape)


def convolution(drawing):
    x = drawing.pick(4)
    batch, channels, height, width = drawing.shapes[x]
    groups = drawing.draw(st.sampled_from([1, channels] + [2] * (channels % 2 == 0)))
    filters = groups * drawing.draw(st.integers(1, 2))
    kernel = drawing.draw(st.sampled_from([1, 3]))
    weight = drawing.constant(filters, channels // groups, kernel, kernel)
    bias = (drawing.constant(filters),) if drawing.draw(st.booleans()) else ()
    attrs = {"group": groups, "pads": (kernel // 2,) * 4}
    drawing.add("Conv", x, weight, *bias, shape=(batch, filters, height, width), **attrs)


def normalisation(drawing):
    x = drawing.pick(4)
    channels = drawing.shapes[x][1]
    positive = drawing.build.constant(drawing.rng.uniform(0.5, 2, channels).astype(np.float32))
    parameters = (drawing.constant(channels), drawing.constant(channels), drawing.constant(channels), positive)
    drawing.add("BatchNormalization", x, *parameters, shape=drawing.shapes[x])


def pool(drawing):
    x = drawing.pick(4)
    op = drawing.draw(st.sampled_from(["MaxPool", "AveragePool"]))
    drawing.add(op, x, shape=drawing.shapes[x], kernel_shape=(3, 3), pads=(1, 1, 1, 1))


def mean(drawing):
    x = drawing.pick(4)
    drawing.add("GlobalAveragePool", x, shape=(*drawing.shapes[x][:2], 1, 1))


def rows(drawing):
    x = drawing.pick()
    op = drawing.draw(st.sampled_from(["Softmax", "LayerNormalization", "RMSNormalization"]))
    shape = drawing.shapes[x]
    others = [drawing.constant(shape[-1]) for _ in range({"Softmax": 0, "LayerNormalization": 2}.get(op, 1))]
    drawing.add(op, x, *others, shape=shape, axis=-1)


def product(drawing):
    x = drawing.pick()
    shape = drawing.shapes[x]
    width = drawing.draw(st.integers(1, 9))
    if len(shape) == 2 and drawing.draw(st.booleans()):
        addend = drawing.constant(width)
        drawing.add("Gemm", x, drawing.constant(width, shape[1]), addend, shape=(shape[0], width), transB=1, alpha=0.5)
    else:
        drawing.add("MatMul", x, drawing.constant(shape[-1], width), shape=(*shape[:-1], width))


def square(drawing):
    """A product of a tensor with itself turned, as scores are."""
    x = drawing.pick()
    shape = drawing.shapes[x]
    order = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
    drawing.add("Transpose", x, shape=(*shape[:-2], shape[-1], shape[-2]), perm=order)
    turned = list(drawing.shapes)[-1]
    drawing.add("MatMul", x, turned, shape=(*shape[:-1], shape[-2]))
    scores = list(drawing.shapes)[-1]
    drawing.add("Mul", scores, drawing.build.constant(np.float32(0.05)), shape=drawing.shapes[scores])


def transposed(drawing):
    x = drawing.pick()
    shape = drawing.shapes[x]
    order = tuple(drawing.draw(st.permutations(range(len(shape)))))
    drawing.add("Transpose", x, shape=[shape[axis] for axis in order], perm=order)


def reshaped(drawing):
    x = drawing.pick()
    shape = drawing.shapes[x]
    wanted = drawing.draw(
        st.sampled_from([(shape[0], int(np.prod(shape[1:]))), (*shape[:-1], 1, shape[-1]), (*shape, 1)])
    )
    if len(wanted) <= 4:
        drawing.add("Reshape", x, drawing.integers(*wanted), shape=wanted)


def sliced(drawing):
    x = drawing.pick()
    shape = drawing.shapes[x]
    axis = drawing.draw(st.integers(0, len(shape) - 1))
    step = drawing.draw(st.sampled_from([1, 2, -1]))
    bounds = (shape[axis] - 1, -(1 << 63)) if step < 0 else (0, shape[axis])
    size = len(range(shape[axis])[::step])
    new = (*shape[:axis], size, *shape[axis + 1 :])
    inputs = (drawing.integers(bounds[0]), drawing.integers(bounds[1]), drawing.integers(axis), drawing.integers(step))
    drawing.add("Slice", x, *inputs, shape=new)


def joined(drawing):
    x = drawing.pick()
    shape = drawing.shapes[x]
    if np.prod(shape) < 2000:
        axis = drawing.draw(st.integers(0, len(shape) - 1))
        drawing.add("Concat", x, x, shape=(*shape[:axis], 2 * shape[axis], *shape[axis + 1 :]), axis=axis)


ACTIONS = (
    *(unary, binary, binary, convolution, convolution, normalisation, pool, mean, rows, product, square),
    *(transposed, reshaped, sliced, joined),
)


@st.composite
def graphs(draw):
    """Draw a graph of a dozen nodes, some of whose inner tensors are outputs too."""
    drawing = Drawing(draw)
    for _ in range(draw(st.integers(1, 14))):
        draw(st.sampled_from(ACTIONS))(drawing)
    made = list(drawing.shapes)[2:] or ["image"]
    outputs = dict.fromkeys([made[-1], *draw(st.lists(st.sampled_from(made), max_size=2))])
    return bind(drawing.build.build(list(outputs)), {}, call)
