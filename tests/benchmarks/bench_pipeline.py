"""What a person waits for beside the emulator: the import, and a profile after the model is loaded.

The import is measured against `import numpy`, and a profile against adding up the bytes of its steps over the memory
bandwidth in a Python loop: the quickest answer that anybody could give.
"""

import subprocess
import sys
from statistics import median
from time import perf_counter

import npusdk as npu
from npusdk.catalogue import cost_parameters
from tests.models.builders import bert_encoder, efficientnet_like, resnet50

ROUNDS = 15
NETWORKS = {"ResNet-50": resnet50, "EfficientNet-B0-like": efficientnet_like, "BERT-Base, 128 tokens": bert_encoder}


def started_s(code):
    """Return the least time of a fresh interpreter that runs `code`."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(perf_counter() - start)
    return min(times)


def imports():
    """Print the import of npusdk on top of numpy's."""
    bare, numpy_s = started_s("pass"), started_s("import numpy")
    for label, code in (
        ("import npusdk", "import numpy, npusdk"),
        ("first device", "import numpy, npusdk; npusdk.device('rngd')"),
        ("pipeline", "import numpy, npusdk; npusdk.load"),
    ):
        extra = started_s(code) - numpy_s
        print(f"  {label:22} {extra * 1e3:7.1f} ms over numpy, {extra / (numpy_s - bare):5.2f} of numpy's own import")


def traffic_s(plan, device, precision):
    """Return the time of every step's bytes at the data sheet's bandwidth."""
    parameters = cost_parameters(device, precision)
    total = 0.0
    for step in plan.steps:
        moved = sum(plan.device_bytes(name) for name in (*step.inputs, *step.outputs))
        total += moved / parameters.memory_bandwidth_bytes_per_s
    return total


def profiles():
    """Print the time of a profile on every device, after load."""
    for name, build in NETWORKS.items():
        file = build().SerializeToString()
        start = perf_counter()
        model = npu.load(file)
        load_s = perf_counter() - start
        least, first, ratios = [], [], []
        for device in npu.devices():
            try:
                start = perf_counter()
                report = npu.profile(model, device)
                first.append(perf_counter() - start)
            except npu.PrecisionError:
                continue
            times = []
            for _ in range(ROUNDS):
                start = perf_counter()
                npu.profile(model, device)
                times.append(perf_counter() - start)
            plan = npu.compile(model, device).plan
            start = perf_counter()
            traffic_s(plan, device, report.precision)
            ratios.append(min(times) / (perf_counter() - start))
            least.append(min(times))
        print(
            f"  {name:22} load {load_s * 1e3:6.0f} ms; {len(least)} devices: median {median(least) * 1e3:.2f} ms,"
            f" slowest {max(least) * 1e3:.2f} ms, slowest first one {max(first) * 1e3:.2f} ms;"
            f" {median(ratios):.2f} of adding up bytes in a loop"
        )


if __name__ == "__main__":
    print("Import")
    imports()
    print("Profile after load")
    profiles()
