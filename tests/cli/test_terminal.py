"""Where the text goes: encodings, pipes, terminals."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import npusdk.calibration
from npusdk.cli import main
from npusdk.cli.app import COMMANDS
from npusdk.cli.terminal import encodable, readable_language
from npusdk.views.progress import working


@pytest.fixture
def written(monkeypatch):
    """Return a function that runs a line with standard output in an encoding, and returns code and text."""

    def run(encoding, *words):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            code = main([str(word) for word in words])
            stream.flush()
        return code, raw.getvalue().decode(encoding)

    return run


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("encoding", ["cp949", "ascii", "cp1252", "utf-8", "euc-kr"])
def test_every_text_passes_every_encoding(written, digits, encoding, language):
    """No command fails on a character that the console lacks."""
    lines = (
        ("--help",), ("profile", "--help"), ("devices",), ("devices", "rngd"), ("devices", "atom-max"), ("doctor",),
        ("profile", digits, "--device", "rngd"), ("check", digits), ("compare", digits),
    )  # fmt: skip
    for line in lines:
        code, text = written(encoding, *line, "--lang", language)
        assert code == 0, line
        assert len(text) > 100
        assert text.count("?") < 10, line


def test_korean_windows_home_works_with_every_command(digits, heldout):
    """In a home folder with Hangul and a blank, a process that writes in cp949 answers every command in Korean."""
    home = digits.parent
    environment = {"PYTHONIOENCODING": "cp949", "NPUSDK_LANG": "ko", "HOME": str(home), "PYTHONPATH": str(Path.cwd())}
    lines = {
        "devices": ("rngd",), "check": (digits,), "profile": (digits, "--device", "rngd", "--save", "결과.json"),
        "compare": (digits,), "run": (digits, "--inputs", heldout, "--output", "출력.npz"), "doctor": (),
        "lab": ("튜토리얼 모음", "--copy-only"), "validate": ("측정.csv",),
        "calibrate": ("측정.csv", "--name", "mine", "--save", "적합.json", "--alone"),
        "serve": ("llm:qwen3-0.6b", "--device", "rngd", "--input", "8", "--output", "4"),
    }  # fmt: skip
    shipped = Path(npusdk.calibration.__file__).with_name("data") / "measured_calibration.csv"
    (home / "측정.csv").write_text("".join(shipped.read_text(encoding="utf-8").splitlines(True)[:3]), encoding="utf-8")
    assert lines.keys() == {function.__name__ for function, _text in COMMANDS}
    for name, words in lines.items():
        process = start(name, *words, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (name, err.decode("cp949"))
        text = (out + err).decode("cp949")
        assert re.search("[가-힣]", text), name
        assert text.count("?") < 3, name
    assert {path.name for path in home.iterdir()} == {
        digits.name,
        "결과.json",
        "출력.npz",
        "튜토리얼 모음",
        "측정.csv",
        "적합.json",
    }


def test_korean_code_page_loses_no_hangul(written):
    """A Korean Windows console shows the Korean help whole."""
    assert written("cp949", "--help", "--lang", "ko") == written("utf-8", "--help", "--lang", "ko")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_console_without_hangul_gets_english(written, encoding):
    """A page of question marks helps nobody."""
    assert written(encoding, "--help", "--lang", "ko") == written(encoding, "--help", "--lang", "en")


def test_language_is_chosen_by_what_the_stream_can_show(monkeypatch):
    """Standard output decides, and a stream without an encoding is taken for UTF-8."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert readable_language("ko") == "en"
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert readable_language("ko") == "ko"


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("5\N{EN DASH}10", "cp949", "5-10"), ("\N{MICRO SIGN}s", "cp949", "us"), ("a\N{BULLET}b", "ascii", "a-b"),
        ("한", "ascii", "?"), ("한", "cp949", "한"), ("\N{GRINNING FACE}", "cp949", "?"), ("plain", "ascii", "plain"),
        ("\N{LESS-THAN OR EQUAL TO} 1", "ascii", "<= 1"), ("\ud800", "utf-8", "?"),
    ],
)  # fmt: skip
def test_character_that_is_lacking_has_a_look_alike(text, encoding, shown):
    """Signs that have one are replaced by it, everything else by a question mark."""
    assert encodable(text, encoding) == shown


def start(*words, **options):
    environment = {**os.environ, "NPUSDK_LANG": "en", **options.pop("env", {})}
    return subprocess.Popen([sys.executable, "-m", "npusdk", *words], env=environment, **options)


@pytest.mark.parametrize("line", [("--version",), ("devices", "rngd")])
def test_reader_who_leaves_ends_the_command_quietly(line):
    """`npusdk devices | head -1` ends without a complaint, with the code that shells expect."""
    process = start(*line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_module_is_the_command(tmp_path):
    """`python -m npusdk` answers where no script is on the path, from any folder, with its exit codes."""
    environment = {"PYTHONPATH": str(Path.cwd()), "PYTHONIOENCODING": "cp949"}
    process = start("devices", "nonsense", "--json", cwd=tmp_path, env=environment, stderr=subprocess.PIPE)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert json.loads(err)["error"]["code"] == "unknown_device"


class Terminal(io.StringIO):
    """A stream that takes itself for a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Say yes."""
        return True


def test_progress_shows_on_a_terminal_only(monkeypatch):
    """A turning mark is for people: a pipe, a log and `NPUSDK_PLAIN` see none of it."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NPUSDK_PLAIN", raising=False)
    streams = [Terminal(), io.StringIO(), Terminal()]
    for stream, plain in zip(streams, ("", "", "1"), strict=True):
        monkeypatch.setenv("NPUSDK_PLAIN", plain)
        monkeypatch.setattr(sys, "stderr", stream)
        with working("reading [bold]\x1b[31mmodel.onnx", after_s=0):
            pass
    shown = [stream.getvalue() for stream in streams]
    assert "reading [bold]\\x1b[31mmodel.onnx" in shown[0]
    assert shown[1:] == ["", ""]


def test_progress_of_short_work_is_not_shown(monkeypatch):
    """Work that is done before anybody could wonder leaves no trace on the terminal."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NPUSDK_PLAIN", "")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with working("reading", after_s=3600):
        pass
    assert sys.stderr.getvalue() == ""


def test_colours_stay_out_of_pipes(npusdk, digits, monkeypatch):
    """Standard output that is no terminal carries no control characters."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b" not in npusdk("check", digits).out


def test_colours_are_shown_on_a_terminal(monkeypatch, digits):
    """A terminal that has colours gets them, unless NO_COLOR says otherwise."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    streams = [Terminal(), Terminal()]
    for stream in streams:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["check", str(digits)]) == 0
        monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" in streams[0].getvalue()
    assert "\x1b[" not in streams[1].getvalue()
