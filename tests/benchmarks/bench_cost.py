"""The cost model alone: a work table, and schedules on it, of which serving and comparisons make many."""

from statistics import median
from time import perf_counter

from npusdk.catalogue import cost_parameters, find_device
from npusdk.cost import best_schedule, schedule, work_table
from tests.cost.blocks import decoder
from tests.cost.plans import encoder, resnet50

ROUNDS = 50
DEVICES = {"a100": "fp16", "rngd": "bf16", "graphcore-c600": "fp16", "systolic-128x128": "fp16"}
PLANS = {"ResNet-50": resnet50(), "BERT-Base": encoder(), "decoder of 80 blocks": decoder(blocks=80, context=500)}


def median_ms(function, *arguments):
    """Return the median time of a call, after one to warm up."""
    function(*arguments)
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        function(*arguments)
        times.append(perf_counter() - start)
    return median(times) * 1e3


if __name__ == "__main__":
    print("Work tables and schedules")
    for name, plan in PLANS.items():
        table = work_table(plan)
        given = {device: cost_parameters(find_device(device), dtype) for device, dtype in DEVICES.items()}
        taken = [f"{device} {median_ms(schedule, table, figures):.3f} ms" for device, figures in given.items()]
        table_ms = median_ms(work_table, plan)
        print(f"  {name:22} {len(table)} steps: table {table_ms:.2f} ms; schedule {', '.join(taken)}")
    tables = {batch: work_table(resnet50("int8", batch)) for batch in (1, 2, 4, 8, 16, 32, 64)}
    for device in ("rngd", "warboy"):
        figures = cost_parameters(find_device(device), "int8")
        chosen = best_schedule(tables.__getitem__, figures, 64)
        took_ms = median_ms(best_schedule, tables.__getitem__, figures, 64)
        print(f"  ResNet-50 at 64, {device}: best schedule {took_ms:.2f} ms, chunks of {chosen.chunk}")
