"""Errors of the command line: a sentence, a hint, an exit code; never a traceback."""

import pytest

from npusdk.cli.exits import MEANINGS, ExitCode, exit_code
from npusdk.errors import BY_CODE, DeviceError, ModelError, NpuError, UsageError
from npusdk.language import current_language
from tests.views.corpus import HOSTILE


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    "line",
    [
        ("profil",), ("--profile",), ("profile",), ("profile", "x.onnx"), ("devices", "--frobnicate"),
        ("devices", "a", "b"), ("check", "x.onnx", "--batch", "0"), ("check", "x.onnx", "--batch", "many"),
        ("profile", "x.onnx", "--device"), ("run", "x.onnx"), ("devices", "no-such-device"),
        ("devices", "--kind", "toaster"), ("devices", "--min-memory", "much"), ("check", "nowhere.onnx"),
        ("check", "notebook.ipynb"), ("run", "script.py", "--inputs", "x.npz"), ("check", "x.onnx", "--devices", ""),
    ],
)  # fmt: skip
def test_wrong_usage_is_code_two_with_a_hint(npusdk, line, language):
    """Whatever is wrong with a line is said on standard error, in the reader's language, with a way out."""
    answer = npusdk(*line, "--lang", language)
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    first, hint = {"en": ("error: ", "\n\nhint: "), "ko": ("오류: ", "\n\n힌트: ")}[language]
    assert answer.err.startswith(first)
    assert hint in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("nonsense",), "usage"), (("devices", "no-such-device"), "unknown_device"),
        (("check", "x.onnx", "--input-shape", "x"), "shape"), (("--lang", "fr", "devices"), "usage"),
        (("devices", "--dtype", "fp3"), "dtype"),
    ],
)  # fmt: skip
def test_error_in_json_has_its_code(npusdk, line, code):
    """With --json an error is an object on standard error, in English, and standard output stays empty."""
    answer = npusdk(*line, "--json")
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    error = answer.error()
    assert sorted(error) == ["code", "params", "retryable", "text"]
    assert error["code"] == code
    assert error["retryable"] is False
    assert "hint: " in error["text"]
    assert npusdk(*line, "--json", "--lang", "ko").err == answer.err


@pytest.mark.parametrize("suffix", [".ipynb", ".py", ".pt", ".ONNX.txt", ""])
def test_suffix_of_no_model_is_named(npusdk, tmp_path, suffix):
    """A file that is no ONNX file by its name is not opened."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"")
    answer = npusdk("check", path, "--json")
    assert answer.code == ExitCode.USAGE
    assert answer.error()["params"]["suffix"] == repr(path.suffix)


@pytest.mark.parametrize("content", [b"", b"not an onnx file", b"\x08\x07" * 50, b"\xff" * 100])
def test_broken_model_is_refused_as_a_model(npusdk, tmp_path, content):
    """A broken file is code 3, not a bug of ours."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    answer = npusdk("profile", path, "--device", "rngd")
    assert (answer.code, answer.out) == (ExitCode.MODEL, "")
    assert "Traceback" not in answer.err


def test_truncated_model_is_refused_as_a_model(npusdk, digits):
    """A download that broke off is told from a model."""
    digits.write_bytes(digits.read_bytes()[:-100])
    assert npusdk("check", digits).code == ExitCode.MODEL


def test_check_says_when_nothing_runs(npusdk, digits):
    """The answer is shown, and the code is one that scripts can act on."""
    answer = npusdk("check", digits, "--devices", "warboy")
    assert answer.code == ExitCode.NOTHING_RUNS
    assert "blocked" in answer.out
    assert npusdk("check", digits, "--devices", "warboy,t4").code == ExitCode.ANSWERED


def test_compare_says_when_nothing_has_a_profile(npusdk, digits):
    """Refusals alone are an answer, with the same code."""
    answer = npusdk("compare", digits, "--devices", "reference")
    assert answer.code == ExitCode.NOTHING_RUNS
    assert "No profile" in answer.out


def test_unknown_device_beside_known_ones_is_wrong_usage(npusdk, digits):
    """A misspelt name is no refusal: it would be overlooked among the answers."""
    answer = npusdk("compare", digits, "--devices", "rngd,rndg")
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert "rndg" in answer.err


@pytest.mark.parametrize("name", ["report.pdf", "report"])
def test_report_in_a_form_that_is_not_known_is_wrong_usage(npusdk, digits, tmp_path, name):
    """A suffix of no known form is refused, and standard output stays empty."""
    answer = npusdk("profile", digits, "--device", "rngd", "--save", tmp_path / name)
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")


def test_report_that_cannot_be_written_is_wrong_usage(npusdk, digits, tmp_path):
    """A folder that is not there is named."""
    answer = npusdk("profile", digits, "--device", "rngd", "--save", tmp_path / "nowhere" / "x.json")
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert "nowhere" in answer.err


@pytest.mark.parametrize("case", ["ansi", "lines", "bidi", "markup", "template", "long"])
def test_hostile_word_cannot_leave_the_message(npusdk, case):
    """What somebody types, or a script passes on, is shown harmlessly."""
    for line in (["devices", HOSTILE[case]], ["check", f"{HOSTILE[case][:100]}.onnx"], ["--" + HOSTILE[case]]):
        answer = npusdk(*line)
        assert answer.code == ExitCode.USAGE
        assert all(part.isprintable() for part in answer.err.split("\n"))
        assert len(answer.err) < 20_000


def test_interrupt_is_a_word_and_its_code(npusdk, monkeypatch):
    """Ctrl-C ends a command quietly."""

    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("npusdk.pipeline.devices", interrupted)
    answer = npusdk("devices")
    assert (answer.code, answer.out, answer.err) == (ExitCode.INTERRUPTED, "", "interrupted\n")


def test_fault_of_ours_is_not_hidden(npusdk, monkeypatch):
    """An error that nobody foresaw keeps its traceback: Python shows it and exits with 1."""

    def broken(*_arguments, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr("npusdk.pipeline.devices", broken)
    with pytest.raises(ZeroDivisionError):
        npusdk("devices")


@pytest.mark.parametrize("cls", BY_CODE.values())
def test_every_error_has_the_exit_code_of_its_branch(cls):
    """Scripts tell wrong usage, a refused model and a failing device apart; only the root would be a bug."""
    branches = {UsageError: 2, ModelError: 3, DeviceError: 4, NpuError: 1}
    expected = next(code for branch, code in branches.items() if issubclass(cls, branch))
    assert exit_code(cls("x", hint="Y.")) == expected


@pytest.mark.parametrize(
    ("line", "english", "korean"),
    [
        (("devices", "--frob"), "there is no option --frob", "없는 옵션입니다: --frob"),
        (("check",), "MODEL is missing", "빠진 것이 있습니다: MODEL"),
        (("profile", "x.onnx"), "--device is missing", "빠진 것이 있습니다: --device"),
    ],
)
def test_parser_speaks_the_readers_language(npusdk, line, english, korean):
    """What the parser refuses most often is said in both languages."""
    assert npusdk(*line).err.startswith(f"error: {english}\n")
    assert npusdk(*line, "--lang", "ko").err.startswith(f"오류: {korean}\n")


def test_exit_codes_are_the_documented_ones(npusdk):
    """The help lists every code with its meaning."""
    shown = npusdk("--help").out
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 130, 141]
    for code in ExitCode:
        assert f"  {int(code):<3}  {MEANINGS[code]}\n" in shown


def test_language_is_given_back(npusdk):
    """A command does not change the language of the process that called it."""
    npusdk("devices", "--lang", "ko")
    assert current_language() == "en"
