"""What predictions cost: one profile, many devices and models, a comparison, passes of language models, advice."""

from statistics import median
from time import perf_counter

import npusdk as npu

ROUNDS = 100
MODELS = ("resnet50", "mobilenet_v2", "retinanet", "yolov8n", "bert_base", "bert_large", "vit_b16", "gpt2")
PRECISIONS, BATCHES = ("bf16", "fp16", "int8", "fp8"), (1, 2, 4, 8, 16, 32)


def timed_s(function):
    """Return the time of a call."""
    start = perf_counter()
    function()
    return perf_counter() - start


def every_device(models, names):
    """Profile every model on every device that has it."""
    for model in models:
        npu.compare(model, names)


def profile_pass(name, what, length):
    """Profile a pass of a language model, from its configuration on."""
    npu.profile(getattr(npu.LLM(name), what)(**length, batch=4), "h200")


if __name__ == "__main__":
    names = [device.id for device in npu.devices()]
    models = [npu.load(f"zoo:{name}") for name in MODELS]
    print("Predictions")
    for device in ("rngd", "a100", "ipu"):
        took = [timed_s(lambda d=device: npu.profile(models[0], d)) for _ in range(ROUNDS)]
        print(f"  ResNet-50 on {device:5} {median(took) * 1e3:12.3f} ms, bar 0.35 ms")
    took_s = min(timed_s(lambda: every_device(models, names)) for _ in range(5))
    print(f"  {len(names)} devices x {len(models)} models {took_s * 1e3:8.0f} ms, bar 200 ms")
    fresh = [npu.load("zoo:resnet50") for _ in range(3)]
    several = [timed_s(lambda m=m: npu.compare(m, names, PRECISIONS, BATCHES)) for m in fresh]
    ways = f"{len(names)} x {len(PRECISIONS)} x {len(BATCHES)}"
    again_s = timed_s(lambda: npu.compare(fresh[0], names, PRECISIONS, BATCHES))
    print(f"  compare {ways:10} {min(several) * 1e3:12.0f} ms after load, then {again_s * 1e3:.0f} ms, bar 1000 ms")
    for name in ("llama-3-70b", "llama-3-8b"):
        for what, length in (("prefill", "tokens"), ("decode", "context")):
            took = [timed_s(lambda n=name, w=what, s=length: profile_pass(n, w, {s: 2048})) for _ in range(5)]
            print(f"  {name} {what:8} {median(took) * 1e3:10.1f} ms with its graph, bar 10 ms")
    for device in ("rngd", "a100"):
        report = npu.profile(npu.load("zoo:resnet50"), device)
        first_s, moves_s = timed_s(lambda r=report: len(r.advice)), timed_s(lambda r=report: len(r.sensitivity))
        print(f"  advice on {device}: {first_s * 1e3:.0f} ms when first looked at, sensitivity {moves_s * 1e3:.0f} ms")
