"""Drawing in blocks gives the numbers of one call and leaves the generator where one call leaves it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.array import drawing
from npusdk.array.stand_in import stand_in
from tests.array.agreeing import EXACT

CALLS = {
    "random": lambda rng, size: rng.random(size),
    "standard normal": lambda rng, size: rng.standard_normal(size=size),
    "exponential": lambda rng, size: rng.exponential(2.0, size),
    "normal": lambda rng, size: rng.normal(1, 0.5, size),
    "normal by name": lambda rng, size: rng.normal(scale=2, size=size),
    "uniform": lambda rng, size: rng.uniform(-1, 1, size=size),
    "integers": lambda rng, size: rng.integers(0, 9, size),
    "single precision": lambda rng, size: rng.random(size, np.float32),
    "rows": lambda rng, size: rng.normal(np.arange(3.0), size=(size, 3)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
@given(size=st.integers(0, 40), block=st.integers(1, 9))
def test_blocks_draw_what_one_call_draws(name, kind, size, block):
    """Values and the state afterwards are NumPy's, whatever the size of a block."""
    if kind == "RandomState" and name in ("integers", "single precision"):
        return
    bits = np.random.PCG64 if size % 2 else np.random.MT19937
    plain, own = getattr(np.random, kind)(bits(7)), getattr(stand_in(EXACT).random, kind)(bits(7))
    call = CALLS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "BLOCK", block)
        found = call(own, size)
    np.testing.assert_array_equal(found.numpy(), call(plain, size))
    np.testing.assert_array_equal(call(own, 3).numpy(), call(plain, 3))
