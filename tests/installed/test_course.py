"""The workflow in the README: a course's continuous integration, run line by line against an installed npusdk."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement

from npusdk.cli.tutorials import find_tutorials
from npusdk.language import language_set_to, render
from npusdk.pipeline.versions import VERSIONS
from tests.installed.conftest import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::EncodingWarning")  # nbconvert and nbclient raise it

BLOCK = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
WORKFLOW = yaml.safe_load(BLOCK)
RUNS = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
LESSON = (
    "import npusdk as npu\nreport = npu.profile('digits.onnx', 'rngd', batch=64)\nreport",
    "npu.compare('digits.onnx', ['rngd', 't4'])",
    "print(f'{report.device_name} {report.latency_s:.3e} s', object())",
)


@pytest.fixture(scope="module")
def environment():
    """The variables that the workflow's jobs find, over those of the machine."""
    chosen = {name: str(value) for name, value in WORKFLOW["env"].items()}
    left = ("NPUSDK_PLAIN", "PYTHONPATH", "PYTHONWARNDEFAULTENCODING", "CI")
    return {name: value for name, value in os.environ.items() if name not in left} | chosen


@pytest.fixture(scope="module")
def course(tmp_path_factory, environment):
    """A course with one executed lesson."""
    folder = tmp_path_factory.mktemp("course")
    lessons = folder / "lessons"
    lessons.mkdir()
    shutil.copy(find_tutorials() / "models" / "digits.onnx", lessons)
    notebook = new_notebook(cells=[new_code_cell(source) for source in LESSON])
    NotebookClient(notebook, resources={"metadata": {"path": str(lessons)}}).execute(env=environment)
    nbformat.write(notebook, lessons / "lesson.ipynb")
    return folder


def said(template, **params):
    """Return a text as the workflow's language has it."""
    with language_set_to(WORKFLOW["env"]["NPUSDK_LANG"]):
        return render(template, **params)


def check(course, environment, installed):
    """Return (exit code, output) of the workflow's last step, with the installed npusdk first on the path."""
    path = f"{installed.parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [shutil.which("bash"), "-e", "-c", RUNS[-1]], cwd=course, env=environment | {"PATH": path}, capture_output=True,
        check=False, encoding="utf-8", timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_workflow_has_twelve_lines_and_pins_what_there_is():
    """A teacher can type it, and the version that it pins is one of this release."""
    assert len(BLOCK.splitlines()) <= 12
    assert WORKFLOW["env"]["NPUSDK_CALIBRATION"] in VERSIONS
    assert WORKFLOW[True] == ["push", "pull_request"]  # YAML 1.1 reads the key `on` so


def test_workflow_installs_what_it_uses():
    """The line for pip names npusdk with an extra that there is, and nbval; the Python is one that npusdk runs on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    words = shlex.split(RUNS[0])
    assert words[:4] == ["python", "-m", "pip", "install"]
    wanted = {requirement.name: requirement for requirement in map(Requirement, words[4:])}
    assert wanted.keys() == {"npusdk", "nbval"}
    assert wanted["npusdk"].extras <= project["optional-dependencies"].keys()
    versions = [step["with"]["python-version"] for step in WORKFLOW["jobs"]["notebooks"]["steps"] if "with" in step]
    assert all(tuple(map(int, version.split("."))) >= (3, 11) for version in versions)


def test_workflow_passes_on_a_lesson_as_it_was_saved(course, environment, installed):
    """The steps of the workflow, run as they stand, pass where nothing has moved."""
    code, output = check(course, environment, installed)
    assert code == 0, output
    assert (
        said("npusdk: cost model {version}, pinned; language {language}", version=VERSIONS[-1], language="ko") in output
    )
    assert f"{len(LESSON)} passed" in output


def test_workflow_names_the_version_that_moved_a_prediction(course, environment, installed):
    """A lesson saved with another version of the cost model fails, and both versions are named."""
    path = course / "lessons" / "lesson.ipynb"
    saved = path.read_text(encoding="utf-8")
    assert VERSIONS[-1] in saved
    path.write_text(saved.replace(VERSIONS[-1], "priors-0"), encoding="utf-8")
    code, output = check(course, environment, installed)
    path.write_text(saved, encoding="utf-8")
    assert code == 1, output
    assert "lesson.ipynb::Cell 0" in output
    assert said("cost model of a saved profile: {version}", version="priors-0") in output
    assert said("cost model of this run: {version}", version=VERSIONS[-1]) in output
