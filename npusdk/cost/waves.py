"""Matrix products on a GPU: output tiles dealt to its units in waves.

T = ceil(cnt ceil(M/Tm) ceil(N/Tn) s / U) Tm Tn ceil(K/s / kq) kq / (mac f)

Tile and wave quantisation: NVIDIA, Matrix Multiplication Background User's Guide, sections 3.1 and 3.2. A tile works
through K in pieces of 32 bytes (kq elements); split-K deals K out to s tiles whose partial sums, in 4 bytes, are
written and read once more. On chip move `tiles s (Tm + Tn) K/s b + out`, and `8 cnt M N s` for the partial sums:
it is the tiles that read the inputs, which do not move once more.

Fused attention (FlashAttention: Dao et al. 2022, algorithm 1) is dealt out in blocks of queries, each against all keys;
a block holds q queries (`query_block`: 384 in TensorRT's fused multi-head attention, 128 in FlashAttention-2):

blocks = cnt ceil(M / q),   T = ceil(blocks / U) min(M, q) (N K + K N) / (mac f)

On chip move `blocks (N K + K N) b`, the keys and values that blocks read, beside inputs and outputs. Software whose
fused kernel takes `longest_fused_keys` keys at most runs a longer attention as two products and a softmax: its
`cnt M N` scores then cross the border of the chip `SPILLED_PASSES` times, and need their place in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npusdk.catalogue import CostParameters
from npusdk.cost.gemms import Floats, GemmSet, Mapped, choose
from npusdk.numerics import MATRIX_FORMATS

TILES = ((256, 128), (128, 256), (128, 128), (128, 64), (64, 128), (64, 64), (32, 64), (64, 32), (16, 64))
"""Output tiles (Tm, Tn) of the usual matrix kernels."""

SPLITS = (1, 2, 4, 8, 16)
"""Ways of split-K."""

PIECE_BYTES = 32
"""Bytes of K that a tile takes at a time."""

LEAST_SPLIT_BYTES = 128
"""A split of K is at least this long."""

SHORT_QUERIES = 16
"""Attention with at most so many queries for each head is two products, as in decoding."""

SPILLED_PASSES = 5
"""How often the scores of an attention that is not fused cross the border of the chip: the first product writes them,
the softmax reads them twice and writes them, the second product reads them."""


@dataclass(frozen=True)
class TileCandidates:
    """Candidates (columns) of each product (rows).

    Parameters
    ----------
    tiles
        Tiles dealt out; infinite where a candidate does not apply.
    macs
        Multiply-accumulates of one tile, padding included.
    on_chip_bytes
        Operands of all tiles, and partial sums.
    """

    tiles: Floats
    macs: Floats
    on_chip_bytes: Floats


def make_candidates(gemms: GemmSet, operand_bytes: float) -> TileCandidates:
    """Return every tile and split of every product, those that split less first: they win where times are equal."""
    Tm, Tn, s = (
        np.array(column, np.float64) for column in zip(*((m, n, s) for s in SPLITS for m, n in TILES), strict=True)
    )
    cnt, M, N, K = (side[:, None] for side in (gemms.cnt, gemms.M, gemms.N, gemms.K))
    piece = PIECE_BYTES / operand_bytes
    depth = np.ceil(np.ceil(K / s) / piece) * piece
    tiles = cnt * np.ceil(M / Tm) * np.ceil(N / Tn) * s
    partial_bytes = np.where(s > 1, 8 * cnt * M * N * s, 0.0)
    on_chip_bytes = tiles * (Tm + Tn) * depth * operand_bytes + partial_bytes
    is_possible = (s == 1) | (s * LEAST_SPLIT_BYTES <= K * operand_bytes)
    return TileCandidates(np.where(is_possible, tiles, np.inf), Tm * Tn * depth, on_chip_bytes)


def map_waves(gemms: GemmSet, parameters: CostParameters) -> Mapped:
    """Return the best tile and split of every product."""
    operand_bytes = MATRIX_FORMATS[parameters.dtype].bits / 8
    candidates = gemms.table(("waves", operand_bytes), lambda: make_candidates(gemms, operand_bytes))
    rate = parameters.macs_per_unit_per_cycle * parameters.clock_hz * parameters.eta_compute
    compute_s = np.ceil(candidates.tiles / parameters.units) * (candidates.macs / rate)
    return choose(compute_s, candidates.on_chip_bytes, gemms.activation_bytes, parameters)


@dataclass(frozen=True, eq=False)
class AttentionSet:
    """Fused attentions with more than `SHORT_QUERIES` queries.

    Parameters
    ----------
    step
        Step of each.
    cnt, queries
        Heads of the whole batch, and queries of each (M).
    key_elements
        Elements of keys and values that each head reads: the multiply-accumulates of one query (N K + K N).
    keys
        Keys of each head (N), those included that causal queries do not see.
    """

    step: npt.NDArray[np.intp]
    cnt: Floats
    queries: Floats
    key_elements: Floats
    keys: Floats

    def spilled_scores(self, longest_fused_keys: int) -> Floats:
        """Return the scores of each that leave the chip: all of one that is too long for the fused kernel, else none.

        Parameters
        ----------
        longest_fused_keys
            Keys that the kernel takes at most; 0 where it takes any number.
        """
        unfused = self.keys > (longest_fused_keys or np.inf)
        return np.where(unfused, self.cnt * self.queries * self.keys, 0.0)


@dataclass(frozen=True)
class AttentionMapping:
    """Time of fused attentions on a GPU.

    Parameters
    ----------
    compute_s
        Matrix time, sustained.
    on_chip_bytes
        Keys and values, read by each block.
    wave_factor
        At least 1: what the last, partly filled wave costs the vector units too.
    """

    compute_s: Floats
    on_chip_bytes: Floats
    wave_factor: Floats


def map_attention(attention: AttentionSet, parameters: CostParameters) -> AttentionMapping:
    """Deal the blocks of every attention to the units."""
    rate = parameters.macs_per_unit_per_cycle * parameters.clock_hz * parameters.eta_compute
    blocks = attention.cnt * np.ceil(attention.queries / parameters.query_block)
    waves = np.ceil(blocks / parameters.units)
    block_macs = np.minimum(attention.queries, parameters.query_block) * attention.key_elements
    operand_bytes = MATRIX_FORMATS[parameters.dtype].bits / 8
    return AttentionMapping(
        waves * block_macs / rate,
        blocks * attention.key_elements * operand_bytes,
        waves * parameters.units / blocks,
    )
