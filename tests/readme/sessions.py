"""The sessions in README.md: what is typed, what was printed; `python -m tests.readme.sessions` writes them anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"```console\n(\$ .*?)```", re.DOTALL)


def sessions():
    """Yield (command, output) of every console block whose command is npusdk's."""
    for block in BLOCK.findall(README.read_text(encoding="utf-8")):
        command, _, output = block.partition("\n")
        if command.startswith("$ npusdk "):
            yield command.removeprefix("$ "), output


def run(command):
    """Return what a command prints, in the environment of a reader with a plain terminal 100 columns wide."""
    words = command.split()
    environment = os.environ | {"NPUSDK_LANG": "en", "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    if "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    result = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    return result.stdout


def cells():
    """Yield (source, what is shown under it) of every cell of the notebook in the README."""
    for block in re.findall(r"```ipython\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL):
        for cell in re.split(r"^In \[\d+\]: ", block, flags=re.MULTILINE)[1:]:
            first, *others = cell.rstrip().split("\n")
            more = [line for line in others if line.startswith("   ...: ")]
            shown = "".join(f"{line}\n" for line in others[len(more) :])
            yield "\n".join([first, *(line.removeprefix("   ...: ") for line in more)]), shown


def run_cells(sources):
    """Return what IPython shows under the cells, in a process of its own."""
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        "shell = Shell.instance(colors='nocolor')\n"
        f"for source in {list(sources)!r}: shell.run_cell(source, store_history=True)"
    )
    environment = os.environ | {"NPUSDK_LANG": "en", "COLUMNS": "100", "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
    return result.stdout


def refresh():
    """Write the output of every session into the README."""
    text = README.read_text(encoding="utf-8")
    for command, output in sessions():
        text = text.replace(f"$ {command}\n{output}```", f"$ {command}\n{run(command)}```")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    refresh()
