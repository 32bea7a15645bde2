"""Whole networks against layer tables written down from the papers and costed by the equations in loops."""

from dataclasses import replace

import pytest

from npusdk.cost import schedule_plan
from npusdk.numerics import MATRIX_FORMATS
from tests.cost.devices import A100, IPU, RNGD, WARBOY
from tests.cost.equations import best_product, step_time, up
from tests.cost.plans import encoder, resnet50

DEVICES = [replace(device, usable_on_chip_bytes=0.0, eta_vector=0.7) for device in (A100, RNGD, WARBOY, IPU)]
"""Without on-chip residency: every tensor of a layer table moves off chip. Not all of the elementwise rate lasts."""


def convolution(size, channels, filters, kernel, *, stride=1, vector=2, residual=False):
    """Return sides and elements of a convolution with a square image, as a row of a layer table."""
    side = up(size, stride)
    outputs = side * side * filters
    return {
        "sides": (1, side * side, filters, kernel * kernel * channels),
        "inputs": size * size * channels + (outputs if residual else 0),
        "outputs": outputs,
        "weights": channels * filters * kernel * kernel + filters,
        "vector": vector * outputs,
    }


def linear(rows, columns, inner, vector):
    """Return a row of a layer table for a linear layer with a bias."""
    return {
        "sides": (1, rows, columns, inner),
        "inputs": rows * inner,
        "outputs": rows * columns,
        "weights": (inner + 1) * columns,
        "vector": vector * rows * columns,
    }


def resnet50_rows():
    """Yield the layers of He et al. 2016, table 1: bias and relu are 2 operations, the residual a third."""
    yield convolution(224, 3, 64, 7, stride=2)
    yield {"inputs": 112 * 112 * 64, "outputs": 56 * 56 * 64, "vector": 9 * 56 * 56 * 64}
    size, channels = 56, 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if width > 64 and not block else 1
            yield convolution(size, channels, width, 1)
            yield convolution(size, width, width, 3, stride=stride)
            if not block:
                yield convolution(size, channels, 4 * width, 1, stride=stride, vector=1)
            size, channels = size // stride, 4 * width
            yield convolution(size, width, channels, 1, vector=3, residual=True)
    yield {"inputs": 7 * 7 * 2048, "outputs": 2048, "vector": 7 * 7 * 2048}
    yield {}
    yield linear(1, 1000, 2048, 1)


def scaled(row, batch):
    """Return a row for a batch, which stands in the rows of a product and leaves weights alone."""
    cnt, M, N, K = row.get("sides", (0, 0, 0, 0))
    grown = {name: row.get(name, 0) * batch for name in ("inputs", "outputs", "vector")}
    return row | grown | {"sides": (cnt, M * batch, N, K)}


def row_time(row, device):
    """Return the seconds of a row."""
    if not row["outputs"]:
        return 0.0
    width = MATRIX_FORMATS[device.dtype].bits / 8
    return step_time(
        device,
        gemm=row["sides"] if row["sides"][0] else None,
        vector_ops=row["vector"],
        input_bytes=row["inputs"] * width,
        output_bytes=row["outputs"] * width,
        weight_bytes=row.get("weights", 0) * width,
    )


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.device)
@pytest.mark.parametrize("batch", [1, 8])
def test_resnet50_takes_what_its_layer_table_takes(device, batch):
    """Every layer of ResNet-50, convolution by convolution."""
    found = schedule_plan(resnet50(device.dtype, batch), device)
    expected = [row_time(scaled(row, batch), device) for row in resnet50_rows()]
    assert found.time_s.tolist() == pytest.approx(expected)


def attention_time(device, *, heads, length, size):
    """Return the seconds of attention for a batch of 1: blocks of 384 queries on a GPU, else two products."""
    width = MATRIX_FORMATS[device.dtype].bits / 8
    activations = 4 * length * heads * size * width
    vector = 6 * heads * length * length / device.vector_ops_per_s / device.eta_vector
    if device.style == "waves":
        blocks = heads * up(length, 384)
        waves = up(blocks, device.units)
        keys = 2 * length * size
        rate = device.macs_per_unit_per_cycle * device.clock_hz * device.eta_compute
        matrix = [waves * min(length, 384) * keys / rate]
        on_chip = [(blocks * keys * width + activations) / device.on_chip_bandwidth_bytes_per_s]
        vector *= waves * device.units / blocks
    else:
        sides = ((heads, length, length, size), (heads, length, size, length))
        matrix, on_chip = zip(*(best_product(side, activations / 2, device) for side in sides), strict=True)
    unfused = device.style == "waves" and 0 < device.longest_fused_keys < length
    scores = 5 * heads * length * length * width if unfused else 0
    off_chip = (activations + scores) / (device.eta_memory * device.memory_bandwidth_bytes_per_s)
    if not device.overlap:
        return sum(matrix) + sum(on_chip) + vector + off_chip + device.op_overhead_s
    busy = sum(map(max, matrix, on_chip))
    return max(busy, vector, off_chip) + device.op_overhead_s


@pytest.mark.parametrize("longest", [0, 383, 384])
@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.device)
def test_encoder_takes_what_its_layer_table_takes(device, longest):
    """Each layer of BERT-Base: query, key, value; attention; projection; norm; two of the feed-forward; norm."""
    device = replace(device, longest_fused_keys=longest)
    length, width = 384, 768
    norm = {
        "inputs": 2 * length * width, "outputs": length * width, "weights": 2 * width, "vector": 9 * length * width,
    }  # fmt: skip
    joint = linear(length, 3 * width, width, 0) | {"weights": 3 * width * width}
    rows = [joint, None, linear(length, width, width, 1), norm]
    rows += [linear(length, 4 * width, width, 9), linear(length, width, 4 * width, 1), norm]
    expected = [
        attention_time(device, heads=12, length=length, size=64) if row is None else row_time(scaled(row, 1), device)
        for row in rows
    ]
    found = schedule_plan(encoder(length=length, precision=device.dtype), device)
    assert found.time_s.tolist() == pytest.approx(expected * 12)
