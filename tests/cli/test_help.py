"""Help pages: complete in both languages, and light."""

import subprocess
import sys

import pytest
import typer
from rich.cells import cell_len

from npusdk.cli.app import COMMANDS, build
from npusdk.language import translate
from npusdk.report import Comparison, FitReport, ProfileReport, ServingReport
from npusdk.report.validation import ValidationReport

NAMES = [function.__name__ for function, _text in COMMANDS]
HEAVY = {"numpy", "onnx", "google", "ml_dtypes", "onnxruntime", "pandas", "IPython", "jupyterlab"}


def test_commands_are_those_of_the_contract():
    """What this version can do, and no placeholder for what it cannot."""
    assert NAMES == ["devices", "check", "profile", "compare", "serve", "run", "validate", "calibrate", "lab", "doctor"]


@pytest.mark.parametrize("line", [(), ("--help",), ("-h",)])
def test_help_lists_every_command(npusdk, line):
    """Help is what a bare command shows, too."""
    answer = npusdk(*line)
    assert (answer.code, answer.err) == (0, "")
    for function, text in COMMANDS:
        assert f"  {function.__name__:<9}  {text}\n" in answer.out


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command_has_every_option(npusdk, name, language):
    """Each option stands there with its sentence in the reader's language."""
    answer = npusdk(name, "--help", "--lang", language)
    assert (answer.code, answer.err) == (0, "")
    dense = answer.out.replace("\n", "").replace(" ", "")
    command = typer.main.get_command(build()).commands[name]
    for param in command.params:
        assert param.help, param.name
        assert translate(param.help, language).replace(" ", "") in dense
        assert param.param_type_name == "argument" or param.opts[0] in answer.out
    assert "--json" in answer.out
    assert max(map(cell_len, answer.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("check", FitReport),
        ("profile", ProfileReport),
        ("compare", Comparison),
        ("serve", ServingReport),
        ("validate", ValidationReport),
    ],
)
def test_help_of_save_has_the_media_of_the_report(name, report):
    """What the help offers is what the report of that command can be saved as, and all of it."""
    (option,) = (one for one in typer.main.get_command(build()).commands[name].params if one.name == "save")
    offered = option.help.partition("(")[2].partition(")")[0].split(", ")
    assert sorted(offered) == sorted(f".{medium}" for medium in report.media)


def test_help_in_korean_has_no_english_sentence(npusdk):
    """Headings and sentences are Korean; what stays is what one types."""
    shown = npusdk("profile", "--help", "--lang", "ko").out
    for word in ("Usage", "Options", "Arguments", "Show ", "required", "default"):
        assert word not in shown
    assert "옵션" in shown


def test_version_is_one_line(npusdk):
    """`--version` is for programs and bug reports."""
    answer = npusdk("--version")
    assert answer.code == 0
    assert answer.out.count("\n") == 1


@pytest.mark.parametrize("line", [("--help",), ("profile", "--help"), ("check",), ("nonsense",)])
def test_help_and_usage_errors_load_nothing_heavy(line):
    """Reading how a command is used does not wait for arrays, models or schemas."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "npusdk", *line], capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode in {0, 2}
    loaded = {
        entry.rsplit("|", maxsplit=1)[1].strip().split(".")[0] for entry in done.stderr.splitlines() if "|" in entry
    }
    assert "typer" in loaded
    assert loaded & HEAVY == set()
