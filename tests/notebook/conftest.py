"""What the tests of the notebook share: a real shell in this process, and a real kernel beside it."""

import atexit
import builtins
import queue
import re
import sys
import time
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from npusdk.language import language_set_to

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_BUILTINS = ("display", "get_ipython", "__IPYTHON__")


class Shell(InteractiveShell):
    """A shell as an application subclasses it."""


@pytest.fixture(scope="module")
def bare_shell(tmp_path_factory):
    """A shell that a module's tests share; everything that it changed in this process is put back after them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _BUILTINS:
            patch.setattr(builtins, name, None, raising=False)
        patch.delattr(builtins, "_", raising=False)  # a doctest that ran before leaves its last value there
        patch.setattr(sys, "displayhook", sys.displayhook)
        patch.setattr(sys, "excepthook", sys.excepthook)
        folder = tmp_path_factory.mktemp("ipython")
        patch.setenv("IPYTHONDIR", str(folder))
        config = Config()
        config.HistoryManager.enabled = False
        config.Completer.use_jedi = False  # it guesses at Python where a magic's own words stand
        made = Shell.instance(config=config, ipython_dir=str(folder), colors="nocolor")
        yield made
        made.restore_sys_module_state()
        atexit.unregister(made.atexit_operations)
        made.atexit_operations()
        Shell.clear_instance()


def forget(shell):
    """Do what `%reset` does, without collecting all garbage."""
    history = shell.history_manager
    history.input_hist_parsed[:], history.input_hist_raw[:] = [""], [""]
    history.output_hist.clear()
    shell.user_ns.clear()
    shell.user_ns_hidden.clear()
    shell.init_user_ns()
    hook = shell.displayhook
    hook._, hook.__, hook.___ = "", "", ""
    shell.user_ns.update({"_": "", "__": "", "___": ""})
    shell.execution_count = 1


@pytest.fixture
def shell(bare_shell):
    """Return a shell as after a start, with NumPy and npusdk loaded, which speaks English."""
    forget(bare_shell)
    bare_shell.run_line_magic("colors", "nocolor")
    bare_shell.run_cell("import numpy as np", store_history=True)
    bare_shell.run_line_magic("load_ext", "npusdk")
    with language_set_to("en"):
        yield bare_shell
    if "npusdk" in bare_shell.extension_manager.loaded:
        bare_shell.run_line_magic("unload_ext", "npusdk")


@pytest.fixture
def run(shell, capsys):
    """Return a function that runs a cell: its result, its error, and what it printed."""

    def run_cell(text):
        capsys.readouterr()
        done = shell.run_cell(text, store_history=True)
        out, err = capsys.readouterr()
        return SimpleNamespace(
            result=done.result, error=done.error_in_exec or done.error_before_exec, out=COLOURS.sub("", out + err)
        )

    run_cell.names = shell.user_ns
    return run_cell


class Kernel:
    """A kernel in a process of its own, and the messages that a front end gets of it."""

    def __init__(self):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(extra_arguments=["--HistoryManager.enabled=False"])
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def send(self, text):
        """Send a cell and return the identifier of the request."""
        return self.client.execute(text)

    def outputs(self, request, until="idle"):
        """Yield the outputs of a request until it is idle, or until something with `until` in it was printed."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind in ("stream", "execute_result", "display_data", "error"):
                yield kind, content
                if until in content.get("text", ""):
                    return
        pytest.fail("the kernel said nothing for a minute")

    def reply(self, request):
        """Return the reply to a request."""
        while True:
            message = self.client.get_shell_msg(timeout=60)
            if message["parent_header"].get("msg_id") == request:
                return message["content"]

    def run(self, text):
        """Return the outputs of a cell and its reply."""
        request = self.send(text)
        return list(self.outputs(request)), self.reply(request)

    def stop(self):
        """End the process."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.manager.context.destroy()


@pytest.fixture(scope="module")
def kernel():
    """A kernel with NumPy and npusdk loaded, which speaks English."""
    made = Kernel()
    made.run("import numpy as np\nimport npusdk as npu\nnpu.set_language('en')\n%load_ext npusdk\n%npu use rngd")
    yield made
    made.stop()
