"""Buffers that live together never share memory; those that do not, may."""

from hypothesis import given, settings
from hypothesis import strategies as st

from npusdk.emulator.arena import Lifetime, aligned, largest_live_set, pack

many = settings(max_examples=200, deadline=None)


@st.composite
def buffers(draw):
    found = []
    for _ in range(draw(st.integers(0, 25))):
        first = draw(st.integers(-1, 20))
        found.append(Lifetime(draw(st.integers(0, 5000)), first, first + draw(st.integers(0, 6))))
    return found


@many
@given(buffers())
def test_buffers_that_live_together_do_not_overlap(lives):
    """Each has its bytes for itself from its first to its last moment, aligned, within the total."""
    offsets, total = pack(lives)
    for i, one in enumerate(lives):
        assert offsets[i] == aligned(offsets[i])
        assert offsets[i] + one.size_bytes <= total
        for j, other in enumerate(lives[:i]):
            together = one.first <= other.last and other.first <= one.last
            apart = offsets[i] + one.size_bytes <= offsets[j] or offsets[j] + other.size_bytes <= offsets[i]
            assert apart or not together or not one.size_bytes or not other.size_bytes


@many
@given(buffers())
def test_total_is_between_the_largest_live_set_and_the_sum(lives):
    """Sharing saves memory, and cannot save more than there is to save."""
    _, total = pack(lives)
    assert largest_live_set(lives) <= total <= sum(aligned(life.size_bytes) for life in lives)


def test_chain_of_equal_buffers_takes_two():
    """A straight network needs two buffers, whatever its length."""
    _, total = pack([Lifetime(6400, i, i + 1) for i in range(50)])
    assert total == 2 * 6400


def test_largest_live_set_counts_both_ends():
    """A buffer lives in its first and in its last moment."""
    assert largest_live_set([Lifetime(10, 0, 1), Lifetime(5, 1, 2), Lifetime(8, 2, 2)]) == 15
    assert largest_live_set([]) == 0
