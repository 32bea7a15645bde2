"""Importing is light, and the core works without its extras."""

import subprocess
import sys

HEAVY = ("onnx", "torch", "pandas", "IPython", "ipywidgets", "scipy", "sklearn", "rich", "httpx", "typer", "pydantic")

BLOCKED = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Refuse())
"""


def python(code):
    """Return what a fresh interpreter prints."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_loads_nothing_heavy():
    """`import npusdk` loads none of the libraries that its rooms use, not even numpy."""
    loaded = python("import sys, npusdk; print(' '.join({name.split('.')[0] for name in sys.modules}))").split()
    assert not {*HEAVY, "numpy"} & set(loaded)


def test_devices_need_no_extra():
    """The catalogue answers where only the core is installed."""
    blocked = BLOCKED.format(blocked=("onnx", "google", "torch", "IPython"))
    assert python(f"{blocked}import npusdk; print(len(npusdk.devices()))").strip() == "22"


def test_missing_onnx_names_the_way_out():
    """Without the package onnx, loading a model says what to install."""
    blocked = BLOCKED.format(blocked=("onnx", "google"))
    code = f"""{blocked}
import npusdk
try:
    npusdk.load("model.onnx")
except npusdk.ConfigError as error:
    print(error)
"""
    assert 'pip install "npusdk[onnx]"' in python(code)
