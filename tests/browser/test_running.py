"""The first tutorial in JupyterLab with a real kernel."""

import pytest

from npusdk.cli.tutorials import find_tutorials
from tests.browser.notebooks import ACTIVATE, ADD_CELLS, IDLE, SET_SOURCE

FIRST = min(path.name for path in (find_tutorials() / "en").glob("*.ipynb"))
PLAIN = "y = np.maximum(x @ x, 0)\ny.sum()"
STUCK = "%%npu rngd\ntouched = x @ x\nwhile True:\n    x = x @ x * np.float32(1e-9)"
STARTED = "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'busy'"


def texts(outputs):
    """Return everything that outputs say as text."""
    return "".join(
        "".join(output.get("text", "")) + "".join(output.get("data", {}).get("text/plain", "")) for output in outputs
    )


def errors(lab):
    """Return the error outputs of the notebook, as text."""
    outputs = [output for cell in lab.outputs() for output in cell if output["output_type"] == "error"]
    return ["\n".join([output["ename"], *output["traceback"]]) for output in outputs]


def run_from(lab, index):
    """Run a cell and all below it, and wait until the kernel has nothing left to do."""
    lab.page.evaluate(ACTIVATE, index)
    done = lab.command("notebook:run-all-below")
    assert done, errors(lab)
    lab.page.wait_for_function(IDLE)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_first_tutorial_runs_and_a_cell_goes_to_a_device(lab, screenshot, language):
    """All cells run without an error; a cell that begins with %%npu says what the device would have taken."""
    lab.open(f"{language}/{FIRST}")
    done = lab.command("notebook:run-all-cells")
    assert errors(lab) == []
    assert done
    first = lab.page.evaluate(ADD_CELLS, ["%load_ext npusdk\nimport numpy as np\nx = np.ones((64, 64))", PLAIN])
    run_from(lab, first)
    assert "RNGD" not in texts(lab.outputs()[-1])
    lab.page.evaluate(SET_SOURCE, [first + 1, f"%%npu rngd\n{PLAIN}"])
    run_from(lab, first + 1)
    said = texts(lab.outputs()[-1])
    assert "RNGD" in said
    assert {"en": "predicted", "ko": "예측"}[language] in said
    assert "262144" in said
    screenshot(lab.page, language)


def test_interrupted_cell_changes_nothing(lab):
    """The interrupt command ends a cell that would run for ever, and the notebook's names are as they were."""
    lab.open(f"en/{FIRST}")
    prepare = "%load_ext npusdk\nimport numpy as np\nx = np.ones((256, 256), np.float32); kept = x.copy()"
    first = lab.page.evaluate(ADD_CELLS, [prepare, "pass", "print((x == kept).all(), 'touched' in globals())"])
    run_from(lab, first)
    lab.page.evaluate(SET_SOURCE, [first + 1, STUCK])
    lab.page.evaluate(ACTIVATE, first + 1)
    lab.start("notebook:run-cell")
    lab.page.wait_for_function(STARTED)
    lab.page.wait_for_timeout(1000)
    assert lab.page.evaluate(STARTED)
    lab.start("notebook:interrupt-kernel")
    lab.page.wait_for_function(IDLE, timeout=15_000)
    stopped = [output.get("ename") for output in lab.outputs()[-2]]
    assert "KeyboardInterrupt" in stopped
    run_from(lab, first + 2)
    assert texts(lab.outputs()[-1]) == "True False\n"
