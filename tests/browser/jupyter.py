"""A Jupyter server of its own: loopback, a free port, token and XSRF on, and a home that nobody else uses."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},
    "translation-extension/plugin": {"locale": "en"},
}
READY = re.compile(r"(http://127\.0\.0\.1:\d+)/lab\S*\?token=(\w+)")


def environment(home):
    """Return the variables of a process whose every Jupyter folder lies in `home`."""
    places = {
        "HOME": home, "JUPYTER_CONFIG_DIR": home / "config", "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime", "IPYTHONDIR": home / "ipython",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings", "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONWARNDEFAULTENCODING"}
    return kept | {name: str(path) for name, path in places.items()} | {"NPUSDK_PLAIN": "1"}


def write_settings(home, settings=()):
    """Write JupyterLab's settings of a user."""
    for name, values in {**SETTINGS, **dict(settings)}.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")


def await_ready(process, log, deadline_s=90):
    """Return (address, token) as soon as the server of a process answers."""
    end_s = time.monotonic() + deadline_s
    while time.monotonic() < end_s:
        said = log.read_text(encoding="utf-8", errors="replace")
        assert process.poll() is None, said
        if found := READY.search(said):
            address, token = found.groups()
            httpx.get(f"{address}/api/status", params={"token": token}, timeout=30).raise_for_status()
            return address, token
        time.sleep(0.1)  # between two looks at the log; the loop above has a limit
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace"))


@contextmanager
def serving(home, command, **variables):
    """Run a command that starts JupyterLab, give (address, token, process), and end it."""
    home.mkdir(parents=True, exist_ok=True)
    write_settings(home)
    log = home / "server.log"
    flags = ["--ip=127.0.0.1", "--port=0", "--allow-root", "--LabApp.expose_app_in_browser=True",
             "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *flags], cwd=home, env=environment(home) | variables, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield (*await_ready(process, log), process)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


def lab_command(folder):
    """Return the command that serves a folder."""
    return [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={folder}"]
