"""A reference network is named wherever a model file is."""

import numpy as np


def test_zoo_profile_check_and_compare(npusdk):
    """The three commands take "zoo:" and a name, and say the network's name."""
    profile = npusdk("profile", "zoo:resnet18", "--device", "rngd", "--batch", 2, "--json").json()
    assert (profile["model"], profile["batch"]) == ("resnet18", 2)
    assert npusdk("check", "zoo:resnet18", "--devices", "rngd").code == 0
    assert "resnet18" in npusdk("compare", "zoo:ResNet18", "--devices", "rngd,a100").out


def test_zoo_run_gives_an_array(npusdk, tmp_path):
    """A reference network runs on arrays of a file, with weights that are drawn."""
    np.save(tmp_path / "image.npy", np.ones((1, 3, 224, 224), np.float32))
    ran = npusdk(
        "run", "zoo:mobilenet_v2", "--device", "reference", "--inputs", tmp_path / "image.npy",
        "--output", tmp_path / "logits.npy",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert np.isfinite(np.load(tmp_path / "logits.npy")).all()


def test_zoo_name_that_is_wrong_shows_the_nearest(npusdk):
    """A wrong name is a usage error with near names."""
    wrong = npusdk("profile", "zoo:resnet500", "--device", "rngd")
    assert wrong.code == 2
    assert "resnet50" in wrong.err
