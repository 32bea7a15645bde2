"""Plans made by hand: a network grows step by step, with the tensors that its steps need."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from npusdk.compiler.plan import PLAIN, Plan, Step
from npusdk.graph import Graph, Node, Tensor

NOTHING = np.zeros(0, np.float32)
"""Stands for the values of every constant: the cost of a plan depends on types alone."""


class PlanWriter:
    """A plan that grows: each method adds one step and returns the name of its result."""

    def __init__(self, precision="fp16", batch=1):
        self.precision, self.batch = precision, batch
        self.tensors, self.constants, self.inputs, self.steps = {}, {}, [], []

    def tensor(self, name, shape, dtype="float32"):
        """Name a tensor."""
        self.tensors[name] = Tensor(name, dtype, tuple(shape))
        return name

    def input(self, name, shape, dtype="float32"):
        """Name a tensor that a caller gives."""
        self.inputs.append(name)
        return self.tensor(name, shape, dtype)

    def weight(self, shape, dtype="float32"):
        """Name a constant."""
        name = self.tensor(f"w{len(self.constants)}", shape, dtype)
        self.constants[name] = NOTHING
        return name

    def shape(self, name):
        """Return the sizes of a tensor."""
        return self.tensors[name].sizes

    def step(self, kind, *nodes, outputs=None, placement="device", arithmetic="rounded"):
        """Add a step of `nodes`; the last node's outputs leave it unless others are named."""
        made = {name for node in nodes for name in node.outputs}
        inputs = tuple(dict.fromkeys(n for node in nodes for n in node.inputs if n and n not in made))
        outputs = outputs or nodes[-1].outputs
        self.steps.append(Step(nodes[0].name, kind, nodes, inputs, tuple(outputs), placement, arithmetic))
        return outputs[0]

    def node(self, op, inputs, shape, **attrs):
        """Make a node with one output of `shape`."""
        name = f"{op.lower()}{len(self.tensors)}"
        return Node(op, name, tuple(inputs), (self.tensor(f"{name}_out", shape),), MappingProxyType(attrs))

    def conv(self, x, filters, kernel=1, stride=1, *, groups=1, residual=None, activation="Relu"):
        """Convolve with padding to the same size, with a bias; add `residual`; activate."""
        batch, channels, *size = self.shape(x)
        shape = (batch, filters, *(-(-side // stride) for side in size))
        operands = [x, self.weight((filters, channels // groups, kernel, kernel)), self.weight((filters,))]
        nodes = [self.node("Conv", operands, shape, group=groups)]
        if residual:
            nodes.append(self.node("Add", [nodes[-1].outputs[0], residual], shape))
        if activation:
            nodes.append(self.node(activation, nodes[-1].outputs, shape))
        return self.step("depthwise" if groups == channels > 1 else "matrix", *nodes)

    def linear(self, x, columns, activation=None):
        """Multiply with a weight, add a bias and activate."""
        shape = (*self.shape(x)[:-1], columns)
        product = self.node("MatMul", [x, self.weight((self.shape(x)[-1], columns))], shape)
        nodes = [product, self.node("Add", [product.outputs[0], self.weight((columns,))], shape)]
        if activation:
            nodes.append(self.node(activation, nodes[-1].outputs, shape))
        return self.step("matrix", *nodes)

    def joint_linear(self, x, columns, count):
        """Multiply one input with `count` weights, in one step; return all results."""
        shape = (*self.shape(x)[:-1], columns)
        weights = [self.weight((self.shape(x)[-1], columns)) for _ in range(count)]
        nodes = [self.node("MatMul", [x, weight], shape) for weight in weights]
        results = [node.outputs[0] for node in nodes]
        self.step("matrix", *nodes, outputs=results)
        return results

    def vector(self, op, *inputs, shape=None, **attrs):
        """Apply one operator; the result is as large as the first input unless a shape is given."""
        return self.step("vector", self.node(op, inputs, shape or self.shape(inputs[0]), **attrs))

    def cut(self, x, *lengths, axis=1):
        """Cut a tensor along an axis; return the parts."""
        sizes, count = self.shape(x), len(self.tensors)
        parts = [
            self.tensor(f"part{count}_{place}", (*sizes[:axis], length, *sizes[axis + 1 :]))
            for place, length in enumerate(lengths)
        ]
        self.step("vector", Node("Split", f"cut{count}", (x,), tuple(parts), MappingProxyType({"axis": axis})))
        return parts

    def join(self, *parts, axis=1, **where):
        """Join tensors along an axis."""
        sizes = list(self.shape(parts[0]))
        sizes[axis] = sum(self.shape(part)[axis] for part in parts)
        return self.step("vector", self.node("Concat", parts, sizes, axis=axis), **where)

    def view(self, x, shape):
        """Give a tensor another shape."""
        return self.step("view", self.node("Reshape", [x], shape))

    def attention(self, queries, keys, values, heads):
        """Multiply queries and keys, take the softmax, multiply with the values: (batch, length, width) each."""
        batch, length, width = self.shape(queries)
        size, keys_length = width // heads, self.shape(keys)[1]
        split = [
            self.node("Reshape", [queries], (batch, heads, length, size)),
            self.node("Reshape", [keys], (batch, heads, size, keys_length)),
            self.node("Reshape", [values], (batch, heads, keys_length, size)),
        ]
        q, k, v = (node.outputs[0] for node in split)
        scores = self.node("MatMul", [q, k], (batch, heads, length, keys_length))
        weights = self.node("Softmax", scores.outputs, self.shape(scores.outputs[0]), axis=-1)
        context = self.node("MatMul", [weights.outputs[0], v], (batch, heads, length, size))
        merged = self.node("Reshape", context.outputs, (batch, length, width))
        return self.step("attention", *split, scores, weights, context, merged)

    def plan(self, *outputs, traits=PLAIN):
        """Return the plan; the last result is the output unless others are named."""
        nodes = tuple(node for step in self.steps for node in step.nodes)
        outputs = outputs or self.steps[-1].outputs
        graph = Graph("plan", nodes, tuple(self.inputs), outputs, self.tensors, self.constants)
        return Plan(graph, "device", self.precision, self.batch, tuple(self.steps), traits=traits)


def resnet50(precision="fp16", batch=1):
    """ResNet-50 (He et al. 2016, table 1; the stride in the 3 x 3 convolution)."""
    write = PlanWriter(precision, batch)
    x = write.conv(write.input("image", (batch, 3, 224, 224)), 64, 7, 2)
    x = write.vector("MaxPool", x, shape=(batch, 64, 56, 56), kernel_shape=(3, 3))
    for stage, (blocks, width) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512), strict=True)):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = write.conv(write.conv(x, width), width, 3, stride)
            short = write.conv(x, 4 * width, 1, stride, activation=None) if not block else x
            x = write.conv(y, 4 * width, residual=short)
    x = write.view(write.vector("GlobalAveragePool", x, shape=(batch, 2048, 1, 1)), (batch, 2048))
    write.linear(x, 1000)
    return write.plan()


def encoder(layers=12, width=768, heads=12, *, length=384, precision="fp16", batch=1):
    """A transformer encoder (Devlin et al. 2019: BERT-Base by default), without its embeddings."""
    write = PlanWriter(precision, batch)
    x = write.input("embedded", (batch, length, width))
    for _ in range(layers):
        context = write.attention(*write.joint_linear(x, width, 3), heads)
        x = normalised_sum(write, x, write.linear(context, width))
        x = normalised_sum(write, x, write.linear(write.linear(x, 4 * width, "Gelu"), width))
    return write.plan()


def normalised_sum(write, x, y):
    """Add and normalise in one step."""
    shape, width = write.shape(x), write.shape(x)[-1:]
    total = write.node("Add", [x, y], shape)
    operands = [total.outputs[0], write.weight(width), write.weight(width)]
    return write.step("vector", total, write.node("LayerNormalization", operands, shape))


def mobile_network(precision="fp16", batch=1):
    """Inverted residuals with squeeze and excitation, in the proportions of EfficientNet-B0."""
    write = PlanWriter(precision, batch)
    x = write.conv(write.input("image", (batch, 3, 224, 224)), 32, 3, 2, activation="Swish")
    stages = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
              (6, 192, 4, 2, 5), (6, 320, 1, 1, 3))  # fmt: skip
    for expansion, channels, repeats, first, kernel in stages:
        for repeat in range(repeats):
            stride = 1 if repeat else first
            width = write.shape(x)[1] * expansion
            y = write.conv(x, width, activation="Swish") if expansion > 1 else x
            y = write.conv(y, width, kernel, stride, groups=width, activation="Swish")
            gate = write.vector("GlobalAveragePool", y, shape=(batch, width, 1, 1))
            gate = write.conv(
                write.conv(gate, width // (4 * expansion), activation="Swish"), width, activation="Sigmoid"
            )
            y = write.vector("Mul", y, gate)
            same = stride == 1 and write.shape(x)[1] == channels
            x = write.conv(y, channels, residual=x if same else None, activation=None)
    x = write.conv(x, 1280, activation="Swish")
    x = write.view(write.vector("GlobalAveragePool", x, shape=(batch, 1280, 1, 1)), (batch, 1280))
    write.linear(x, 1000)
    return write.plan()
