"""How fast the emulator runs whole networks, as ratios to onnxruntime and onnx.reference measured in the same process.

One thread, minima of interleaved rounds. The machine's own sgemm peak stands beside, so that one sees what is left.
"""

import os
from time import perf_counter

import numpy as np
import onnx
import onnxruntime as ort
from onnx.reference import ReferenceEvaluator
from threadpoolctl import threadpool_info

import npusdk as npu
from tests.models.counting import macs_of
from tests.models.samples import FULL, feeds_of

ROUNDS = 15
SLOW_ROUNDS = 2
NETWORKS = ("resnet50-folded", "resnet50", "mobilenet_v2", "efficientnet_like", "bert_encoder", "vit")


def least_s(calls, rounds):
    """Return the least time of each call, the calls taking turns."""
    times = [[] for _ in calls]
    for _ in range(rounds):
        for kept, call in zip(times, calls, strict=True):
            start = perf_counter()
            call()
            kept.append(perf_counter() - start)
    return [min(kept) for kept in times]


def sgemm_peak_flops():
    """Return the multiplications and additions a second of a large float32 product."""
    a, b = (np.random.default_rng(i).standard_normal((1024, 1024), dtype=np.float32) for i in range(2))
    out = np.empty_like(a)
    (seconds,) = least_s([lambda: np.matmul(a, b, out=out)], ROUNDS)
    return 2 * 1024**3 / seconds


def session_of(model):
    """Return an onnxruntime session of one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def measure(name, peak):
    """Print the ratios of one network, and return those to onnxruntime and onnx.reference."""
    model = FULL[name]()
    feeds = feeds_of(model, N=1)
    session, evaluator = session_of(model), ReferenceEvaluator(model)
    program = npu.compile(npu.load(model), "reference")
    found, expected = program.run(feeds), session.run(None, feeds)
    error = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found.values(), expected, strict=True))
    ours_s, ort_s = least_s([lambda: program.run(feeds), lambda: session.run(None, feeds)], ROUNDS)
    (reference_s,) = least_s([lambda: evaluator.run(None, feeds)], SLOW_ROUNDS)
    share = 2 * macs_of(FULL[name](batch=1)) / ours_s / peak
    print(
        f"  {name:18} {ours_s * 1e3:7.1f} ms; {ort_s / ours_s:5.2f} of onnxruntime ({ort_s * 1e3:.1f} ms);"
        f" {reference_s / ours_s:6.1f} x onnx.reference; {share:4.0%} of sgemm peak; max |a-b| / max |b| {error:.0e}"
    )
    return ort_s / ours_s


def measure_int8():
    """Print what the quantised digits network takes beside its float32 form, and beside onnxruntime."""
    image = {"image": np.zeros((256, 1, 8, 8), np.float32)}
    folder = "tutorials/models/"
    calls = []
    for file in ("digits.onnx", "digits_int8.onnx"):
        program = npu.compile(folder + file, "reference" if file == "digits.onnx" else "rngd", batch=256)
        session = session_of(onnx.load(folder + file))
        calls += [lambda program=program: program.run(image), lambda session=session: session.run(None, image)]
    ours, theirs, ours_int8, theirs_int8 = least_s(calls, ROUNDS)
    print(
        f"  digits, batch 256: float32 {ours * 1e3:.2f} ms, {theirs / ours:.2f} of onnxruntime;"
        f" int8 {ours_int8 * 1e3:.2f} ms, {theirs_int8 / ours_int8:.2f} of onnxruntime,"
        f" {ours_int8 / ours:.2f} x own float32"
    )


def main():
    """Print everything."""
    blas = next((info for info in threadpool_info() if info["user_api"] == "blas"), {})
    peak = sgemm_peak_flops()
    print(f"BLAS {blas.get('internal_api')} {blas.get('version')}, {blas.get('architecture')}, one thread;", end=" ")
    print(f"OPENBLAS_CORETYPE {os.environ.get('OPENBLAS_CORETYPE', 'unset')}; sgemm peak {peak / 1e9:.0f} GFLOP/s")
    ratios = [measure(name, peak) for name in NETWORKS]
    print(f"  geometric mean {np.exp(np.log(ratios).mean()):.2f} of onnxruntime, least {min(ratios):.2f}")
    measure_int8()


if __name__ == "__main__":
    main()
