"""A model whose every name is hostile, through every command."""

import csv

import numpy as np
import onnx
import pytest

import npusdk as npu
from tests.views.corpus import HOSTILE

CASES = sorted(set(HOSTILE) - {"empty", "surrogate"})  # protobuf has neither names that are empty nor lone surrogates


def write_model(path, name, op="Relu"):
    """Write a model of one node; graph, node and tensors are called `name`."""
    ends = [onnx.helper.make_tensor_value_info(f"{end}{name}", onnx.TensorProto.FLOAT, [2, 3]) for end in ("x", "y")]
    node = onnx.helper.make_node(op, [ends[0].name], [ends[1].name], name=name)
    graph = onnx.helper.make_graph([node], name, ends[:1], ends[1:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), path)
    return path


def harmless(text):
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("case", CASES)
def test_hostile_names_are_harmless_in_every_answer(npusdk, tmp_path, case):
    """Whatever a file calls its nodes, the terminal of who asks about it stays as it is."""
    path = write_model(tmp_path / "model.onnx", HOSTILE[case])
    np.save(tmp_path / "x.npy", np.zeros((2, 3), np.float32))
    lines = (
        ("profile", path, "--device", "rngd", "--save", tmp_path / "report.csv"),
        ("check", path, "--devices", "warboy,rngd"),
        ("compare", path, "--devices", "warboy,rngd"),
        ("run", path, "--inputs", tmp_path / "x.npy", "--output", tmp_path / "y.npz"),
    )
    for line in lines:
        answer = npusdk(*line)
        assert answer.code == 0, answer.err
        assert harmless(answer.out)
        assert harmless(answer.err)
        assert npusdk(*line, "--json").out.isascii()
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert all(cell.isprintable() and not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    model = npu.load(path)
    assert repr(model).isprintable()
    assert repr(npu.compile(model, "rngd")).isprintable()


@pytest.mark.parametrize("case", CASES)
def test_hostile_names_are_harmless_in_errors(npusdk, tmp_path, case):
    """An error that names the node names it harmlessly, in a message that still ends."""
    path = write_model(tmp_path / "model.onnx", HOSTILE[case], op="NonMaxSuppressionOfMine")
    answer = npusdk("check", path)
    assert answer.code == 3
    assert harmless(answer.err)
    assert len(answer.err) < 10_000
    assert answer.err.count("hint: ") >= 1
