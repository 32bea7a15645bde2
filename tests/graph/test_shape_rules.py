"""Laws of shape rules, with onnx's own inference as the oracle."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx.shape_inference import InferenceError

from npusdk.errors import NpuError
from npusdk.graph.shapes import SHAPE_RULES
from tests.graph.cases import BUILDERS, cases, damaged
from tests.graph.oracle import ours, theirs

LAW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

NOT_INFERRED = frozenset({"NonZero", "GroupNormalization"})
"""Operators whose sizes onnx does not infer."""


def test_cases_cover_every_operator():
    """Every operator with a shape rule has random nodes."""
    assert set(BUILDERS) == set(SHAPE_RULES)


@pytest.mark.parametrize("op", sorted(set(SHAPE_RULES) - NOT_INFERRED))
@given(data=st.data())
@LAW
def test_shape_rules_agree_with_onnx(op, data):
    """A valid node's outputs have the types that onnx infers."""
    case = data.draw(cases(op))
    assert ours(case) == theirs(case)


@pytest.mark.parametrize("op", sorted(set(SHAPE_RULES) - NOT_INFERRED))
@given(data=st.data())
@LAW
def test_shape_rules_refuse_what_onnx_refuses(op, data):
    """A damaged node is refused by an error that names it, wherever onnx refuses it; else the types agree."""
    case = data.draw(damaged(op))
    found = _attempt(ours, case, NpuError)
    expected = _attempt(theirs, case, InferenceError)
    if isinstance(found, NpuError):
        assert found.params.get("node", found.params.get("owner")) == "node"
    else:
        assert found == expected


def _attempt(infer, case, refusal):
    """Return what `infer` says, or its refusal."""
    try:
        return infer(case)
    except refusal as error:
        return error
