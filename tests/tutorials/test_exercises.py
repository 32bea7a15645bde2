"""A wrong answer to an exercise gets the hint for its mistake; a right one is taken however it is written."""

from __future__ import annotations

import math
import re

import ml_dtypes
import numpy as np
import pytest

import npusdk as npu
from tutorials import exercises
from tutorials.notebooks import FOLDER, SOURCES
from tutorials.source import read_source


@pytest.fixture(params=["en", "ko"])
def language(request):
    """Each language in turn, as a notebook sets it."""
    npu.set_language(request.param)
    yield request.param
    npu.set_language(None)


@pytest.fixture(scope="module")
def scores():
    """The scores of tutorial 01."""
    with np.load(FOLDER / "models" / "heldout.npz") as heldout:
        pixels, labels = heldout["image"].reshape(-1, 64), heldout["label"]
    averages = np.stack([pixels[:180][labels[:180] == digit].mean(axis=0) for digit in range(10)])
    return pixels[180:] @ averages.T - (averages**2).sum(axis=1) / 2


@pytest.fixture(scope="module")
def report():
    """The report that tutorial 02 hands to its check."""
    return npu.profile(npu.load(FOLDER / "models" / "resnet50.onnx"), device="t4", batch=64)


def on_device(value):
    """Round as bf16 does."""
    return value.astype(ml_dtypes.bfloat16).astype(np.float32)


def bf16_softmax(s):
    powers = on_device(np.exp(on_device(s)))
    return on_device(powers / on_device(powers.sum(axis=1, keepdims=True)))


def shifted(s):
    return np.exp(s - s.max(axis=1)[:, None])


RIGHT_SHARES = {
    "as the formula says": lambda s: np.exp(s) / np.exp(s).sum(axis=1, keepdims=True),
    "without overflow": lambda s: shifted(s) / shifted(s).sum(1)[:, None],
    "in float64": lambda s: np.exp(s.astype(float)) / np.exp(s.astype(float)).sum(-1, keepdims=True),
    "in float16": lambda s: (shifted(s) / shifted(s).sum(axis=1, keepdims=True)).astype(np.float16),
    "by the logarithm": lambda s: np.exp(s - np.log(np.exp(s).sum(axis=1, keepdims=True))),
    "in bf16": bf16_softmax,
}

WRONG_SHARES = {
    "scores": (lambda s: s, "still the scores", "아직 점수 그대로"),
    "powers only": (np.exp, "division is missing", "나눗셈이 빠졌습니다"),
    "by the largest": (shifted, "divided by the largest", "가장 큰 거듭제곱으로 나누어"),
    "down the columns": (lambda s: np.exp(s) / np.exp(s).sum(axis=0), "Each column", "열마다"),
    "over everything": (lambda s: np.exp(s) / np.exp(s).sum(), "whole table", "표 전체"),
    "without powers": (lambda s: s / s.sum(axis=1, keepdims=True), "scores themselves", "점수를 그대로 나누었습니다"),
    "sigmoid": (lambda s: 1 / (1 + np.exp(-s)), "sigmoid", "시그모이드"),
    "logarithm": (lambda s: s - np.log(np.exp(s).sum(axis=1, keepdims=True)), "logarithms", "로그"),
    "hard maximum": (lambda s: np.eye(10)[s.argmax(axis=1)], "hard maximum", "딱딱한"),
    "base 2": (lambda s: 2**s / (2**s).sum(axis=1, keepdims=True), "Which function", "어떤 함수"),
    "halved": (lambda s: np.exp(s) / np.exp(s).sum(axis=1, keepdims=True) / 2, "up to 0.50", "합: 0.50"),
    "one an image": (lambda s: np.exp(s).sum(axis=1), "one number for each image", "수가 하나뿐"),
    "on its side": (lambda s: bf16_softmax(s).T, "(10, 180)", "(10, 180)"),
    "infinite": (lambda s: np.where(s > 0, np.inf, 0), "infinite", "무한대"),
}

NO_SHARES = [None, "", "0.5", 0.5, [[0.5]], {}, np.array("a"), np.array([None]), np.array([True]), np.ones(3) * 1j, int]


@pytest.mark.parametrize("variant", RIGHT_SHARES)
def test_softmax_is_taken_however_written(variant, scores, language):
    """Each way to write softmax is right, in every format that rounds no more than bf16."""
    verdict = exercises.check_softmax(RIGHT_SHARES[variant](scores), scores)
    assert verdict.is_right
    assert verdict.text.startswith({"en": "Right. ", "ko": "맞습니다. "}[language])


@pytest.mark.parametrize("mistake", WRONG_SHARES)
@pytest.mark.parametrize("rounded", [False, True], ids=["float32", "bf16"])
def test_softmax_mistake_is_named(mistake, rounded, scores, language):
    """Each typical mistake gets its own hint in the reader's language, also after the rounding of the device."""
    compute, english, korean = WRONG_SHARES[mistake]
    answer = compute(scores)
    verdict = exercises.check_softmax(on_device(answer) if rounded else answer, scores)
    assert not verdict.is_right
    assert {"en": english, "ko": korean}[language] in verdict.text


@pytest.mark.parametrize("answer", NO_SHARES, ids=repr)
def test_softmax_of_another_type_is_a_hint(answer, scores, language):
    """What is no array of numbers gets a hint that says so, never an exception."""
    verdict = exercises.check_softmax(answer, scores)
    assert not verdict.is_right
    assert type(answer).__name__ in verdict.text


RIGHT_TIMES = {
    "max": lambda layer, report: max(
        2 * layer.macs / report.peak_ops_per_s, layer.traffic_bytes / report.memory_bandwidth_bytes_per_s
    ),
    "numpy": lambda layer, report: np.maximum(
        layer.macs / (report.peak_ops_per_s / 2), layer.traffic_bytes * (1 / report.memory_bandwidth_bytes_per_s)
    ),
    "negated": lambda layer, report: -min(-compute_s(layer, report), -memory_s(layer, report)),
}


def compute_s(layer, report):
    return 2 * layer.macs / report.peak_ops_per_s


def memory_s(layer, report):
    return layer.traffic_bytes / report.memory_bandwidth_bytes_per_s


WRONG_TIMES = {
    "macs as operations": (lambda y, r: max(compute_s(y, r) / 2, memory_s(y, r)), "units", "단위를 보세요"),
    "one after the other": (lambda y, r: compute_s(y, r) + memory_s(y, r), "added", "더했습니다"),
    "the first to end": (lambda y, r: min(compute_s(y, r), memory_s(y, r)), "first of the two", "먼저 끝나는"),
    "compute only": (compute_s, "arithmetic alone", "계산 시간만"),
    "memory only": (memory_s, "bytes alone", "옮기는 시간만"),
    "the prediction": (lambda y, _: y.time_s, "predicted time", "예측값"),
    "milliseconds": (lambda y, r: 1e3 * max(compute_s(y, r), memory_s(y, r)), "`_s`", "`_s`"),
    "microseconds": (lambda y, r: 1e6 * max(compute_s(y, r), memory_s(y, r)), "`_s`", "`_s`"),
    "nothing yet": (lambda *_: 0.0, "shorter", "짧습니다"),
    "padded": (lambda y, r: 1 + max(compute_s(y, r), memory_s(y, r)), "longer", "깁니다"),
    "intensity": (lambda y, _: 2 * y.macs / y.traffic_bytes, "for each byte", "바이트당"),
    "by a layer's work": (lambda y, r: r.peak_ops_per_s / y.macs, "divides by zero", "0으로 나눕니다"),
    "infinite": (lambda *_: math.inf, "divides by zero", "0으로 나눕니다"),
    "no return": (lambda *_: None, "`return`", "`return`"),
    "a text": (lambda *_: "1.0", "type str", "형: str"),
    "a comparison": (lambda y, r: compute_s(y, r) > memory_s(y, r), "type bool", "형: bool"),
    "another call": (lambda y: compute_s(y, None), "TypeError", "TypeError"),
    "a wrong name": (lambda y, _: y.flops, "AttributeError", "AttributeError"),
}


@pytest.mark.parametrize("variant", RIGHT_TIMES)
def test_shortest_time_is_taken_however_written(variant, report, language):
    """Each way to write the roofline's time is right."""
    verdict = exercises.check_shortest(RIGHT_TIMES[variant], report)
    assert verdict.is_right
    assert verdict.text.startswith({"en": "Right. ", "ko": "맞습니다. "}[language])


@pytest.mark.parametrize("mistake", WRONG_TIMES)
def test_shortest_time_mistake_is_named(mistake, report, language):
    """Each typical mistake gets its own hint in the reader's language."""
    function, english, korean = WRONG_TIMES[mistake]
    verdict = exercises.check_shortest(function, report)
    assert not verdict.is_right
    assert {"en": english, "ko": korean}[language] in verdict.text


@pytest.mark.parametrize("answer", [None, 1.0, "shortest_s", [], {}], ids=repr)
def test_shortest_time_of_another_type_is_a_hint(answer, report, language):
    """What is no function gets a hint that says so, never an exception."""
    verdict = exercises.check_shortest(answer, report)
    assert not verdict.is_right
    assert type(answer).__name__ in verdict.text


def test_shortest_time_praise_is_true(report):
    """No layer is predicted shorter than the roofline allows, as the praise says."""
    assert all(layer.time_s >= RIGHT_TIMES["max"](layer, report) for layer in report.layers)


def test_verdict_shows_itself_in_lines(scores, language):
    """A verdict shows its text on lines that no notebook breaks inside a word."""
    verdict = exercises.check_softmax(RIGHT_SHARES["in bf16"](scores), scores)
    lines = repr(verdict).splitlines()
    assert " ".join(lines) == verdict.text
    assert len(lines) > 1
    assert max(map(len, lines)) <= exercises.WIDTHS[language]


def hints():
    """Every text that a wrong answer can get."""
    tables = (exercises.SOFTMAX_MISTAKES, exercises.SHORTEST_MISTAKES)
    texts = [
        value for name, value in vars(exercises).items() if isinstance(value, exercises.Text) and "RIGHT" not in name
    ]
    return texts + [hint for table in tables for _, hint in table]


def test_hints_never_give_the_answer():
    """No hint in either language holds a call or an argument of the solution."""
    solutions = [
        piece.content for path in SOURCES.glob("*.md") for piece in read_source(path) if piece.role == "solution"
    ]
    parts = {
        part
        for text in solutions
        for part in re.findall(r"np\.\w+|\w+\.(?:max|sum)\(|axis=1|keepdims|max\(|2 \*", text)
    }
    assert {"np.exp", "axis=1", "keepdims", "max(", "2 *"} <= parts
    assert not [(part, hint) for hint in hints() for part in parts if part in hint.en or part in hint.ko]


def test_hints_have_the_same_fields_in_both_languages():
    """A field of a hint occurs in both languages, and both are written."""
    for hint in hints():
        assert hint.ko != hint.en
        assert set(re.findall(r"{\w+", hint.en)) == set(re.findall(r"{\w+", hint.ko))


def solved(role, name):
    """Return the code of an exercise's cell in a source, without its magic."""
    pieces = [piece for path in SOURCES.glob("*.md") for piece in read_source(path)]
    code = next(piece.code("en", "..") for piece in pieces if (piece.role, piece.name) == (role, name))
    return re.sub(r"^%%npu.*\n", "", code)


@pytest.mark.parametrize(("role", "is_right"), [("exercise", False), ("solution", True)])
def test_exercise_begins_wrong_and_its_solution_is_right(role, is_right, scores, report):
    """What the student finds in the cell gets a hint; what the solution holds is right."""
    first, second = {"np": np, "scores": scores}, {}
    exec(solved(role, "softmax"), first)  # noqa: S102 - cells of this repository
    exec(solved(role, "shortest"), second)  # noqa: S102 - likewise
    assert exercises.check_softmax(first["probabilities"], scores).is_right is is_right
    assert exercises.check_shortest(second["shortest_s"], report).is_right is is_right
