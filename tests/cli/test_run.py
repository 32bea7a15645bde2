"""The command run: arrays in, arrays out."""

import numpy as np
import onnx
import pytest

import npusdk as npu


def two_outputs(path):
    """Write a model with two outputs, one of them called "file"."""
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Relu", ["x"], ["file"], name="first"),
            onnx.helper.make_node("Neg", ["x"], ["negative"], name="second"),
        ],
        "two",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2, 3])],
        [
            onnx.helper.make_tensor_value_info("file", onnx.TensorProto.FLOAT, [2, 3]),
            onnx.helper.make_tensor_value_info("negative", onnx.TensorProto.FLOAT, [2, 3]),
        ],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), path)
    return path


def test_outputs_are_those_of_the_program(npusdk, digits, heldout, tmp_path):
    """The file holds what `Program.run` returns, for the batch that the arrays have."""
    images = np.load(heldout)["image"]
    program = npu.compile(digits, "rngd", batch=len(images))
    expected = program.run({"image": images})
    answer = npusdk("run", digits, "--inputs", heldout, "--device", "rngd", "--output", tmp_path / "out.npz")
    assert answer.code == 0
    with np.load(tmp_path / "out.npz") as found:
        assert found.files == list(expected)
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)


def test_run_recognises_digits(npusdk, digits, heldout, tmp_path):
    """The answers are worth something: the network was trained, and the labels were kept from it."""
    npusdk("run", digits, "--inputs", heldout, "--output", tmp_path / "out.npy")
    found = np.load(tmp_path / "out.npy").argmax(axis=1)
    assert (found == np.load(heldout)["label"]).mean() > 0.97


def test_run_says_where_it_ran_and_what_is_predicted(npusdk, digits, heldout):
    """The time here and the time predicted for the device stand apart, each with its word."""
    shown = npusdk("run", digits, "--inputs", heldout, "--device", "rngd").out
    assert shown.startswith("digits on the emulator of RNGD, bf16, batch 360\n")
    assert "emulated here in" in shown
    assert "predicted on RNGD" in shown
    assert "360x10" in shown


def test_run_without_a_device_is_exact_and_predicts_nothing(npusdk, digits, heldout):
    """The reference device has no cost, so no time is claimed for it."""
    answer = npusdk("run", digits, "--inputs", heldout, "--json").json()
    assert (answer["device"], answer["precision"], answer["profile"]) == ("reference", "exact", None)
    assert answer["emulated"] is True
    assert answer["outputs"] == [{"name": "logits", "dtype": "float32", "shape": [360, 10]}]


def test_profile_in_json_is_that_of_the_program(npusdk, digits, heldout):
    """The prediction beside the run is the program's own, its layers left out."""
    answer = npusdk("run", digits, "--inputs", heldout, "--device", "rngd", "--json").json()
    report = npu.profile(digits, "rngd", batch=360)
    assert answer["profile"]["latency_s"] == report.latency_s
    assert answer["profile"]["basis"] == "predicted"
    assert "layers" not in answer["profile"]


def test_only_array_serves_the_only_input(npusdk, digits, tmp_path):
    """An .npy has no names and needs none where there is nothing to confuse."""
    np.save(tmp_path / "x.npy", np.zeros((2, 1, 8, 8), np.float32))
    assert npusdk("run", digits, "--inputs", tmp_path / "x.npy", "--json").json()["batch"] == 2


def test_several_outputs_go_into_an_npz(npusdk, tmp_path):
    """Every output is kept under its name, whatever it is called."""
    path = two_outputs(tmp_path / "two.onnx")
    value = np.array([[-1, 0, 1], [2, -3, 4]], np.float32)
    np.save(tmp_path / "x.npy", value)
    npusdk("run", path, "--inputs", tmp_path / "x.npy", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_array_equal(found["file"], np.maximum(value, 0))
        np.testing.assert_array_equal(found["negative"], -value)
    refused = npusdk("run", path, "--inputs", tmp_path / "x.npy", "--output", tmp_path / "out.npy")
    assert refused.code == 2
    assert "file, negative" in refused.err


def header(dtype, count):
    """Return the beginning of an .npy, version 1.0, of so many elements."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({count},), }}"
    return b"\x93NUMPY\x01\x00v\x00" + text.encode().ljust(117) + b"\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.npy", b""), ("x.npy", b"\x93NUMPY\x01\x00"), ("x.npz", b"PK\x03\x04 no"), ("x.npz", b"not a zip"),
        ("x.npy", header("|O", 1) + b".."), ("x.npy", header("<f8", 99_999_999_999_999)),
    ],
)  # fmt: skip
def test_broken_array_file_is_wrong_usage(npusdk, digits, tmp_path, *, name, content):
    """A truncated, hostile or pickled file is refused in a sentence; nothing in it is run."""
    path = tmp_path / name
    path.write_bytes(content)
    answer = npusdk("run", digits, "--inputs", path)
    assert (answer.code, answer.out) == (2, "")
    assert "cannot be read as arrays" in answer.err
    assert "Traceback" not in answer.err


def test_missing_input_is_named(npusdk, digits, tmp_path):
    """Several arrays, none of which is the input: the error says what is missing and what is there."""
    np.savez(tmp_path / "x.npz", first=np.zeros(3), second=np.zeros(4))
    answer = npusdk("run", digits, "--inputs", tmp_path / "x.npz", "--json")
    assert answer.code == 2
    assert answer.error()["params"] == {"path": str(tmp_path / "x.npz"), "missing": "image", "found": "first, second"}


def test_array_of_another_type_is_refused(npusdk, digits, tmp_path):
    """Nothing is converted behind the caller's back."""
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 8, 8), np.float64))
    answer = npusdk("run", digits, "--inputs", tmp_path / "x.npy", "--json")
    assert (answer.code, answer.error()["code"]) == (2, "dtype")


@pytest.mark.parametrize("suffix", [".csv", ".txt", ""])
def test_arrays_have_two_kinds_of_files(npusdk, digits, heldout, tmp_path, *, suffix):
    """Any other suffix is refused by name, for inputs and, before anything runs, for outputs."""
    answer = npusdk("run", digits, "--inputs", tmp_path / f"x{suffix}")
    assert answer.code == 2
    assert ".npz, .npy" in answer.err
    answer = npusdk("run", digits, "--inputs", heldout, "--output", tmp_path / f"x{suffix}")
    assert answer.code == 2
    assert ".npz, .npy" in answer.err


def test_output_that_cannot_be_written_is_wrong_usage(npusdk, digits, heldout, tmp_path):
    """A folder that is not there is named, without a traceback."""
    answer = npusdk("run", digits, "--inputs", heldout, "--output", tmp_path / "nowhere" / "out.npz")
    assert answer.code == 2
    assert "nowhere" in answer.err
    assert "Traceback" not in answer.err


def test_model_that_cannot_run_there_is_refused(npusdk, digits, heldout):
    """A float model on a device that multiplies integers only: the model is refused, with a way out."""
    answer = npusdk("run", digits, "--inputs", heldout, "--device", "warboy")
    assert answer.code == 3
    assert "hint:" in answer.err
