"""The environment that Binder builds from `binder/`: made with the same files and the same commands.

repo2docker installs `binder/requirements.txt` from the root of the repository, into the Python that
`binder/runtime.txt` names, and starts the server through `binder/start`.
"""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.browser.jupyter import await_ready, environment, write_settings

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
FOLDER = ROOT / ".venv" / "binder"
PIP = ("-m", "pip", "--disable-pip-version-check", "-qq")


def runtime():
    """Return (major, minor) of the Python that Binder is told to take."""
    name, _, version = (BINDER / "runtime.txt").read_text(encoding="ascii").strip().partition("-")
    assert name == "python"
    return tuple(map(int, version.split(".")))


def reaches_registry():
    """Return whether pip gets a small package from its registry."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [sys.executable, *PIP, "download", "--no-deps", "--no-cache-dir", "--dest", FOLDER / "probe", "iniconfig"]
    return subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0


def build():
    """Make the environment anew, and return its Python."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    python = FOLDER / "bin" / "python"
    subprocess.run([python, *PIP, "install", "--requirement", BINDER / "requirements.txt"], cwd=ROOT, check=True)
    subprocess.run([python, *PIP, "check"], check=True)
    return python


@contextmanager
def started(home):
    """Start the server as Binder does, on a copy of the tutorials, and give (address, token, process, variables)."""
    shutil.copytree(ROOT / "tutorials", home / "tutorials", ignore=shutil.ignore_patterns("__pycache__"))
    write_settings(home)
    variables = environment(home) | {"PATH": f"{FOLDER / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    command = [BINDER / "start", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"]
    log = home / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=home, env=variables, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield (*await_ready(process, log), process, variables)
    finally:
        process.terminate()
        process.wait(60)
