"""%npu: what it sets and shows."""

import pytest
from IPython.core.completer import provisionalcompleter

import npusdk
from npusdk.errors import UnknownDeviceError, UsageError
from npusdk.examination import Examination
from npusdk.language import language_set_to
from npusdk.notebook.manual import COMMANDS
from npusdk.report import ProfileReport


@pytest.mark.parametrize("name", ["rngd", "RNGD", "furiosa-rngd", "atom", "a100", "rngd:4pe", "local"])
def test_use_sets_the_target_and_says_so(run, name):
    """A device, an alias, a part of a device and `local` are targets."""
    said = run(f"%npu use {name}")
    assert said.error is None
    assert said.out.startswith("target: ")
    assert name in repr(run("%npu status").result)


def test_use_of_an_unknown_device_names_the_nearest_and_keeps_what_was_set(run):
    """A wrong name changes nothing."""
    run("%npu use atom")
    wrong = run("%npu use rngb")
    assert isinstance(wrong.error, UnknownDeviceError)
    assert "rngd" in wrong.out
    assert "npusdk/" not in wrong.out
    assert "atom" in repr(run("%npu status").result)


def test_status_says_what_is_set_and_that_everything_is_emulated(run):
    """Before anything is set it says how to set it."""
    assert "%npu use rngd" in repr(run("%npu status").result)
    run("%npu use rngd")
    shown = repr(run("%npu status").result)
    for part in ("RNGD (furiosa-rngd)", "bf16", "GiB", "emulated"):
        assert part in shown


def test_status_shows_what_the_last_cell_would_have_taken(run):
    """The line of the last cell stays to be read."""
    run("%%npu rngd\ny = np.ones((64, 64)) @ np.ones((64, 64))")
    assert "predicted" in repr(run("%npu status").result)


def test_devices_doctor_and_report_return_what_shows_itself(run):
    """Each gives an object with a page, not a print."""
    assert len(run("%npu devices").result) == len(npusdk.devices())
    assert isinstance(run("%npu doctor").result, Examination)
    run("%%npu rngd\ny = np.ones((64, 64)) @ np.ones((64, 64))")
    report = run("%npu report").result
    assert isinstance(report, ProfileReport)
    assert report.device == "furiosa-rngd"


WRONG = {
    "%npu stats": "%npu status",
    "%npu rngd": "%npu use rngd",
    "%npu rngd:4pe": "%npu use rngd:4pe",
    "%npu qqq": "status",
    "%npu use": "%npu use rngd",
    "%npu use rngd atom": "%npu use rngd",
    "%npu status now": "Leave",
    "%npu report": "%%npu",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_command_says_what_to_write(run, line):
    """The hint names the nearest command, in one message without frames of npusdk."""
    wrong = run(line)
    assert isinstance(wrong.error, UsageError)
    assert WRONG[line] in wrong.out.partition("hint:")[2]
    assert "Traceback" not in wrong.out


@pytest.mark.parametrize("language", ["en", "ko"])
def test_bare_magic_and_question_mark_give_help_in_the_language_of_the_moment(run, language):
    """`%npu` alone and `%%npu?` name every command and option."""
    with language_set_to(language):
        pages = run("%npu").out, run("%%npu?").out
    for page in pages:
        for word in (*COMMANDS, "--dry-run", "--timeout"):
            assert word in page
        assert ("실행" in page) == (language == "ko")


COMPLETED = {
    "%npu st": {"status"},
    "%npu use rng": {"rngd"},
    "%npu use loc": {"local"},
    "%npu use rngd:": {"1pe", "2pe", "4pe", "8pe"},
    "%%npu war": {"warboy"},
    "%%npu rngd --pr": {"--precision"},
    "%%npu rngd --q": {"--quiet"},
}


def completions(shell, line):
    """Return what Tab offers at the end of a line."""
    with provisionalcompleter():
        return {found.text for found in shell.Completer.completions(line, len(line))}


@pytest.mark.parametrize("line", COMPLETED)
def test_commands_devices_and_options_are_completed(shell, line):
    """Tab completes what may stand at the cursor, and nothing else."""
    assert completions(shell, line) == COMPLETED[line]


def test_extension_may_be_loaded_twice_and_reloaded_and_unloaded(shell, run):
    """What was set stays when it is loaded again; after unloading there is nothing left."""
    run("%npu use atom")
    npusdk.load_ipython_extension(shell)
    assert "atom" in repr(run("%npu status").result)
    assert len(list(shell.strdispatchers["complete_command"].s_matches("%npu"))) == 1
    run("%reload_ext npusdk")
    assert run("%%npu rngd --quiet\nnp.ones(2).sum()").result == 2
    run("%unload_ext npusdk")
    assert "not found" in run("%npu status").out
    assert "status" not in completions(shell, "%npu st")


def test_extension_outlives_a_reset_of_the_names(run):
    """`%reset` takes the notebook's names and leaves the extension."""
    run("%npu use rngd")
    run("%reset -f")
    assert run("%%npu --quiet\nimport numpy as np\nnp.arange(3.0).sum()").result == 3
    assert run("y = 1").error is None


def test_extension_puts_no_name_into_the_notebook(shell, run):
    """Loading, setting and running leave the notebook's own names alone."""
    before = set(shell.user_ns)
    run("%npu use rngd")
    run("%%npu\nw = np.ones(2)")
    assert {name for name in set(shell.user_ns) - before if not name.startswith("_")} == {"w"}
