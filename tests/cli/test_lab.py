"""The command lab: a copy of the tutorials that never takes a reader's work away."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npusdk.cli import tutorials
from npusdk.cli.exits import ExitCode
from npusdk.cli.lab import FOLDER
from npusdk.cli.tutorials import RECORD, copy_tutorials, find_tutorials

FILES = ("ko/01_first.ipynb", "ko/02_second.ipynb", "en/01_first.ipynb", "models/digits.onnx", "exercises.py")
KOREAN = {name for name in FILES if not name.startswith("en/")}


def fill(folder, contents):
    """Write files, by their paths in a folder."""
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(folder):
    """Return the text of every file of a folder but the record, by path."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_text(encoding="utf-8") for name, path in found.items() if name != RECORD}


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Tutorials of an installation, small ones."""
    folder = tmp_path / "installed"
    fill(folder, {name: f"{name}, version 1" for name in FILES})
    fill(folder, {"ko/.ipynb_checkpoints/01_first.ipynb": "x", "models/__pycache__/a.pyc": "x", "build.py": "x"})
    monkeypatch.setattr(tutorials, "find_tutorials", lambda: folder)
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The current folder of a reader, with Hangul and a blank in its name."""
    folder = tmp_path / "홍 길동"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_copy_has_the_readers_language_and_what_it_reads(source, home):
    """Notebooks of one language, the models and the exercises are copied; caches and other files are not."""
    copy = copy_tutorials("ko", home / "copy")
    assert set(read(copy.folder)) == set(copy.written) == KOREAN
    assert copy.kept == ()
    assert copy.first == home / "copy" / "ko" / "01_first.ipynb"


def test_second_copy_writes_nothing(source, home):
    """What is there already is not written again."""
    first = copy_tutorials("ko", home / "copy")
    times = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    second = copy_tutorials("ko", home / "copy")
    assert (second.written, second.kept) == ((), ())
    assert {path: path.stat().st_mtime_ns for path in times if path.name != RECORD} == {
        path: time for path, time in times.items() if path.name != RECORD
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=st.sets(st.sampled_from(sorted(KOREAN))), newer=st.sets(st.sampled_from(sorted(KOREAN))))
def test_file_that_the_reader_changed_is_kept(source, tmp_path_factory, changed, newer):
    """After an upgrade, changed files hold what the reader wrote, all others what the new version has."""
    home = tmp_path_factory.mktemp("home")
    fill(source, {name: f"{name}, version 1" for name in FILES})
    copy_tutorials("ko", home)
    fill(home, dict.fromkeys(changed, "mine"))
    fill(source, {name: f"{name}, version 2" for name in newer})
    copy = copy_tutorials("ko", home)
    assert set(copy.kept) == changed
    assert set(copy.written) == newer - changed
    assert read(home) == {
        name: "mine" if name in changed else f"{name}, version {1 + (name in newer)}" for name in KOREAN
    }


@pytest.mark.parametrize("record", ["", "not json", "[]", "null", "\ud800"])
def test_without_its_record_every_file_is_the_readers(source, home, record):
    """A folder that somebody else filled, or whose record is damaged, loses nothing."""
    fill(home, {"ko/01_first.ipynb": "mine", "ko/notes.txt": "mine"})
    (home / RECORD).write_bytes(record.encode("utf-8", "surrogatepass"))
    copy = copy_tutorials("ko", home)
    assert copy.kept == ("ko/01_first.ipynb",)
    assert read(home)["ko/01_first.ipynb"] == read(home)["ko/notes.txt"] == "mine"
    assert copy_tutorials("ko", home).kept == copy.kept


def test_tutorials_themselves_are_left_as_they_are(source):
    """In a checkout one may open the tutorials in place; no record appears among them."""
    before = read(source)
    copy = copy_tutorials("en", source)
    assert (copy.written, copy.kept, copy.first) == ((), (), source / "en" / "01_first.ipynb")
    assert not (source / RECORD).exists()
    assert read(source) == before


def test_checkout_has_tutorials_in_both_languages():
    """The command finds them beside the package, and both languages have the same ones."""
    folder = find_tutorials()
    assert folder == Path(__file__).parents[2] / "tutorials"
    names = [sorted(path.name for path in (folder / language).glob("*.ipynb")) for language in ("en", "ko")]
    assert names[0]
    assert names[0] == names[1]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_command_copies_and_says_so(npusdk, source, home, language):
    """Files go to a folder of the current directory unless one is named; what was kept is said."""
    answer = npusdk("lab", "--copy-only", "--lang", language)
    assert (answer.code, answer.err) == (0, "")
    assert str(home / FOLDER) in answer.out
    fill(home / FOLDER, {f"{language}/01_first.ipynb": "mine"})
    again = npusdk("lab", "--copy-only", "--lang", language)
    assert f"{language}/01_first.ipynb" in again.out
    named = npusdk("lab", "--json", "다른 곳", "--copy-only", "--lang", language).json()
    assert named["first"] == str(home / "다른 곳" / language / "01_first.ipynb")
    assert len(named["written"]) == len(list((source / language).glob("*.ipynb"))) + 2
    assert named["kept"] == []


def test_language_of_the_tutorials_is_not_that_of_the_terminal(source, home, monkeypatch, npusdk):
    """A console without Hangul prints English, and the notebooks are Korean all the same."""
    monkeypatch.setattr("npusdk.cli.app.readable_language", lambda _asked: "en")
    answer = npusdk("lab", home / "copy", "--lang", "ko", "--copy-only", "--json")
    assert Path(answer.json()["first"]).parent.name == "ko"


def test_flags_after_two_dashes_go_to_jupyterlab(npusdk, source, home, monkeypatch):
    """JupyterLab runs in this process, on the first tutorial, rooted in the copy, in the reader's language."""
    seen = {}
    monkeypatch.setattr("runpy.run_module", lambda name, **_how: seen.update(name=name, argv=sys.argv))
    monkeypatch.setattr(sys, "argv", ["npusdk"])
    monkeypatch.setenv("NPUSDK_LANG", "ko")
    assert npusdk("lab", home / "copy", "--no-open", "--", "--port=9999", "--json").code == 0
    assert seen["name"] == "jupyterlab"
    assert seen["argv"][1:] == [
        f"--ServerApp.root_dir={home / 'copy'}", "--LabApp.default_url=/lab/tree/ko/01_first.ipynb", "--no-browser",
        "--port=9999", "--json",
    ]  # fmt: skip


def test_missing_jupyterlab_names_the_way_out(npusdk, source, home, monkeypatch):
    """Where JupyterLab is not installed, nothing is copied unless a copy is all that was asked for."""
    monkeypatch.setattr("npusdk.cli.lab.find_spec", lambda name: None if name == "jupyterlab" else find_spec(name))
    answer = npusdk("lab", home / "copy")
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert '-m pip install "npusdk[lab]"' in answer.err
    assert not (home / "copy").exists()
    assert npusdk("lab", home / "copy", "--copy-only").code == 0


def test_installation_without_tutorials_is_refused(npusdk, monkeypatch, tmp_path):
    """A broken installation is named, with the way out."""
    monkeypatch.setattr(tutorials, "__file__", str(tmp_path / "npusdk" / "cli" / "tutorials.py"))
    answer = npusdk("lab", tmp_path / "copy", "--copy-only", "--json")
    assert answer.code == ExitCode.USAGE
    assert json.loads(answer.err)["error"]["code"] == "config"


def test_folder_that_cannot_be_written_is_wrong_usage(npusdk, source, home):
    """A file where the folder should be is named."""
    (home / "copy").write_text("", encoding="utf-8")
    answer = npusdk("lab", home / "copy", "--copy-only")
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert "copy" in answer.err


def test_two_folders_are_wrong_usage(npusdk, source, home):
    """Words before the dashes name one folder at most."""
    answer = npusdk("lab", "a", "b", "--copy-only", "--", "--port=1")
    assert answer.code == ExitCode.USAGE
    assert "a b" in answer.err
    assert list(home.iterdir()) == []
