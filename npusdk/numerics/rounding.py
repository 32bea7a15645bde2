"""Rounding of float32 values to the nearest bfloat16, float16 or tf32 number, ties to even; values stay float32.

bf16 (8 exponent, 7 mantissa bits) and tf32 (8 and 10) have float32's exponents, so that rounding is arithmetic on the
bit pattern: add just under half a unit of the last kept bit, and one more if that bit is set, then clear the rest. A
carry out of the mantissa raises the exponent, which is what rounding up means, up to infinity. A NaN is kept aside.

fp16 (5 and 10) has fewer exponents. Adding 1.5 * 2^13 times the power of two below |x| pushes the bits beyond the tenth
off the end of a float32, and float32 addition rounds them to nearest even; below 2^-14 the power stays 2^-14, which
gives float16's subnormals. What rounds beyond 65504 becomes infinite.

Work is done in blocks that stay in the second-level cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import local
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Float32: TypeAlias = npt.NDArray[np.float32]
Rounder: TypeAlias = Callable[[Float32, Float32], None]
"""Rounds the first array in place; the second is scratch of the same shape."""

BLOCK = 1 << 15
"""Elements that are rounded at a time: 128 KiB, and as much again of scratch."""

_FEW = 1 << 10
_SIGN = np.array(0x80000000, np.uint32)
_EXPONENT = np.array(0x7F800000, np.uint32)
_FLOAT16_MAX = np.float32(65504)
_FLOAT16_MIN_NORMAL = np.float32(2**-14)
_FLOAT16_SHIFT = np.array(1.5 * 2**13, np.float32)


def _round_mantissa(dropped: int) -> Rounder:
    """Make a function that clears the last `dropped` bits of float32 values, in place; NaNs have to be canonical."""
    numbers = (dropped, 1, (1 << (dropped - 1)) - 1, 0xFFFFFFFF ^ ((1 << dropped) - 1))
    places, one, half, keep = (np.array(number, np.uint32) for number in numbers)  # arrays are read faster than scalars
    shift, both, add = np.right_shift, np.bitwise_and, np.add

    def round_block(block: Float32, scratch: Float32) -> None:
        bits, odd = block.view(np.uint32), scratch.view(np.uint32)
        shift(bits, places, odd)
        both(odd, one, odd)
        add(odd, half, odd)
        add(bits, odd, bits)
        both(bits, keep, bits)

    return round_block


def _keep_nan(round_block: Rounder) -> Rounder:
    """Make a rounder that gives NaN for every NaN, whatever its bits are."""

    def round_any(block: Float32, scratch: Float32) -> None:
        nan = np.isnan(block) if np.isnan(np.maximum.reduce(block, initial=0)) else None
        round_block(block, scratch)
        if nan is not None:
            block[nan] = np.nan

    return round_any


def _round_few_float16(block: Float32, scratch: Float32) -> None:
    """Round to float16 numbers, in place: by NumPy's conversion where there are few, which saves calls."""
    if block.size <= _FEW:
        np.copyto(block, block.astype(np.float16))
    else:
        _round_float16(block, scratch)


def _round_float16(block: Float32, scratch: Float32) -> None:
    """Round to float16 numbers, in place."""
    bits, power = block.view(np.uint32), scratch.view(np.uint32)
    sign = _SIGNS.of(block)
    special = None
    if not np.maximum.reduce(np.abs(block, out=scratch), axis=None, initial=0) <= _FLOAT16_MAX:
        special = _beyond_float16(block)
    np.bitwise_and(bits, _EXPONENT, power)
    np.clip(scratch, _FLOAT16_MIN_NORMAL, np.inf, out=scratch)
    np.multiply(scratch, _FLOAT16_SHIFT, scratch)
    np.bitwise_and(bits, _SIGN, sign)
    np.add(block, scratch, block)
    np.subtract(block, scratch, block)
    np.bitwise_or(bits, sign, bits)
    if special is not None:
        np.copyto(block, special, where=~np.isnan(special) | np.isnan(block))


class _Signs(local):
    """Scratch for the signs of a block, one for each thread: memory that is asked for anew costs more than rounding."""

    def __init__(self) -> None:
        self._bits = np.empty(BLOCK, np.uint32)

    def of(self, block: Float32) -> npt.NDArray[np.uint32]:
        """Return scratch of the shape of a block."""
        if block.size > BLOCK:
            return np.empty(block.shape, np.uint32)
        return self._bits[: block.size].reshape(block.shape)


_SIGNS = _Signs()


def _beyond_float16(block: Float32) -> Float32:
    """Return infinity where a value rounds beyond the largest float16; NaN elsewhere."""
    limit = np.float32(65520)
    return np.where(np.abs(block) >= limit, np.copysign(np.float32(np.inf), block), np.float32(np.nan))


RESULT_ROUNDERS: Mapping[str, Rounder] = MappingProxyType(
    {"bf16": _round_mantissa(16), "tf32": _round_mantissa(13), "fp16": _round_few_float16}
)
"""Rounders of a block that arithmetic has made, by format: a NaN in it has the bits that the processor gives one.

Blocks are contiguous. NumPy's warnings have to be off."""

_ROUNDERS: Mapping[str, Rounder] = MappingProxyType(
    {
        "bf16": _keep_nan(RESULT_ROUNDERS["bf16"]),
        "tf32": _keep_nan(RESULT_ROUNDERS["tf32"]),
        "fp16": _round_float16,
    }
)


def round_to(x: Float32, format: str, out: Float32 | None = None) -> Float32:  # noqa: A002 - the field's word
    """Return `x` rounded to the nearest number of `format`, ties to even.

    Infinities, signed zeros and subnormals are kept as the format has them; a NaN stays a NaN.

    Parameters
    ----------
    x
        float32 values.
    format
        "bf16", "fp16" or "tf32".
    out
        Where to write: float32 of the same shape, `x` itself to round in place; a new array by default.
    """
    out = np.empty(x.shape, np.float32) if out is None else out
    if not out.flags.c_contiguous:
        np.copyto(out, round_to(x, format))
        return out
    source = x.reshape(-1) if x.flags.c_contiguous else None
    if source is None:
        np.copyto(out, x)
    target = out.reshape(-1)
    scratch = np.empty(min(BLOCK, target.size), np.float32)
    with np.errstate(all="ignore"):
        for start in range(0, target.size, BLOCK):
            block = target[start : start + BLOCK]
            if source is not None and x is not out:
                np.copyto(block, source[start : start + BLOCK])
            _ROUNDERS[format](block, scratch[: block.size])
    return out
