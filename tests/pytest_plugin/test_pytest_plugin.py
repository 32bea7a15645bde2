"""The shipped pytest plugin: what a course's notebooks are compared by, and what not."""

import os
import re
from types import SimpleNamespace

import pytest

from npusdk import pytest_plugin
from npusdk.display import PROFILE_MIME
from npusdk.language import language_set_to, render
from npusdk.pipeline.versions import VERSIONS
from tests.pytest_plugin.course import check, printing, showing, write

NBVAL = ("--nbval", "--nbval-current-env", "-rA")
ADDRESS = "print(object())"
SHOW = "from IPython.display import display; display({}, raw=True)"


def masked(text):
    """Return a text as the comparison sees it."""
    for pattern, replacement in pytest_plugin.masks():
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("here 0.9 s; RNGD predicted 1.8 ms", "here 12 us; RNGD predicted 1.8 ms"),
        ("  emulated here in     22.6 ms\n", "  emulated here in  1,022 ms\n"),
        ("이 컴퓨터에서 에뮬레이션한 시간  3 ms", "이 컴퓨터에서 에뮬레이션한 시간  4.5 s"),
        ("여기 0.9 s; RNGD 예측값 1.8 ms", "여기 12 us; RNGD 예측값 1.8 ms"),
        ("<td>emulated here in</td> <td>3 ms</td>", "<td>emulated here in</td> <td>48 ms</td>"),
        ("<object object at 0x7f73cc85d700>", "<object object at 0xA0>"),
    ],
)
def test_wall_clock_and_addresses_are_masked(one, other):
    """What differs from run to run is taken for equal, as text and as HTML, in both languages."""
    assert one != other
    assert masked(one) == masked(other)


@pytest.mark.parametrize(
    "text",
    [
        "RNGD predicted 1.8 ms [0.9-3.7]", "in 24.0 MiB, out 4.0 KiB", "there 5 ms", "here 5 cards", "adhere 5 ms",
        "at 0xyz", "nowhere 3 s", "predicted latency 38.0 us", "예측 지연 시간 3 ms",
    ],
)  # fmt: skip
def test_everything_else_is_compared_as_it_is(text):
    """No prediction, size or word is masked."""
    assert masked(text) == text


def test_course_is_checked_plainly_and_strictly(tmp_path):
    """Kernels are plain and pinned; what may differ passes; a prediction that moved fails and names the versions."""
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nnpusdk_calibration = {VERSIONS[-1]}\n", encoding="utf-8")
    names = "[__import__('os').environ[f'NPUSDK_{x}'] for x in ('PLAIN', 'LANG', 'CALIBRATION')]"
    saved = {"text/plain": "profile", PROFILE_MIME: {"model_version": "priors-0", "latency_s": 1.0}}
    new = {"text/plain": "profile", PROFILE_MIME: {"model_version": "priors-1", "latency_s": 1.1}}
    write(
        tmp_path / "lesson.ipynb",
        printing(f"print(*{names})", f"1 en {VERSIONS[-1]}\n"),
        printing("print('here 5 ms'); print(object())", "here 7.5 s\n<object object at 0x10>\n"),
        showing(SHOW.format(new), saved),
        printing("print('RNGD predicted 5 ms')", "RNGD predicted 6 ms\n"),
    )
    code, output = check(tmp_path, *NBVAL)
    assert code == 1, output
    outcomes = re.findall(r"^(PASSED|FAILED) lesson\.ipynb::Cell (\d)", output, re.MULTILINE)
    assert sorted(outcomes, key=lambda pair: pair[1]) == [*(("PASSED", str(n)) for n in range(3)), ("FAILED", "3")]
    assert f"npusdk: cost model {VERSIONS[-1]}, pinned; language en\n" in output
    assert "cost model of a saved profile: priors-0\n" in output
    assert f"cost model of this run: {VERSIONS[-1]}\n" in output


def test_environment_chooses_the_language(tmp_path):
    """A course in Korean keeps its language; an unknown version ends the run before a notebook is touched."""
    write(tmp_path / "lesson.ipynb", printing("print(__import__('os').environ['NPUSDK_LANG'])", "ko\n"))
    code, output = check(tmp_path, *NBVAL, NPUSDK_LANG="ko")
    assert code == 0, output
    free = "npusdk: cost model {version}, not pinned by {variable}; language {language}"
    with language_set_to("ko"):
        assert render(free, version=VERSIONS[-1], variable="NPUSDK_CALIBRATION", language="ko") in output
    code, output = check(tmp_path, *NBVAL, "--npusdk-calibration=measured-99")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "measured-99" in output
    assert VERSIONS[-1] in output


def config(**options):
    """Return as much of pytest's configuration as the plugin asks for, with nbval's options."""
    values = {"nbval": False, "nbval_lax": False, "npusdk_calibration": None} | options
    return SimpleNamespace(
        getoption=lambda name, default=None: values.get(name, default), getini=lambda _name: "", stash=pytest.Stash()
    )


def test_plugin_does_nothing_without_nbval():
    """A run of ordinary tests finds no variable set, no line in its header and no collector changed."""
    before, plain = dict(os.environ), config()
    pytest_plugin.pytest_configure(plain)
    assert pytest_plugin.pytest_report_header(plain) is None
    collector = SimpleNamespace(path="test_x.py")
    pytest_plugin.pytest_collectstart(collector)
    pytest_plugin.pytest_unconfigure(plain)
    assert vars(collector) == {"path": "test_x.py"}
    assert dict(os.environ) == before


@pytest.mark.parametrize("option", ["nbval", "nbval_lax"])
def test_environment_is_given_back(monkeypatch, option):
    """What was set before the run is set after it, what was not is not."""
    monkeypatch.delenv("NPUSDK_PLAIN", raising=False)
    monkeypatch.setenv("NPUSDK_CALIBRATION", VERSIONS[0])
    before, asked = dict(os.environ), config(**{option: True, "npusdk_calibration": VERSIONS[-1]})
    pytest_plugin.pytest_configure(asked)
    assert os.environ["NPUSDK_PLAIN"] == "1"
    assert os.environ["NPUSDK_CALIBRATION"] == VERSIONS[-1]
    pytest_plugin.pytest_unconfigure(asked)
    assert dict(os.environ) == before
