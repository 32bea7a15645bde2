"""Self-checks of the exercises: a wrong answer gets a hint that names what was misunderstood, never the answer.

A notebook takes the checks with ``%run``. Hints come in the language of `npusdk.set_language`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from npusdk.language import current_language
from npusdk.report import LayerCost, ProfileReport

Array: TypeAlias = NDArray[np.floating]


class Text(NamedTuple):
    """What is said, in both languages."""

    en: str
    ko: str


SHARE_TOLERANCE = 0.03
"""Room for the rounding of bf16 in a share from 0 to 1; the nearest misconception is further off."""

TIME_TOLERANCE = 1e-6
"""Relative room for the order of float64 operations."""


WIDTHS = {"en": 88, "ko": 52}
"""Characters of a line, so that no word is cut; Hangul is twice as wide."""


@dataclass(frozen=True)
class Verdict:
    """What a check says of an answer.

    Parameters
    ----------
    is_right
        Whether the answer is taken.
    text
        The praise or the hint, in the reader's language.
    """

    is_right: bool
    text: str

    def __repr__(self) -> str:
        return fill(self.text, WIDTHS[current_language()])


def _said(text: Text, **values: object) -> str:
    return (text.ko if current_language() == "ko" else text.en).format(**values)


def _right(text: Text) -> Verdict:
    return Verdict(is_right=True, text=_said(Text("Right. ", "맞습니다. ")) + _said(text))


def _hint(text: Text, **values: object) -> Verdict:
    return Verdict(is_right=False, text=_said(Text("Not yet. ", "아직 아닙니다. ")) + _said(text, **values))


# --- 01 First steps: softmax ------------------------------------------------------------------------------------------

NOT_AN_ARRAY = Text(
    "`probabilities` is not an array of numbers but of type {kind}. Assign the array in the `%%npu` cell.",
    "`probabilities`가 수의 배열이 아닙니다. 자료형: {kind}. `%%npu` 셀에서 배열을 이 이름에 넣으세요.",
)
WRONG_SHAPE = Text(
    "`probabilities` has shape {shape}, `scores` has {wanted}. Every score becomes one share, so both shapes are the"
    " same.",
    "`probabilities`의 형상: {shape}, `scores`의 형상: {wanted}. 점수 하나가 비율 하나가 되므로 두 형상은 같습니다.",
)
ONE_PER_ROW = Text(
    "There is one number for each image. You need one for each image and each digit: a sum over the digits is"
    " only the"
    " divisor.",
    "이미지마다 수가 하나뿐입니다. 이미지와 숫자의 짝마다 하나가 필요합니다. 숫자 열 개의 합은 나누는 수일 뿐입니다.",
)
NOT_FINITE = Text(
    "Some shares are infinite or not a number. A power or a logarithm has left the range of the format, or you have"
    " divided by zero.",
    "무한대이거나 수가 아닌 비율이 있습니다. 거듭제곱이나 로그가 형식의 범위를 벗어났거나 0으로 나누었습니다.",
)
NOT_ONE = Text(
    "The shares of one image shall add up to 1. In the first row they add up to {total:.2f}. Compare your"
    " line with the"
    " formula once more.",
    "한 이미지의 비율은 더해서 1이어야 합니다. 첫 행의 합: {total:.2f}. 식과 한 번 더 비교해 보세요.",
)
OTHER_SHARES = Text(
    "Each row adds up to 1, but the shares are not those of the formula. Which function is applied to a score before"
    " the division?",
    "행마다 더하면 1이지만 식의 비율과 다릅니다. 나누기 전에 점수에 어떤 함수를 적용하나요?",
)
SOFTMAX_RIGHT = Text(
    "Each row adds up to 1 but for rounding, and the largest share stands where the largest score stood. Softmax"
    " changes how sure an answer looks, never which digit it names. Now read the line below your cell again: is the"
    " device busy?",
    "반올림 오차를 빼면 행마다 합이 1이고, 가장 큰 비율은 가장 큰 점수가 있던 자리에 있습니다. 소프트맥스는 답이"
    " 얼마나 확실해 보이는지를"
    " 바꿀 뿐, 어느 숫자인지는 바꾸지 않습니다. 이제 셀 아래의 줄을 다시 읽어 보세요. 장치가 바쁜가요?",
)

_Mistake: TypeAlias = tuple[Callable[[Array], Array], Text]


def _sigmoid(scores: Array) -> Array:
    return 1 / (1 + np.exp(-scores))


def _softmax(scores: Array, axis: int | None = 1) -> Array:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


SOFTMAX_MISTAKES: tuple[_Mistake, ...] = (
    (
        lambda scores: scores,
        Text(
            "These are still the scores. They may be negative, and their sum is not 1: the formula has two steps.",
            "아직 점수 그대로입니다. 음수도 있고 합도 1이 아닙니다. 식에는 두 단계가 있습니다.",
        ),
    ),
    (
        np.exp,
        Text(
            "The powers are there, the division is missing: a share is a part of a sum.",
            "거듭제곱은 했지만 나눗셈이 빠졌습니다. 비율은 합의 일부입니다.",
        ),
    ),
    (
        lambda scores: np.exp(scores - scores.max(axis=1, keepdims=True)),
        Text(
            "You have divided by the largest power, so the best digit of every image has 1. A share is a part"
            " of the sum"
            " of all ten.",
            "가장 큰 거듭제곱으로 나누어, 모든 이미지에서 1위 숫자가 1이 되었습니다. 비율은 열 개를 모두 더한"
            " 합의 일부입니다.",
        ),
    ),
    (
        lambda scores: _softmax(scores, axis=0),
        Text(
            "Each column adds up to 1: you have compared the images with one another. An image's ten digits"
            " stand side"
            " by side in a row. Which axis runs along a row?",
            "열마다 합이 1입니다. 이미지끼리 비교한 것입니다. 한 이미지의 숫자 열 개는 한 행에 나란히 있습니다."
            " 행을 따라가는 축은 어느 것인가요?",
        ),
    ),
    (
        lambda scores: _softmax(scores, axis=None),
        Text(
            "The whole table adds up to 1: one sum over everything. Each image needs a sum of its own.",
            "표 전체의 합이 1입니다. 모든 것을 한 번에 더했습니다. 이미지마다 따로 더해야 합니다.",
        ),
    ),
    (
        lambda scores: scores / scores.sum(axis=1, keepdims=True),
        Text(
            "Each row adds up to 1, but you have divided the scores themselves: a negative score becomes a negative"
            " share. The formula makes every score positive first.",
            "행마다 합이 1이지만 점수를 그대로 나누었습니다. 그래서 음수 점수가 음수 비율이 됩니다. 식에서는"
            " 먼저 모든 점수를 양수로"
            " 만듭니다.",
        ),
    ),
    (
        _sigmoid,
        Text(
            "This is the sigmoid: it judges each digit alone. Softmax lets the ten digits share one whole.",
            "이것은 시그모이드(sigmoid)입니다. 숫자 하나하나를 따로 판단합니다. 소프트맥스는 숫자 열 개가"
            " 전체 1을 나누어 갖게 합니다.",
        ),
    ),
    (
        lambda scores: np.log(_softmax(scores)),
        Text(
            "These are the logarithms of the shares. They are negative; shares lie between 0 and 1.",
            "비율의 로그입니다. 이 로그는 음수이지만 비율은 0과 1 사이에 있습니다.",
        ),
    ),
    (
        lambda scores: (scores == scores.max(axis=1, keepdims=True)).astype(scores.dtype),
        Text(
            "The best digit has everything, the others nothing. That is the hard maximum. The soft one leaves"
            " something to every digit.",
            "1위 숫자가 전부 갖고 나머지는 0입니다. 이것은 딱딱한(hard) 최댓값입니다. 부드러운(soft) 것은"
            " 모든 숫자에 조금씩 남깁니다.",
        ),
    ),
)
"""What a learner computes instead, and the hint."""


def check_softmax(probabilities: object, scores: Array) -> Verdict:
    """Judge the softmax of each row of `scores` [images, digits]."""
    if not isinstance(probabilities, np.ndarray) or probabilities.dtype.kind not in "fiu":
        return _hint(NOT_AN_ARRAY, kind=type(probabilities).__name__)
    if probabilities.shape != scores.shape:
        one = probabilities.size == len(scores)
        return _hint(ONE_PER_ROW if one else WRONG_SHAPE, shape=probabilities.shape, wanted=scores.shape)
    if not np.isfinite(probabilities).all():
        return _hint(NOT_FINITE)
    exact, given = scores.astype(np.float64), probabilities.astype(np.float64)
    if _near(given, _softmax(exact)):
        return _right(SOFTMAX_RIGHT)
    for mistake, hint in SOFTMAX_MISTAKES:
        if _near(given, mistake(exact)):
            return _hint(hint)
    total = float(given[0].sum())
    return _hint(OTHER_SHARES if np.allclose(given.sum(axis=1), 1, atol=SHARE_TOLERANCE) else NOT_ONE, total=total)


def _near(given: Array, wanted: Array) -> bool:
    """Return whether two tables agree up to the rounding of a device, relative to the largest value of each row."""
    room = SHARE_TOLERANCE * np.abs(wanted).max(axis=1, keepdims=True)
    return bool((np.abs(given - wanted) <= room).all())


# --- 02 Read a profile: the roofline's shortest time ------------------------------------------------------------------

Shortest: TypeAlias = Callable[[LayerCost, ProfileReport], float]

NOT_A_FUNCTION = Text(
    "`shortest_s` is not a function but of type {kind}. Keep the line that begins with `def`.",
    "`shortest_s`가 함수가 아닙니다. 자료형: {kind}. `def`로 시작하는 줄을 그대로 두세요.",
)
RAISES = Text(
    "For layer {layer} the function stops with {error}. It is called as `shortest_s(layer, report)`.",
    "레이어 {layer}에서 함수가 다음 오류로 멈춥니다: {error}. 함수는 `shortest_s(layer, report)`와 같이 호출됩니다.",
)
DIVIDES = Text(
    "For layer {layer} the function divides by zero. Some layers multiply nothing, and some move no bytes: divide by"
    " what the device can do in a second, never by what a layer does.",
    "레이어 {layer}에서 함수가 0으로 나눕니다. 곱셈이 없는 레이어도 있고 바이트를 옮기지 않는 레이어도 있습니다."
    " 레이어가 하는 일의 양으로 나누지 말고, 장치가 1초에 할 수 있는 양으로 나누세요.",
)
NOT_A_NUMBER = Text(
    "For layer {layer} the function returns no number but a value of type {kind}. Is there a `return`?",
    "레이어 {layer}에서 함수가 수를 돌려주지 않습니다. 돌려준 값의 자료형: {kind}. `return`이 있나요?",
)
TOO_SHORT = Text(
    "For layer {layer} your time is shorter than the device needs. Which of the two jobs is not finished by then?",
    "레이어 {layer}: 구한 시간이 장치에 필요한 시간보다 짧습니다. 그때까지 두 일 중 어느 것이 아직 끝나지 않았나요?",
)
TOO_LONG = Text(
    "For layer {layer} your time is longer than the roofline demands. What has been counted that need not be waited"
    " for?",
    "레이어 {layer}: 구한 시간이 루프라인에서 필요한 시간보다 깁니다. 기다리지 않아도 되는 것을 세지 않았나요?",
)
SHORTEST_RIGHT = Text(
    "The device computes and moves bytes at the same time, so the longer of the two counts. No layer is"
    " predicted to be"
    " shorter than this. What a prediction adds is assumed: no device reaches its peak, and every step costs"
    " something"
    " to start.",
    "장치는 계산과 전송을 동시에 하므로 둘 가운데 긴 쪽이 시간을 정합니다. 이보다 짧게 예측한 레이어는 없습니다."
    " 예측에서 더 붙는 시간은 가정입니다. 최고 성능을 다 내는 장치는 없고, 단계마다 시작하는 데도 시간이 듭니다.",
)


def _compute_s(layer: LayerCost, report: ProfileReport) -> float:
    return 2 * layer.macs / report.peak_ops_per_s


def _memory_s(layer: LayerCost, report: ProfileReport) -> float:
    return layer.traffic_bytes / (report.memory_bandwidth_bytes_per_s or np.inf)


def _shortest_s(layer: LayerCost, report: ProfileReport) -> float:
    return max(_compute_s(layer, report), _memory_s(layer, report))


SHORTEST_MISTAKES: tuple[tuple[Shortest, Text], ...] = (
    (
        lambda layer, report: max(_compute_s(layer, report) / 2, _memory_s(layer, report)),
        Text(
            "Look at the units: `macs` counts pairs of a multiplication and an addition, `peak_ops_per_s` counts both"
            " singly.",
            "단위를 보세요. `macs`는 곱셈과 덧셈을 한 쌍으로 세고, `peak_ops_per_s`는 따로따로 셉니다.",
        ),
    ),
    (
        lambda layer, report: _compute_s(layer, report) + _memory_s(layer, report),
        Text(
            "You have added both times, as if the device stood still while bytes move. It does both at once.",
            "두 시간을 더했습니다. 바이트를 옮기는 동안 장치가 계산을 멈춘다고 본 것입니다. 장치는 둘을 동시에 합니다.",
        ),
    ),
    (
        lambda layer, report: min(_compute_s(layer, report), _memory_s(layer, report)),
        Text(
            "You stop when the first of the two jobs is done. A layer is done when both are.",
            "두 가지 일 가운데 먼저 끝나는 때에 멈추었습니다. 레이어는 둘 다 끝나야 끝납니다.",
        ),
    ),
    (
        _compute_s,
        Text(
            "This is the time of the arithmetic alone. Numbers also have to come from memory and go back.",
            "계산 시간만 구했습니다. 수를 메모리에서 가져오고 다시 넣는 일도 있습니다.",
        ),
    ),
    (
        _memory_s,
        Text(
            "This is the time of the bytes alone. The device also has to compute.",
            "바이트를 옮기는 시간만 구했습니다. 장치는 계산도 해야 합니다.",
        ),
    ),
    (
        lambda layer, _report: layer.time_s,
        Text(
            "This is the predicted time, with efficiency and overhead in it. The roofline knows neither: it has two"
            " figures of the device only.",
            "효율과 오버헤드까지 넣은 예측값입니다. 루프라인은 둘 다 모릅니다. 장치의 수치 두 개만 씁니다.",
        ),
    ),
    (
        lambda layer, _report: 2 * layer.macs / (layer.traffic_bytes or np.inf),
        Text(
            "These are operations for each byte: it says which of the two limits counts, and it is not a time.",
            "바이트당 연산 수입니다. 두 한계 가운데 어느 것에 걸리는지 알려 줄 뿐 시간은 아닙니다.",
        ),
    ),
    (
        lambda layer, report: 1e3 * _shortest_s(layer, report),
        Text(
            "The order of the layers is right, the unit is not: a name that ends in `_s` holds seconds.",
            "레이어의 순서는 맞지만 단위가 다릅니다. `_s`로 끝나는 이름에는 초를 넣습니다.",
        ),
    ),
    (
        lambda layer, report: 1e6 * _shortest_s(layer, report),
        Text(
            "The order of the layers is right, the unit is not: a name that ends in `_s` holds seconds.",
            "레이어의 순서는 맞지만 단위가 다릅니다. `_s`로 끝나는 이름에는 초를 넣습니다.",
        ),
    ),
)
"""What a learner computes instead, and the hint."""


def check_shortest(shortest_s: object, report: ProfileReport) -> Verdict:
    """Judge a function of a layer and a report that returns the least seconds that the roofline allows."""
    if not callable(shortest_s):
        return _hint(NOT_A_FUNCTION, kind=type(shortest_s).__name__)
    given: list[float] = []
    for layer in report.layers:
        value = _called(shortest_s, layer, report)
        if isinstance(value, Verdict):
            return value
        given.append(value)

    def is_answer(function: Shortest) -> bool:
        times = [function(layer, report) for layer in report.layers]
        return np.allclose(given, times, rtol=TIME_TOLERANCE, atol=0)

    if is_answer(_shortest_s):
        return _right(SHORTEST_RIGHT)
    named = next((hint for mistake, hint in SHORTEST_MISTAKES if is_answer(mistake)), None)
    if named:
        return _hint(named)
    rows = [(mine - _shortest_s(layer, report), layer.name) for layer, mine in zip(report.layers, given, strict=True)]
    difference_s, name = max(rows, key=lambda row: abs(row[0]))
    return _hint(TOO_SHORT if difference_s < 0 else TOO_LONG, layer=name)


def _called(function: Callable[..., Any], layer: LayerCost, report: ProfileReport) -> float | Verdict:
    """Return the learner's number for one layer, or what is to be said instead."""
    try:
        value = function(layer, report)
    except ZeroDivisionError:
        return _hint(DIVIDES, layer=layer.name)
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return _hint(RAISES, layer=layer.name, error=f"{type(error).__name__}: {error}")
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return _hint(NOT_A_NUMBER, layer=layer.name, kind=type(value).__name__)
    return float(value) if np.isfinite(value) else _hint(DIVIDES, layer=layer.name)
