"""Weights that are not there have a shape and no memory."""

import numpy as np

from npusdk.graph import absent_weight, is_absent


def test_absent_weight_takes_no_memory_and_stays_absent_in_views():
    """A stand-in is known as one, also transposed or reshaped, and no real array is."""
    weight = absent_weight((4096, 8192))
    assert not any(weight.strides)
    assert is_absent(weight)
    assert is_absent(weight.T)
    assert not is_absent(np.zeros((2, 2), np.float32))
    assert not is_absent(np.broadcast_to(np.float32(0), (2, 2)))
