"""Cells on a device do what they do without one."""

import ast

import numpy as np
import pytest

from tests.notebook.ordinary import CELLS, SETUP


def loose(target):
    """Return the relative tolerance of a target: `local` is NumPy itself, bfloat16 has eight bits."""
    return 0.06 if target == "rngd" else 1e-12


def check_equal(name, ours, plain, target):
    """Compare a value with that of the same cell without a device, containers item by item."""
    if isinstance(plain, (list, tuple, dict)):
        assert type(ours) is type(plain), name
        assert len(ours) == len(plain), name
        for key in plain if isinstance(plain, dict) else range(len(plain)):
            check_equal(f"{name}[{key}]", ours[key], plain[key], target)
    elif isinstance(plain, (np.ndarray, np.generic, float)):
        assert np.shape(ours) == np.shape(plain), name
        assert isinstance(ours, np.ndarray) == isinstance(plain, np.ndarray), name
        kind = np.asarray(plain).dtype
        assert np.asarray(ours).dtype in ([kind] if target == "local" or kind.kind != "f" else ["f4", "f8"]), name
        size = np.abs(np.nan_to_num(np.asarray(plain, dtype=float))).max(initial=0)
        np.testing.assert_allclose(ours, plain, rtol=loose(target), atol=loose(target) * size, err_msg=name)
    elif isinstance(plain, (int, str, bool, type(None))):
        assert ours == plain, name
    else:
        assert type(ours).__name__ == type(plain).__name__, name


def execute(source, names):
    """Run a cell without a device, and return the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<plain>", "exec"), names)  # noqa: S102 - the cells of the table
    return last and eval(compile(ast.Expression(last.value), "<plain>", "eval"), names)  # noqa: S307 - likewise


@pytest.mark.parametrize("target", ["local", "rngd"])
@pytest.mark.parametrize("case", CELLS)
def test_cell_does_what_it_does_without_a_device(run, capsys, case, target):
    """Names, deletions, prints and the result are those of plain NumPy, to the precision of the device."""
    plain = {}
    execute(SETUP, plain)
    before = set(plain)
    assert run(SETUP).error is None
    shown = run(f"%%npu {target} --quiet\n{CELLS[case]}")
    assert shown.error is None, shown.out
    capsys.readouterr()
    check_equal("result", shown.result, execute(CELLS[case], plain), target)
    printed = capsys.readouterr().out
    if target == "local" and shown.result is None:
        assert shown.out == printed
    ours = {name: run.names.get(name, KeyError) for name in plain if not name.startswith("_")}
    assert not {name for name in before - set(plain) if name in run.names}
    for name, value in ours.items():
        check_equal(name, value, plain[name], target)
