"""The emulator beside onnxruntime and onnx.reference: one process, one thread, least times of interleaved rounds.

A ratio over 1 means that the emulator is faster. The share of peak is the network's multiply-adds in the emulator's
time over the rate of a large sgemm in the same process.
"""

import os
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import onnxruntime
import threadpoolctl
from onnx import load
from onnx.reference import ReferenceEvaluator

import npusdk as npu
from tests.models.builders import bert_encoder, efficientnet_like, mobilenet_v2, resnet50, vit
from tests.models.counting import macs_of

ROUNDS = 30
ENOUGH_S = 20.0
"""Rounds end after this time, once there are three."""

DIGITS = Path(__file__).parents[2] / "tutorials" / "models"
NETWORKS = {
    "ResNet-50": lambda: resnet50(1),
    "MobileNetV2": lambda: mobilenet_v2(1),
    "EfficientNet-B0-like": lambda: efficientnet_like(1),
    "ViT-B/16": lambda: vit(1),
    "BERT-Base, 128 tokens": lambda: bert_encoder(1),
    "digits, batch 64": lambda: at_batch(load(DIGITS / "digits.onnx"), 64),
    "digits int8, batch 64": lambda: at_batch(load(DIGITS / "digits_int8.onnx"), 64),
}


def at_batch(model, batch):
    """Return a model with its leading dimension a number."""
    for entry in (*model.graph.input, *model.graph.output):
        entry.type.tensor_type.shape.dim[0].dim_value = batch
    return model


def timed_s(function):
    """Return the time of one call."""
    start = perf_counter()
    function()
    return perf_counter() - start


def peak_flop_per_s():
    """Return the rate of a square sgemm of 1,024, least of 30 times."""
    left, right = np.random.default_rng(0).normal(size=(2, 1024, 1024)).astype(np.float32)
    out = np.empty_like(left)
    return 2 * 1024**3 / min(timed_s(lambda: np.matmul(left, right, out=out)) for _ in range(ROUNDS))


def session_of(model):
    """Return the model on onnxruntime, one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def samples(tensors):
    """Return one array for each input: normal floats, small whole numbers."""
    rng = np.random.default_rng(0)
    floats = (tensor for tensor in tensors if tensor.dtype == "float32")
    found = {tensor.name: rng.normal(size=tensor.sizes).astype(np.float32) for tensor in floats}
    whole = (tensor for tensor in tensors if tensor.dtype != "float32")
    return found | {tensor.name: rng.integers(0, 2, tensor.sizes).astype(tensor.dtype) for tensor in whole}


def reference_s(model, inputs):
    """Return the time of onnx.reference; NaN where it lacks an operator in the model's opset."""
    try:
        reference = ReferenceEvaluator(model)
    except RuntimeError:
        return float("nan")
    return min(timed_s(lambda: reference.run(None, inputs)) for _ in range(3))


def race(runs):
    """Return the least time of each function, taken in turns."""
    least = [float("inf")] * len(runs)
    start = perf_counter()
    for done in range(ROUNDS):
        for place, run in enumerate(runs):
            least[place] = min(least[place], timed_s(run))
        if done >= 2 and perf_counter() - start > ENOUGH_S:
            break
    return least


def measure(name, model, peak):
    """Print one network's times and ratios."""
    opened = npu.load(model.SerializeToString())
    start = perf_counter()
    program = npu.compile(opened, "reference")
    inputs = samples(opened.inputs)
    program.run(inputs)
    ready_s = perf_counter() - start
    session = session_of(model)
    session.run(None, inputs)
    ours, theirs = race([lambda: program.run(inputs), lambda: session.run(None, inputs)])
    slow = reference_s(model, inputs)
    share = 2 * macs_of(model) / ours / peak
    print(
        f"  {name:22} {ours * 1e3:8.2f} ms   {theirs / ours:5.2f} of onnxruntime ({theirs * 1e3:.2f} ms)"
        f"   {slow / ours:6.1f} x onnx.reference   {share:4.0%} of peak   ready in {ready_s:.2f} s"
    )
    return theirs / ours


def main():
    """Print the machine, then every network named on the command line, or all."""
    for pool in threadpoolctl.threadpool_info():
        print(f"{pool['internal_api']} {pool['version']}, {pool.get('architecture')}, {pool['num_threads']} thread(s)")
    if "OPENBLAS_CORETYPE" in os.environ:
        print("OPENBLAS_CORETYPE is set and may choose slow kernels: run python -m tests.benchmarks")
    peak = peak_flop_per_s()
    print(f"sgemm peak {peak / 1e9:.0f} GFLOP/s; NumPy {np.__version__}, onnxruntime {onnxruntime.__version__}")
    wanted = [name for name in NETWORKS if not sys.argv[1:] or any(part in name for part in sys.argv[1:])]
    ratios = [measure(name, NETWORKS[name](), peak) for name in wanted]
    print(f"  geometric mean         {np.exp(np.mean(np.log(ratios))):.2f} of onnxruntime")


if __name__ == "__main__":
    print("Emulator")
    main()
