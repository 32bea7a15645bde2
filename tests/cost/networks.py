"""Networks of any shape, for laws that hold for all of them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.cost.blocks import PROJECTION, decoder
from tests.cost.plans import PlanWriter, normalised_sum


def _split(write, x):
    batch, length, width = write.shape(x)
    halves = [write.vector("Slice", x, shape=(batch, length, width // 2)) for _ in range(2)]
    return write.vector("Concat", *halves, shape=(batch, length, width))


def _in_place(write, x):
    length = write.shape(x)[1]
    if length == 1:
        return x
    first, second = write.cut(x, length // 3 or 1, length - (length // 3 or 1))
    return write.vector("Relu", write.join(write.vector("Sigmoid", first), second))


def _view(write, x):
    batch, length, width = write.shape(x)
    return write.view(write.view(x, (batch, width, length)), (batch, length, width))


def _gather(write, x):
    return write.vector("Gather", write.weight((1000, write.shape(x)[2])), x, shape=write.shape(x))


def _depthwise(write, x):
    channels = write.shape(x)[1]
    return write.conv(x, channels, 3, groups=channels, activation=None) if channels > 1 else x


PIECES = {
    "linear": lambda write, x: write.linear(x, write.shape(x)[2], "Relu"),
    "wide": lambda write, x: write.linear(write.linear(x, 4 * write.shape(x)[2], "Gelu"), write.shape(x)[2]),
    "attention": lambda write, x: write.attention(*write.joint_linear(x, write.shape(x)[2], 3), heads=2),
    "sigmoid": lambda write, x: write.vector("Sigmoid", x),
    "softmax": lambda write, x: write.vector("Softmax", x),
    "split": _split,
    "in_place": _in_place,
    "view": _view,
    "host": lambda write, x: write.step("vector", write.node("Erf", [x], write.shape(x)), placement="host"),
    "gather": _gather,
    "depthwise": _depthwise,
}
"""Steps that turn a tensor into another of the same shape."""

RESIDUAL = "residual"


def build(pieces, shape, precision):
    """Return the plan of `pieces` one after another."""
    write = PlanWriter(precision, shape[0])
    names = [write.input("x", shape)]
    for place, piece in enumerate(pieces):
        x, earlier = names[-1], names[place // 2]
        names.append(normalised_sum(write, x, earlier) if piece == RESIDUAL else PIECES[piece](write, x))
    return write.plan(write.vector("Relu", names[-1]))


shapes = st.tuples(st.integers(1, 4), st.integers(1, 500), st.integers(1, 256).map(lambda half: 2 * half))
any_pieces = st.lists(st.sampled_from([*PIECES, RESIDUAL]), min_size=1, max_size=12)
plain_plan = st.builds(build, any_pieces, shapes, st.sampled_from(["fp16", "int8", "exact"]))
"""Plans of up to a few dozen steps, with residuals, fallbacks and views."""


@st.composite
def any_decoder(draw):
    """Draw a language model's pass: repeated blocks, a cache, widths of its own, shards."""
    queries = draw(st.integers(1, 40))
    shards = draw(st.integers(1, 8))
    return decoder(
        queries=queries,
        context=queries + draw(st.integers(0, 300)),
        blocks=draw(st.integers(1, 20)),
        precision=draw(st.sampled_from(["fp16", "int8"])),
        batch=draw(st.integers(1, 3)),
        causal=draw(st.booleans()),
        reduced=frozenset({PROJECTION}) if draw(st.booleans()) else frozenset(),
        weight_bits=draw(st.sampled_from([None, 4.85, 8])),
        cache_bits=draw(st.sampled_from([None, 8])),
        shards=shards,
    )


any_plan = st.one_of(plain_plan, any_decoder())
"""Plans of networks of any kind."""
