"""Joins and cuts in place: what is read, what lives and what may stay on chip, as a hand would count it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.cost import schedule, work_table
from npusdk.cost.aliases import deal
from npusdk.graph import Node
from tests.cost.devices import PLAIN
from tests.cost.plans import PlanWriter


def begin(*channels, precision="int8"):
    """Return a writer and one tensor for each count of channels, made on the device; 10 elements in a channel."""
    write = PlanWriter(precision)
    return write, *(write.vector("Relu", write.input(f"x{i}", (1, count, 10))) for i, count in enumerate(channels))


def test_block_of_split_bottleneck_and_concat_moves_what_its_convolutions_read_and_write():
    """A block that cuts its channels, convolves half of them and joins all has no traffic for cut and join."""
    write = PlanWriter("int8")
    x = write.conv(write.input("image", (1, 3, 8, 8)), 8, 3, 2)
    a, b = write.cut(x, 4, 4)
    m = write.conv(write.conv(b, 4, 3), 4, 3, residual=b)
    write.conv(write.join(a, b, m), 8)
    table = work_table(write.plan())
    # The image has 192 bytes, x and the result 128, each half and each convolution of it 64.
    assert table.moves.tolist() == [True, False, True, True, False, True]
    assert table.input_bytes.tolist() == [192, 0, 64, 64 + 64, 0, 128 + 64]
    assert table.output_bytes.tolist() == [128, 0, 64, 64, 0, 128]
    # x lives until the last convolution, the first bottleneck only for the second.
    assert table.step_live_bytes.tolist() == [192 + 128, 128, 128 + 64, 128 + 64 + 64, 128 + 64, 128 + 64 + 128]
    assert table.residency.budgets.tolist() == [0.0, 64 + 64 + 64, 192 + 128]
    assert table.residency.hit_bytes.tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 64, 64, 0, 0],
        [128, 0, 64 + 64, 64 + 64 + 64, 0, 128 + 64],
    ]
    found = schedule(table, PLAIN)
    assert found.traffic_bytes.tolist() == (table.input_bytes + table.output_bytes + table.weight_bytes).tolist()
    assert found.time_s[[1, 4]].tolist() == [0, 0]


def test_part_that_is_read_alone_needs_room_for_the_value_that_it_was_cut_from():
    """A half stays on chip only if the other half, which nobody reads any more, fits beside it."""
    write, x = begin(10)
    write.vector("Relu", write.cut(x, 5, 5)[0])
    table = work_table(write.plan())
    assert table.residency.budgets.tolist() == [0.0, 100 + 100]
    assert table.residency.hit_bytes[-1].tolist() == [100, 0, 50]
    assert table.step_live_bytes.tolist() == [200, 100, 100 + 50]


def test_cut_of_a_join_reads_the_parts_that_lie_in_it():
    """Of two values side by side, each piece reads what it covers, and lets go what it does not."""
    write, a, b = begin(4, 12)
    p, q = write.cut(write.join(a, b), 8, 8)
    y, z = write.vector("Relu", p), write.vector("Relu", q)
    table = work_table(write.plan(y, z))
    assert table.input_bytes.tolist() == [40, 120, 0, 0, 80, 80]
    # Afterwards a is gone: the first piece was the last to have any of it.
    assert table.step_live_bytes.tolist()[-2:] == [40 + 120 + 80, 120 + 80 + 80]


def test_cut_at_the_seam_of_a_join_gives_its_values_back():
    """A piece that ends where a value ends has nothing of its neighbour."""
    write, a, b = begin(4, 12)
    p, q = write.cut(write.join(a, b), 4, 12)
    y, z = write.vector("Relu", p), write.vector("Relu", q)
    table = work_table(write.plan(y, z))
    assert table.input_bytes.tolist() == [40, 120, 0, 0, 40, 120]
    assert table.step_live_bytes.tolist()[-2:] == [40 + 120 + 40, 120 + 40 + 120]


def test_joins_within_joins_are_read_part_by_part():
    """A dense block joins what it joined before; every value is read once by each reader of all."""
    write, a, b, c = begin(3, 5, 7)
    inner = write.join(a, b)
    write.vector("Relu", write.join(inner, c, inner))
    table = work_table(write.plan())
    assert table.moves.tolist()[3:] == [False, False, True]
    assert table.input_bytes[-1] == 30 + 50 + 70 + 30 + 50
    assert table.step_live_bytes[-1] == 30 + 50 + 70 + 230


def test_value_that_is_joined_twice_is_there_once():
    """Two joins of one value are two readings of it, and it lives to the later of them."""
    write, a, b, c = begin(4, 5, 6)
    y, z = write.join(a, b), write.join(c, a)
    write.vector("Relu", y)
    write.vector("Relu", z)
    table = work_table(write.plan(*(step.outputs[0] for step in write.steps[-2:])))
    assert table.input_bytes.tolist()[-2:] == [90, 100]
    assert table.step_live_bytes.tolist()[-2:] == [40 + 50 + 60 + 90, 40 + 60 + 90 + 100]


def test_view_of_a_join_is_the_same_parts():
    """A reshaped join is still no copy."""
    write, a, b = begin(4, 6)
    write.vector("Relu", write.view(write.join(a, b), (10, 10)))
    table = work_table(write.plan())
    assert table.moves.tolist() == [True, True, False, False, True]
    assert table.input_bytes[-1] == 100


def test_two_passes_over_a_join_read_its_parts_twice():
    """Operators that read more than once do so of every part."""
    write, a, b = begin(3, 4)
    write.vector("Softmax", write.join(a, b))
    assert work_table(write.plan()).input_bytes.tolist() == [30, 40, 0, 2 * 70]


def given_by_a_caller(write, a, b):
    return write.vector("Relu", write.join(a, write.input("given", (1, 2, 10)))), ()


def given_in_another_shape(write, a, b):
    return write.vector("Relu", write.join(a, write.view(write.input("given", (2, 10)), (1, 2, 10)))), ()


def constant(write, a, b):
    return write.vector("Relu", write.join(a, write.weight((1, 2, 10)))), ()


def wanted_by_a_caller(write, a, b):
    return write.join(a, b), ()


def wanted_in_another_shape(write, a, b):
    return write.view(write.join(a, b), (10, 10)), ()


def part_wanted_by_a_caller(write, a, b):
    return write.vector("Relu", write.join(a, b)), (a,)


def part_wanted_in_another_shape(write, a, b):
    return write.vector("Relu", write.join(a, b)), (write.view(a, (40,)),)


def piece_wanted_by_a_caller(write, a, b):
    p, q = write.cut(a, 1, 3)
    return write.vector("Relu", p), (q,)


def given_by_the_host(write, a, b):
    host = write.step("vector", write.node("Erf", [b], write.shape(b)), placement="host")
    return write.vector("Relu", write.join(a, host)), ()


def wanted_by_the_host(write, a, b):
    host = write.step("vector", write.node("Erf", [write.join(a, b)], (1, 10, 10)), placement="host")
    return write.vector("Relu", host), ()


def done_on_the_host(write, a, b):
    return write.vector("Relu", write.join(a, b, placement="host")), ()


def inner_axis(write, a, b):
    return write.vector("Relu", write.join(a, write.vector("Relu", a), axis=2)), ()


def default_axis(write, a, b):
    name = write.tensor("all", (1, 4, 10))
    write.step("vector", Node("Split", "cut", (a,), (name,)))
    return write.vector("Relu", name), ()


def only_axis(write, a, b):
    flat = [write.vector("Flatten", x, shape=(write.tensors[x].elements,)) for x in (a, b)]
    return write.vector("Relu", write.join(*flat, axis=0)), ()


def with_arithmetic(write, a, b):
    joined = write.node("Concat", [a, b], (1, 10, 10), axis=1)
    activated = write.node("Relu", joined.outputs, (1, 10, 10))
    write.step("vector", joined, activated, outputs=(*joined.outputs, *activated.outputs))
    return write.vector("Add", *joined.outputs, *activated.outputs), ()


@pytest.mark.parametrize(
    "make",
    [
        given_by_a_caller, given_in_another_shape, constant, wanted_by_a_caller, wanted_in_another_shape,
        part_wanted_by_a_caller, part_wanted_in_another_shape, piece_wanted_by_a_caller, given_by_the_host,
        wanted_by_the_host, done_on_the_host, inner_axis, default_axis, only_axis, with_arithmetic,
    ],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_what_a_caller_or_the_host_shares_is_copied(make):
    """In place is only what the device makes for itself, along axis 1, and without arithmetic."""
    write, a, b = begin(4, 6)
    output, others = make(write, a, b)
    table = work_table(write.plan(output, *others))
    place = next(i for i, step in enumerate(write.steps) if step.nodes[0].op in ("Concat", "Split"))
    step = write.steps[place]
    assert table.moves[place]
    if step.placement == "device":
        made_bytes = sum(write.tensors[name].elements for name in step.outputs)
        assert table.output_bytes[place] == made_bytes
        read_bytes = sum(write.tensors[name].elements for name in step.inputs)
        assert table.input_bytes[place] + table.weight_bytes[place] == read_bytes
        assert schedule(table, PLAIN).overhead_s[place] == PLAIN.op_overhead_s


def test_host_gets_a_join_and_not_the_values_it_was_made_of():
    """Over the link go the bytes of the joined tensor, once."""
    write, a, b = begin(4, 6)
    output, _ = wanted_by_the_host(write, *write.cut(write.join(a, b), 3, 7))
    table = work_table(write.plan(output))
    assert table.exchange_bytes.sum() == 100 + 100
    assert table.moves.tolist() == [True, True, False, False, True, True, True]


def test_axis_is_counted_from_either_end():
    """The channels of a tensor of three axes are its axis 1 and its axis -2."""
    write, a, b = begin(4, 6)
    write.vector("Relu", write.step("vector", write.node("Concat", [a, b], (1, 10, 10), axis=-2)))
    assert work_table(write.plan()).moves.tolist() == [True, True, False, True]


portions = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10**12)), min_size=1, max_size=9).map(tuple)


@given(st.integers(0, 10**15), portions)
def test_shares_add_up_to_the_amount(amount, parts):
    """Nothing is lost by rounding, no share is negative, and each is the exact one rounded."""
    shares = deal(amount, parts)
    whole = sum(elements for _, elements in parts)
    assert [root for root, _ in shares] == [root for root, _ in parts]
    if whole:
        for (_, share), (_, elements) in zip(shares, parts, strict=True):
            assert share >= 0
            assert abs(share * whole - amount * elements) < whole
    assert sum(share for _, share in shares) == (amount if whole or len(parts) == 1 else 0)


@st.composite
def joined(draw):
    """Draw a tensor of at most 40 channels, joined and cut at random, with its writer."""
    write, *open_names = begin(*draw(st.lists(st.integers(1, 9), min_size=2, max_size=5)),
                               precision=draw(st.sampled_from(["int8", "int4", "fp16"])))  # fmt: skip
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(open_names))
        channels = write.shape(name)[1]
        if channels > 1 and draw(st.booleans()):
            first = draw(st.integers(1, channels - 1))
            open_names += write.cut(name, first, channels - first)
        else:
            other = draw(st.sampled_from(open_names))
            if channels + write.shape(other)[1] <= 40:
                open_names.append(write.join(name, other))
    return write, open_names[-1]


@given(joined())
def test_reader_reads_the_bytes_of_a_tensor_however_it_is_made_of_parts(made):
    """The bytes of its parts add up to those of the tensor itself, and nothing was moved before."""
    write, name = made
    write.vector("Relu", name)
    plan = write.plan()
    table = work_table(plan)
    assert table.input_bytes[-1] == plan.device_bytes(name)
    assert table.moves.tolist() == [step.nodes[0].op == "Relu" for step in write.steps]
