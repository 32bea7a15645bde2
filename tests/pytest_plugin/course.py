"""A course's notebooks, made on the spot, and its continuous integration: nbval in a process of its own."""

import os
import subprocess
import sys

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

VARIABLES = ("NPUSDK_PLAIN", "NPUSDK_LANG", "NPUSDK_CALIBRATION", "PYTHONWARNDEFAULTENCODING")


def printing(source, saved):
    """Return an executed cell whose saved output is a text on standard output."""
    return new_code_cell(source, execution_count=1, outputs=[new_output("stream", name="stdout", text=saved)])


def showing(source, data):
    """Return an executed cell whose saved output is a display of MIME types."""
    return new_code_cell(source, execution_count=1, outputs=[new_output("display_data", data=data)])


def write(path, *cells):
    """Write a notebook."""
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def check(folder, *words, python=sys.executable, **variables):
    """Return (exit code, output) of pytest in a folder, in an environment that chooses nothing but `variables`."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | variables
    done = subprocess.run(
        [python, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *words],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
