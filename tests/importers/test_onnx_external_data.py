"""Laws of external data: it is read where it lies, and never outside the model's folder."""

from __future__ import annotations

import mmap

import numpy as np
import onnx
import pytest
from onnx.external_data_helper import set_external_data

from npusdk.errors import ModelFormatError
from npusdk.importers import load_onnx
from tests.importers.models import linear


@pytest.fixture
def saved(tmp_path):
    """Return the path of a model whose large weight lies in a file beside it."""
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / "model.onnx"
    onnx.save_model(linear(), path, save_as_external_data=True, location="weights.bin", size_threshold=1024)
    (tmp_path / "secret.bin").write_bytes(bytes(4096))
    return path


def rewrite(path, **entries):
    """Replace entries of the weight's external data."""
    model = onnx.load(path, load_external_data=False)
    weight = model.graph.initializer[0]
    kept = {entry.key: entry.value for entry in weight.external_data} | entries
    del weight.external_data[:]
    for key, value in kept.items():
        weight.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())


def test_external_data_is_the_weight(saved):
    """A weight beside the model has the numbers that were saved."""
    expected = load_onnx(linear()).constants["w"]
    assert np.array_equal(load_onnx(saved).constants["w"], expected)


def test_large_external_data_stays_in_its_file(tmp_path):
    """A large weight is a read-only view of the mapped file, at its offset."""
    model = linear()
    weight = model.graph.initializer[0]
    set_external_data(weight, "w.bin", offset=8)
    weight.ClearField("raw_data")
    weight.dims[:] = [32, 4096]
    model.graph.initializer[1].dims[:] = [1]
    model.graph.initializer[1].raw_data = bytes(4)
    (tmp_path / "w.bin").write_bytes(np.arange(2 + 32 * 4096, dtype=np.float32).tobytes())
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    found = load_onnx(tmp_path / "model.onnx").constants["w"]
    holder = found
    while isinstance(holder, np.ndarray):
        holder = holder.base
    assert isinstance(holder.obj, mmap.mmap)
    assert not found.flags.writeable
    assert found[0, 0] == 2


@pytest.mark.parametrize(
    "location",
    ["../secret.bin", "/etc/hostname", "sub/../../secret.bin", "..\\secret.bin", "C:\\secret.bin", "", ".", "link.bin"],
)
def test_locations_outside_the_folder_are_refused(saved, location):
    """Absolute paths, paths that climb, and links that lead out are refused, naming tensor and field."""
    (saved.parent / "link.bin").symlink_to(saved.parent.parent / "secret.bin")
    (saved.parent / "sub").mkdir()
    rewrite(saved, location=location)
    with pytest.raises(ModelFormatError, match="Tensor w") as refusal:
        load_onnx(saved)
    assert refusal.value.params["field"] == "location"


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ({"location": "absent.bin"}, "location"),
        ({"location": "a\0b"}, "location"),
        ({"location": "sub"}, "location"),
        ({"location": "x" * 5000}, "location"),
        ({"offset": "4"}, "offset"),
        ({"offset": str(2**62)}, "offset"),
        ({"offset": "-4"}, "offset"),
        ({"offset": "9" * 5000}, "offset"),
        ({"length": "2044"}, "length"),
        ({"length": "two"}, "length"),
        ({"length": ""}, "length"),
    ],
)
def test_external_data_that_is_not_there_is_refused(saved, entries, field):
    """A missing file, and bytes that the file does not have, are refused, naming tensor and field."""
    (saved.parent / "sub").mkdir()
    rewrite(saved, **entries)
    with pytest.raises(ModelFormatError, match="Tensor w") as refusal:
        load_onnx(saved)
    assert refusal.value.params["field"] == field


def test_truncated_external_data_is_refused(saved):
    """A file that is shorter than the weight is refused; so is an empty one."""
    weights = saved.parent / "weights.bin"
    for size in (2047, 0):
        weights.write_bytes(weights.read_bytes()[:size])
        with pytest.raises(ModelFormatError, match=rf"Tensor w.*{size}"):
            load_onnx(saved)


def test_links_of_a_cache_are_followed(saved):
    """Where model and weights are links into one folder, as in download caches, the weights are found."""
    snapshot = saved.parent.parent / "snapshot"
    snapshot.mkdir()
    for name in ("model.onnx", "weights.bin"):
        (snapshot / name).symlink_to(saved.parent / name)
    assert "w" in load_onnx(snapshot / "model.onnx").constants


def test_external_data_needs_a_path(saved):
    """Bytes and parsed models have no folder, which the error says."""
    with pytest.raises(ModelFormatError, match=r"Tensor w .*weights\.bin.*path"):
        load_onnx(saved.read_bytes())


def test_models_beyond_two_gigabytes_load(saved):
    """Three gibibytes of weights in a sparse file beside the model are mapped, not read."""
    size = 3 << 30
    with (saved.parent / "weights.bin").open("r+b") as stream:
        stream.truncate(size)
    model = onnx.load(saved, load_external_data=False)
    model.graph.initializer[0].dims[:] = [32, size // 128]
    model.graph.initializer[1].dims[:] = [1]
    model.graph.initializer[1].raw_data = bytes(4)
    saved.write_bytes(model.SerializeToString())
    rewrite(saved, length=str(size))
    graph = load_onnx(saved)
    assert graph.constants["w"].nbytes == size
    assert graph.constants["w"][-1, -1] == 0
