"""What the tests of the notebook share: a real shell in this process, and a real kernel beside it."""

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


def start_shell(cls, tmp_path, **options):
    config = Config()
    config.HistoryManager.enabled = False
    config.ProfileDir.location = str(tmp_path / "profile")
    shell = cls.instance(config=config, ipython_dir=str(tmp_path), **options)
    shell.run_cell("import numpy as np", store_history=True)
    shell.run_line_magic("load_ext", "npusdk")
    return shell


def stop_shell(cls, shell):
    shell.restore_sys_module_state()
    shell._atexit_once()
    cls.clear_instance()


@pytest.fixture
def shell(tmp_path, monkeypatch, request):
    """Return a fresh shell with npusdk loaded, without colours, which speaks English."""
    before = {name: getattr(builtins, name) for name in _BUILTINS if hasattr(builtins, name)}
    hooks = sys.displayhook, sys.excepthook
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    made = start_shell(Shell, tmp_path, colors="nocolor")
    with language_set_to("en"):
        yield made
    stop_shell(Shell, made)
    sys.displayhook, sys.excepthook = hooks
    for name in _BUILTINS:
        if name in before:
            setattr(builtins, name, before[name])
        elif hasattr(builtins, name):
            delattr(builtins, name)


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
