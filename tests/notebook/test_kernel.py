"""The extension in a kernel of its own, as a front end sees it."""

import re

import pytest

pytestmark = [
    pytest.mark.filterwarnings("ignore::EncodingWarning"),  # jupyter_client raises it
    pytest.mark.xdist_group("kernel"),
]

ENDLESS = "while True:\n    z = np.ones((700, 700)) @ np.ones((700, 700))"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def texts(outputs):
    """Return what each output shows, with its kind."""
    return [(kind, content.get("text") or content.get("data", {}).get("text/plain", "")) for kind, content in outputs]


def test_prints_result_and_summary_come_in_order(kernel):
    """Prints come as they happen, then the result of the cell, then the line, in messages of their own."""
    outputs, reply = kernel.run("%%npu\nprint('first')\na = np.ones((4, 4)) @ np.ones((4, 4))\na")
    assert reply["status"] == "ok"
    kinds = [kind for kind, _text in texts(outputs)]
    assert kinds == ["stream", "execute_result", "stream"]
    (_, first), (_, result), (_, line) = texts(outputs)
    assert first == "first\n"
    assert result.startswith("array(")
    assert "predicted" in line


def test_result_has_the_number_of_its_cell(kernel):
    """Out[n] is that of the cell which ran."""
    outputs, reply = kernel.run("%%npu --quiet\n40 + 2")
    assert outputs[0][1]["execution_count"] == reply["execution_count"]
    assert texts(kernel.run(f"Out[{reply['execution_count']}]")[0])[0][1] == "42"


def test_rich_displays_come_as_they_happen(kernel):
    """What a cell displays comes between its prints."""
    outputs, _reply = kernel.run("%%npu --quiet\nprint(1)\ndisplay(np.arange(2))\nprint(2)")
    assert [kind for kind, _text in texts(outputs)] == ["stream", "display_data", "stream"]


def test_error_carries_the_frames_of_the_cell_alone(kernel):
    """The message that a front end shows has the cell's line and nothing of ours."""
    outputs, reply = kernel.run("%%npu\nx = 1\nx / 0")
    shown = COLOURS.sub("", "\n".join(outputs[-1][1]["traceback"]))
    assert (reply["status"], reply["ename"]) == ("error", "ZeroDivisionError")
    assert "----> 3 x / 0" in shown
    assert "npusdk" not in shown


@pytest.mark.parametrize("text", ["%%npu\n1 / 0", "%%npu\nx = = 1", "%%npu --what\n1", "%npu what"])
def test_failing_cell_stops_those_that_wait(kernel, text):
    """Cells that are queued behind one that fails do not run."""
    codes = ("import time; time.sleep(0.5)", text, "print('must not run')")  # all wait before the second begins
    replies = [kernel.reply(sent)["status"] for sent in [kernel.send(code) for code in codes]]
    assert replies == ["ok", "error", "aborted"]


def test_interrupt_ends_a_cell_and_leaves_the_names(kernel):
    """Ctrl-C ends a cell that computes, and nothing of it is in the notebook."""
    kernel.run("z = 'as it was'")
    request = kernel.send(f"%%npu\nprint('begun', flush=True)\n{ENDLESS}")
    list(kernel.outputs(request, until="begun"))
    kernel.manager.interrupt_kernel()
    outputs = list(kernel.outputs(request))
    reply = kernel.reply(request)
    assert reply["ename"] == "KeyboardInterrupt"
    assert "interrupted" in COLOURS.sub("", "\n".join(outputs[-1][1]["traceback"]))
    assert texts(kernel.run("z")[0])[0][1] == "'as it was'"


def test_interrupt_stops_the_cells_that_wait(kernel):
    """An interrupt stops the whole run, not one cell of it."""
    first = kernel.send(f"%%npu\nprint('begun', flush=True)\n{ENDLESS}")
    second = kernel.send("print('must not run')")
    list(kernel.outputs(first, until="begun"))
    kernel.manager.interrupt_kernel()
    assert kernel.reply(first)["status"] == "error"
    assert kernel.reply(second)["status"] == "aborted"
