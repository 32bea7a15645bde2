"""The laws of device arrays, held by programs that nobody wrote."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.array.programs import Program, make_context


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_programs_on_the_reference_equal_numpy(data):
    """Values, shapes, types and what shares memory are NumPy's, and the recorded graph gives the same."""
    program = Program(data.draw, make_context())
    program.put()
    with np.errstate(all="ignore"):
        for _step in range(data.draw(st.integers(1, 7))):
            program.step()
            program.check()
        program.check_graph()
