"""Train a digit classifier on scikit-learn's digits and write it as ONNX, in float32 and in int8.

``python tutorials/models/train_digits.py`` writes, beside itself, `digits.onnx`, `digits_int8.onnx`, `heldout.npz`
(the digits kept out of training) and `digits.json` (where all this comes from, and its accuracy in onnxruntime).
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime as ort
import sklearn
from digits_graphs import WEIGHT_LIMIT, float_model, formats_of, int8_model
from digits_network import CLASSES, GRID, Array, Parameters, activations, initialise, loss_gradient, rounded
from numpy.typing import NDArray
from sklearn.datasets import load_digits

SEED = 0
EPOCHS = 30
BATCH = 64
RATE = 0.1
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-3
SMOOTHING = 0.1
SHIFTED_SHARE = 0.5

FILES = ("digits.onnx", "digits_int8.onnx", "heldout.npz")

Labels: TypeAlias = NDArray[np.int64]

ORIGIN = {
    "data_set": "Optical Recognition of Handwritten Digits, its test set: 1,797 digits of 13 writers",
    "creators": "E. Alpaydin and C. Kaynak, 1998",
    "repository": "UCI Machine Learning Repository, https://doi.org/10.24432/C50P49",
    "licence": "CC BY 4.0",
    "obtained_through": "sklearn.datasets.load_digits",
    "citation": "E. Alpaydin, C. Kaynak (1998) Cascading Classifiers, Kybernetika",
    "held_back": "digits 0, 5, 10, ...; the same writers occur in training",
}
"""Where the data come from, as the documentation of scikit-learn and the repository say."""


def load() -> tuple[Array, Labels, Array, Labels]:
    """Return images [N, 1, 8, 8] from 0 to 1 and labels, for training and held back."""
    digits = load_digits()
    images, labels = (digits.images / 16)[:, np.newaxis], digits.target.astype(np.int64)
    held = np.arange(len(labels)) % 5 == 0
    return images[~held], labels[~held], images[held], labels[held]


def shifted(images: Array, rng: np.random.Generator) -> Array:
    """Return the batch as it is, or moved by up to one pixel, in a share of `SHIFTED_SHARE`."""
    down, right = rng.integers(0, 3, 2)
    if rng.random() >= SHIFTED_SHARE:
        return images
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return padded[:, :, down : down + 8, right : right + 8]


def train(images: Array, labels: Labels) -> Parameters:
    """Return the trained, rounded parameters: gradient descent with momentum, the rate falling as half a cosine."""
    rng = np.random.default_rng(SEED)
    parameters = initialise(rng)
    velocity = {name: np.zeros_like(value) for name, value in parameters.items()}
    targets = np.eye(CLASSES) * (1 - SMOOTHING) + SMOOTHING / CLASSES
    batches = len(labels) // BATCH
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = rng.permutation(len(labels))
        chosen = order[step % batches * BATCH :][:BATCH]
        gradient = loss_gradient(parameters, shifted(images[chosen], rng), targets[labels[chosen]])
        rate = RATE * (1 + np.cos(np.pi * step / (EPOCHS * batches))) / 2
        for name in parameters:
            velocity[name] = MOMENTUM * velocity[name] - rate * (gradient[name] + WEIGHT_DECAY * parameters[name])
            parameters[name] = parameters[name] + velocity[name]
    return rounded(parameters)


def accuracy(logits: NDArray[np.floating], labels: Labels) -> float:
    """Return the share of digits whose largest logit is that of the label."""
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def measured(path: Path, images: NDArray[np.float32], labels: Labels) -> float:
    """Return the accuracy of the model file at `path` in onnxruntime."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return accuracy(np.asarray(session.run(["logits"], {"image": images})[0]), labels)


def write(folder: Path) -> dict[str, Any]:
    """Train, write all four files into `folder` and return what `digits.json` says."""
    images, labels, held_images, held_labels = load()
    parameters = train(images, labels)
    held = held_images.astype(np.float32)
    float_path, int8_path, held_path = files = [folder / name for name in FILES]
    onnx.save(float_model(parameters), float_path)
    onnx.save(int8_model(parameters, formats_of(activations(parameters, images))), int8_path)
    np.savez(held_path, image=held, label=held_labels)
    record = {
        "origin": ORIGIN,
        "training": {"digits": len(labels), "epochs": EPOCHS, "seed": SEED, "grid": GRID},
        "int8": {"activations": "uint8", "weights": "int8", "weight_limit": WEIGHT_LIMIT, "biases": "int32"},
        "heldout": {
            "digits": len(held_labels),
            "accuracy_float32_numpy": accuracy(activations(parameters, held_images)["logits"], held_labels),
            "accuracy_float32_onnxruntime": measured(float_path, held, held_labels),
            "accuracy_int8_onnxruntime": measured(int8_path, held, held_labels),
        },
        "versions": {module.__name__: module.__version__ for module in (np, onnx, ort, sklearn)},
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    (folder / "digits.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def main() -> None:
    """Write the files and print the accuracies."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the four files go")
    print(json.dumps(write(parser.parse_args().folder)["heldout"], indent=2))


if __name__ == "__main__":
    main()
