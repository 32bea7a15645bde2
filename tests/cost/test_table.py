"""The work table: what crosses the borders of steps, and what may stay on chip."""

import numpy as np
import pytest

from npusdk.cost import work_table
from npusdk.cost.work import Gemm
from npusdk.graph import Node
from tests.cost.plans import PlanWriter, encoder, mobile_network, resnet50


def products(table):
    """Return the products of a table with their steps."""
    sides = zip(table.gemms.cnt, table.gemms.M, table.gemms.N, table.gemms.K, strict=True)
    distinct = [Gemm(*map(int, side)) for side in sides]
    return [(step, distinct[i]) for step, i in zip(table.gemms.step.tolist(), table.gemms.index.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("plan", "gmacs", "mparams"),
    [
        (resnet50(), 4.09, 25.56),
        (encoder(24, 1024, 16), 123.2, None),
        (mobile_network(), 0.39, 5.29),
    ],
    ids=["ResNet-50", "BERT-Large", "EfficientNet-B0"],
)
def test_macs_and_parameters_are_the_published_ones(plan, gmacs, mparams):
    """MAC and parameter counts (He et al. 2016; MLPerf Inference's BERT at 384 tokens; Tan and Le 2019)."""
    table = work_table(plan)
    assert table.macs.sum() / 1e9 == pytest.approx(gmacs, rel=0.012)
    if mparams:
        assert table.constant_bytes / 2 / 1e6 == pytest.approx(mparams, rel=0.012)


def test_step_reads_inputs_and_weights_and_writes_outputs_in_the_plans_format():
    """Traffic of a layer is counted once for each tensor, at the width the device stores."""
    for precision, width in (("fp16", 2), ("int8", 1), ("exact", 4)):
        write = PlanWriter(precision)
        write.linear(write.input("x", (8, 100)), 50, "Relu")
        table = work_table(write.plan())
        assert table.input_bytes.tolist() == [800 * width]
        assert table.output_bytes.tolist() == [400 * width]
        assert table.weight_bytes.tolist() == [(5000 + 50) * width]
        assert table.vector_ops.tolist() == [2 * 400]
        assert (table.constant_bytes, table.call_bytes) == (5050 * width, 1200 * width)


def test_products_of_one_input_are_one_product_with_all_columns():
    """Query, key and value are one matrix product; their input is read once."""
    write = PlanWriter()
    names = write.joint_linear(write.input("x", (2, 7, 64)), 48, 3)
    table = work_table(write.plan(*names))
    assert products(table) == [(0, Gemm(1, 14, 144, 64))]
    assert table.input_bytes.tolist() == [2 * 7 * 64 * 2]
    assert table.output_bytes.tolist() == [3 * 2 * 7 * 48 * 2]


def test_attention_keeps_its_scores_to_itself():
    """Two products around a softmax; only queries, keys, values and the context cross the border."""
    write = PlanWriter()
    q, k, v = (write.input(name, (2, 32, 64)) for name in "qkv")
    write.attention(q, k, v, heads=4)
    table = work_table(write.plan())
    assert sorted(products(table)) == [(0, Gemm(8, 32, 16, 32)), (0, Gemm(8, 32, 32, 16))]
    assert len(table.plain_gemms) == 0
    assert (table.attention.cnt.tolist(), table.attention.queries.tolist()) == ([8.0], [32.0])
    assert table.attention.key_elements.tolist() == [2 * 32 * 16]
    assert table.input_bytes.tolist() == [3 * 2 * 32 * 64 * 2]
    assert table.vector_ops.tolist() == [6 * 8 * 32 * 32]


def test_attention_with_few_queries_is_two_products():
    """Decoding does not fill blocks of queries."""
    write = PlanWriter()
    q, k, v = write.input("q", (1, 16, 64)), write.input("k", (1, 90, 64)), write.input("v", (1, 90, 64))
    write.attention(q, k, v, heads=4)
    table = work_table(write.plan())
    assert len(table.attention.cnt) == 0
    assert len(table.plain_gemms) == 2


def test_depthwise_convolution_is_vector_work():
    """Two operations for each multiply-accumulate, and no matrix product."""
    write = PlanWriter()
    write.conv(write.input("x", (1, 8, 10, 10)), 8, 3, groups=8, activation=None)
    table = work_table(write.plan())
    assert table.macs.tolist() == [100 * 8 * 9]
    assert table.vector_ops.tolist() == [2 * 7200 + 800]
    assert len(table.gemms) == 0


def test_embedding_reads_rows_and_keeps_its_table():
    """A gather's traffic is the rows it takes; the memory it needs is the whole table."""
    write = PlanWriter("fp16")
    ids = write.input("ids", (1, 384), "int64")
    write.vector("Gather", write.weight((30522, 768)), ids, shape=(1, 384, 768))
    table = work_table(write.plan())
    assert table.row_bytes.tolist() == [384 * 768 * 2]
    assert table.weight_bytes.tolist() == [0]
    assert table.input_bytes.tolist() == [384 * 8]
    assert (table.pinnable_bytes, table.table_bytes) == (0, 30522 * 768 * 2)
    assert table.constant_bytes == 30522 * 768 * 2


def test_tied_embedding_is_a_weight_that_is_read_whole():
    """A table that also multiplies is pinned like any other weight, and counted once."""
    write = PlanWriter("fp16")
    shared = write.weight((100, 64))
    x = write.vector("Gather", shared, write.input("ids", (1, 8), "int64"), shape=(1, 8, 64))
    write.step("matrix", write.node("Gemm", [write.view(x, (8, 64)), shared], (8, 100), transB=1))
    table = work_table(write.plan())
    assert (table.pinnable_bytes, table.table_bytes, table.constant_bytes) == (12800, 0, 12800)
    assert (table.row_bytes[0], table.weight_bytes[2]) == (8 * 64 * 2, 12800)


def test_nodes_of_a_step_share_a_reading_and_add_up_their_parts():
    """Two slices read two parts; a softmax reads twice unless its input is the step's own."""
    write = PlanWriter()
    x = write.input("x", (4, 100))
    first, second = (write.node("Slice", [x], (4, 10)) for _ in range(2))
    write.step("vector", first, second, outputs=(*first.outputs, *second.outputs))
    y = write.vector("Softmax", x)
    scaled = write.node("Mul", [y, x], (4, 100))
    write.step("vector", scaled, write.node("Softmax", scaled.outputs, (4, 100)))
    table = work_table(write.plan())
    assert table.input_bytes.tolist() == [2 * 80, 2 * 800, 2 * 800]


def test_view_costs_nothing_and_passes_its_tensor_on():
    """A reshaped result is the same value: it stays on chip for whoever reads it."""
    write = PlanWriter()
    x = write.input("x", (1, 64))
    y = write.view(write.vector("Relu", x), (8, 8))
    z = write.vector("Relu", write.view(y, (64, 1)))
    table = work_table(write.plan(write.view(z, (1, 64))))
    assert table.moves.tolist() == [True, False, False, True, False]
    assert table.input_bytes.tolist() == table.output_bytes.tolist() == [128, 0, 0, 128, 0]
    assert table.residency.budgets.tolist() == [0.0, 256.0]
    assert table.residency.hit_bytes[1].tolist() == [128, 0, 0, 128, 0]
    assert (table.live_bytes, table.call_bytes) == (256, 256)


def test_view_of_a_constant_is_a_weight():
    """A weight that is reshaped before use is read as a weight."""
    write = PlanWriter()
    x = write.input("x", (4, 8))
    write.vector("Mul", x, write.view(write.weight((8, 1)), (8,)))
    table = work_table(write.plan())
    assert table.weight_bytes.tolist() == [0, 16]
    assert table.input_bytes.tolist() == [0, 64]


def test_residual_stays_on_chip_if_it_fits_beside_what_runs_meanwhile():
    """A skipped-over value needs room beside the working sets between its producer and its last reader."""
    write = PlanWriter("int8")
    x = write.input("x", (1000,))
    a = write.vector("Relu", x)
    b = write.vector("Concat", a, shape=(3000,))
    c = write.vector("Slice", b, shape=(1000,))
    d = write.vector("Add", c, a)
    write.vector("Relu", d)
    table = work_table(write.plan())
    hits = dict(zip(table.residency.budgets.tolist(), table.residency.hit_bytes.tolist(), strict=True))
    # c and d pass from step to step; the largest working set on their way is the addition's: two inputs, one output.
    # a and b pass through the concatenation, 1000 in and 3000 out. The first input and the last output never stay.
    assert hits == {
        0.0: [0, 0, 0, 0, 0],
        3000.0: [0, 0, 1000, 1000 + 1000, 1000],
        4000.0: [1000, 1000 + 3000, 1000 + 1000, 2000 + 1000, 1000],
    }


def test_value_that_waits_needs_room_beside_what_runs_meanwhile():
    """A small value that waits for large steps of another branch stays only if it fits beside them."""
    write = PlanWriter("int8")
    a = write.vector("Relu", write.input("x", (100,)))
    b = write.vector("Relu", write.input("y", (400,)))
    write.vector("Concat", a, write.vector("Slice", b, shape=(50,)), shape=(150,))
    table = work_table(write.plan())
    assert table.residency.budgets.tolist() == [0.0, 100 + 50 + 150, 400 + 400, 100 + 400 + 400]
    assert table.residency.hit_bytes[-1].tolist() == [100, 400, 50 + 50, 100 + 50]


def test_output_that_is_read_again_is_written_all_the_same():
    """A caller's output goes off chip; a later step may still find it on chip."""
    write = PlanWriter("int8")
    a = write.vector("Relu", write.input("x", (100,)))
    table = work_table(write.plan(a, write.vector("Relu", a)))
    assert table.residency.hit_bytes[-1].tolist() == [0, 100]


def test_softmax_that_reads_twice_needs_its_input_once():
    """Two passes over a value do not make it larger."""
    write = PlanWriter("int8")
    write.vector("Softmax", write.vector("Relu", write.input("x", (10, 10))))
    table = work_table(write.plan())
    assert table.residency.budgets.tolist() == [0.0, 200.0]
    assert table.residency.hit_bytes[-1].tolist() == [100, 200]


def test_value_of_which_a_part_is_read_stays_whole_or_not_at_all():
    """A reader of a slice needs room for everything it slices from."""
    write = PlanWriter("int8")
    b = write.vector("Expand", write.input("x", (10,)), shape=(3000,))
    write.vector("Slice", b, shape=(1000,))
    table = work_table(write.plan())
    assert table.input_bytes.tolist() == [10, 1000]
    assert table.residency.budgets.tolist() == [0.0, 3000 + 1000]
    assert table.residency.hit_bytes[1].tolist() == [3000, 1000]


def test_live_bytes_count_what_waits():
    """The largest live set holds values that are still to be read, inputs and outputs included."""
    write = PlanWriter("int8")
    x = write.input("x", (100,))
    a = write.vector("Relu", x)
    b = write.vector("Concat", a, shape=(500,))
    c = write.vector("Slice", b, shape=(50,))
    write.vector("Add", c, a)
    table = work_table(write.plan(write.steps[-1].outputs[0], c))
    assert table.live_bytes == 100 + 500 + 50
    assert table.step_live_bytes.tolist() == [100 + 100, 100 + 500, 100 + 500 + 50, 100 + 50 + 50]


def test_output_lives_to_the_end():
    """What a caller wants stays in memory, however early it was made."""
    write = PlanWriter("int8")
    early = write.vector("Relu", write.input("x", (300,)))
    late = write.vector("Relu", write.vector("Relu", write.input("y", (100,))))
    # The input y waits from the start; with it live x and the first output, the largest set of all.
    assert work_table(write.plan(early, late)).live_bytes == 300 + 300 + 100
    z = write.vector("Concat", late, shape=(900,))
    assert work_table(write.plan(early, z)).live_bytes == 300 + 100 + 900


def test_host_step_exchanges_each_value_once():
    """What the device made goes over once, what it needs comes back once; neighbours on the host exchange nothing."""
    write = PlanWriter()
    x = write.vector("Relu", write.input("x", (1, 100)))
    y = write.step("vector", write.node("Erf", [x], (1, 100)), placement="host")
    z = write.step("vector", write.node("Add", [y, x], (1, 100)), placement="host")
    write.vector("Relu", z)
    table = work_table(write.plan())
    assert table.exchange_bytes.tolist() == [0, 200, 200, 0]
    assert table.input_bytes.tolist() == [200, 0, 0, 200]
    assert table.vector_ops.tolist() == [100, 0, 0, 100]
    assert table.residency.budgets.tolist() == [0.0]
    assert table.call_bytes == 400


def test_call_moves_only_what_the_device_reads_and_makes():
    """An input that only the host reads, and an output that it makes, do not cross the link."""
    write = PlanWriter()
    x, y = write.input("x", (1, 10)), write.input("y", (1, 1000))
    a = write.vector("Relu", x)
    b = write.step("vector", write.node("Erf", [y], (1, 1000)), placement="host")
    table = work_table(write.plan(a, b))
    assert table.call_bytes == 40
    assert table.exchange_bytes.tolist() == [0, 0]
    assert table.live_bytes == 40


def test_integers_are_not_dequantised_before_they_are_multiplied():
    """In an integer step the operands' DequantizeLinear nodes cost nothing; elsewhere those of computed values do."""
    for arithmetic, expected in (("integer", 2 * 6), ("exact", 2 * 6 + 2 * 8)):
        write = PlanWriter("int8")
        x, scale = write.input("x", (2, 4), "int8"), write.weight((), "float32")
        nodes = [
            write.node("DequantizeLinear", [x, scale], (2, 4)),
            write.node("DequantizeLinear", [write.weight((4, 3), "int8"), scale], (4, 3)),
        ]
        product = write.node("MatMul", [nodes[0].outputs[0], nodes[1].outputs[0]], (2, 3))
        last = Node("QuantizeLinear", "q", (product.outputs[0], scale), (write.tensor("out", (2, 3), "int8"),))
        write.step("matrix", *nodes, product, last, arithmetic=arithmetic)
        table = work_table(write.plan())
        assert table.vector_ops.tolist() == [expected]
        assert products(table) == [(0, Gemm(1, 2, 3, 4))]
        assert table.weight_bytes.tolist() == [12 + 1]


def test_networks_have_no_more_budgets_than_the_search_is_quick_with():
    """A deep network with many sizes rounds its needs up, which never lets more stay on chip."""
    write = PlanWriter("int8")
    x = write.input("x", (100,))
    for size in range(101, 400):
        x = write.vector("Pad", x, shape=(size * size,))
    table = work_table(write.plan())
    assert len(table.residency.budgets) < 96
    working = table.input_bytes + table.output_bytes
    for budget, hits in zip(table.residency.budgets, table.residency.hit_bytes, strict=True):
        assert (hits[working > budget] == 0).all()
        assert (hits <= working).all()
    assert np.count_nonzero(table.residency.hit_bytes[-1]) == len(table)
