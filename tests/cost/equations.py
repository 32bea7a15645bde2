"""The model's equations once more, in scalars and loops, for comparison; times in seconds, sizes in bytes."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil

from npusdk.numerics import MATRIX_FORMATS

TILES = [(256, 128), (128, 256), (128, 128), (128, 64), (64, 128), (64, 64), (32, 64), (64, 32), (16, 64)]


def up(a, b):
    """Divide and round up."""
    return -(-a // b)


def wave_candidates(gemm, device):
    """Yield matrix seconds at full rate and bytes on chip, without inputs and outputs, of every tile and split."""
    cnt, M, N, K = gemm
    width = Fraction(MATRIX_FORMATS[device.dtype].bits, 8)
    piece = Fraction(32) / width
    for (Tm, Tn), s in product(TILES, (1, 2, 4, 8, 16)):
        if s > 1 and Fraction(K, s) < 128 / width:
            continue
        tiles = cnt * up(M, Tm) * up(N, Tn) * s
        depth = ceil(up(K, s) / piece) * piece
        cycles = up(tiles, device.units) * Tm * Tn * depth / device.macs_per_unit_per_cycle
        on_chip = tiles * (Tm + Tn) * depth * width + (8 * cnt * M * N * s if s > 1 else 0)
        yield float(cycles) / device.clock_hz, float(on_chip)


def powers_up_to(limit):
    power = 1
    while power <= limit:
        yield power
        power *= 2


def grid_candidates(gemm, device):
    """Yield the same for every split of a grid."""
    cnt, M, N, K = gemm
    U, mac = device.units, device.macs_per_unit_per_cycle
    lanes = min(device.lanes, mac)
    pk = Fraction(mac, lanes)
    side_by_side = {*powers_up_to(min(cnt, U)), *(up(cnt, r) for r in powers_up_to(2 * cnt)), min(cnt, U)}
    for uc in (uc for uc in side_by_side if uc <= U):
        for um, uk in product(powers_up_to(U), repeat=2):
            un = U // uc // (um * uk)
            if un:
                rounds = up(cnt, uc) * up(M, um) * up(up(N, un), lanes) * ceil(up(K, uk) / pk)
                yield rounds / device.clock_hz, 8.0 * cnt * M * N * (uk - 1)


def systolic_candidates(gemm, device):
    """Yield the same for the one way of a systolic array."""
    cnt, M, N, K = gemm
    R, C = device.array_rows, device.array_columns
    folds, cycles = {
        "os": (up(M, R) * up(N, C), K + R + C - 2),
        "ws": (up(K, R) * up(N, C), M + 2 * R + C - 2),
        "is": (up(K, R) * up(M, C), N + 2 * R + C - 2),
    }[device.dataflow]
    yield up(cnt * folds, device.units) * cycles / device.clock_hz, 0.0


CANDIDATES = {"waves": wave_candidates, "grid": grid_candidates, "systolic": systolic_candidates}


def best_product(gemm, shared_bytes, device):
    """Return matrix, on-chip and joint seconds of the best candidate; `shared_bytes` move whichever it is."""
    candidates = CANDIDATES[device.style]
    join = max if device.overlap else lambda a, b: a + b
    return min(
        (
            (t / device.eta_compute, (by + shared_bytes) / device.on_chip_bandwidth_bytes_per_s)
            for t, by in candidates(gemm, device)
        ),
        key=lambda pair: join(*pair),
    )


def step_time(device, *, gemm=None, vector_ops=0, input_bytes=0, output_bytes=0, weight_bytes=0):
    """Return the seconds of a step with at most one product, nothing of which stays on chip.

    Tiles read the inputs and weights of a product, which do not move on chip once more.
    """
    inputs = {"waves": 0 if gemm else input_bytes}.get(device.style, input_bytes + weight_bytes)
    shared, off_chip_bytes = inputs + output_bytes, input_bytes + output_bytes + weight_bytes
    matrix, on_chip = (
        best_product(gemm, shared, device) if gemm else (0.0, shared / device.on_chip_bandwidth_bytes_per_s)
    )
    vector = vector_ops / device.vector_ops_per_s / device.eta_vector
    off_chip = off_chip_bytes / (device.eta_memory * device.memory_bandwidth_bytes_per_s)
    terms = (matrix, on_chip, vector, off_chip)
    return (max(terms) if device.overlap else sum(terms)) + device.op_overhead_s
