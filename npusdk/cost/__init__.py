"""The time of a plan on a device: few equations, each of which a person can check by hand.

**A step** (a fused operator) takes, on a device whose transfers overlap with its arithmetic,

    t = max(t_matrix, t_vector, t_on_chip, t_off_chip) + t_op + t_link

and the sum of the terms where nothing overlaps (bulk-synchronous devices, the IPU).

- `t_matrix = T / eta_c`: matrix products at full rate with what is lost to sizes that do not divide, over the sustained
  efficiency. T by tiles in waves (GPU) stands in `waves`, by a grid of units (NPU, IPU, LPU) in `grid`, by folds of a
  systolic array (teaching devices) in `systolic`.
- `t_vector`: elementwise operations over their sustained rate, `eta_v` of the peak; the operations of each operator
  stand in `work`. A depthwise convolution is vector work, 2 operations for a multiply-accumulate.
- `t_on_chip`: bytes between on-chip memory and the units over that bandwidth.
- `t_off_chip = [w (1 - h_w) + kv (1 - h_kv) + in (1 - h_in) + out (1 - h_out) + 5 s] / (eta_m BW)`: weights, keys and
  values of earlier calls, inputs and outputs that are not on chip already. What stays on chip (h = 1) is decided in
  `residency` and `placement`. Scores `s` leave the chip only where software of a GPU does not fuse attention (`waves`).
- `t_op`: launch, synchronisation and pipeline fill; nothing for a view, nor for a `Concat` or `Split` in place, which
  move no bytes (`aliases`).
- `t_link`: the all-reduce of a result whose parts several devices hold, see `collective`; it overlaps with nothing.

A step that falls back to the host takes its transfers both ways and one more call of the device; the time of the host's
own arithmetic is not predicted ("host_compute" among what is excluded).

**A network**, with inputs and outputs over the host link and calls that follow each other without a gap:

    latency = t_call + io / BW_host + sum of r t
    throughput = batch / max(sum of r t, io / BW_host, t_call)
    peak memory = weights + keys and values + largest set of live activations

A step runs r times in a call, mostly once: a plan may hold one block of a language model and say how often it runs
(`Traits`), each time with weights, keys and values of its own. Columns of a `WorkTable` are of one execution, its
totals and all columns of a `Schedule` of all. Where attention is causal, half of it is computed. `batching` runs a
batch in chunks, and on parts of a device, where that is faster.

`work_table` turns a plan into columns once; `schedule` costs them for a device in about a tenth of a millisecond, and
`explain_step` says what decides the time of a step and what would change it.

**One layer by hand.** A linear layer, 1152 inputs of 1024 features to 1536 outputs, in fp16 on a device with 108 units
of 1024 multiply-accumulates at 1.41 GHz, tiles in waves:

>>> from npusdk.catalogue import CostParameters
>>> from npusdk.compiler.plan import Plan, Step
>>> from npusdk.graph import Graph, Node, Tensor
>>> import numpy as np
>>> node = Node("MatMul", "linear", ("x", "w"), ("y",))
>>> shapes = {"x": (1152, 1024), "w": (1024, 1536), "y": (1152, 1536)}
>>> tensors = {name: Tensor(name, "float32", shape) for name, shape in shapes.items()}
>>> graph = Graph("one layer", (node,), ("x",), ("y",), tensors, {"w": np.zeros((1024, 1536), np.float32)})
>>> step = Step("linear", "matrix", (node,), ("x", "w"), ("y",), "device", "rounded")
>>> plan = Plan(graph, "by hand", "fp16", 1, (step,))
>>> device = CostParameters(
...     device="by hand", dtype="fp16", style="waves", units=108, clock_hz=1.41e9, macs_per_unit_per_cycle=1024,
...     lanes=8, vector_ops_per_s=19.5e12, usable_on_chip_bytes=20e6, on_chip_bandwidth_bytes_per_s=5.4e12,
...     memory_bandwidth_bytes_per_s=1.555e12, host_bandwidth_bytes_per_s=24e9, overlap=True, pins_weights=False,
...     eta_compute=0.60, eta_memory=0.80, op_overhead_s=4e-6, call_overhead_s=30e-6, assumptions=())
>>> result = schedule_plan(plan, device)

Tiles of 128 x 128: 1152/128 x 1536/128 = 9 x 12 = 108 tiles, one for each unit, so one wave. Each takes 128 x 128 x
1024 multiply-accumulates at 1024 in a cycle, and 0.60 of that rate is sustained:

>>> t_matrix = 128 * 128 * 1024 / (1024 * 1.41e9) / 0.60
>>> print(f"{t_matrix * 1e6:.2f} us, model {result.compute_s[0] * 1e6:.2f} us")
19.37 us, model 19.37 us

On chip, every tile reads 128 rows and 128 columns of 1024 elements of 2 bytes, and the outputs are written:

>>> x_bytes, w_bytes, y_bytes = 1152 * 1024 * 2, 1024 * 1536 * 2, 1152 * 1536 * 2
>>> t_on_chip = (108 * (128 + 128) * 1024 * 2 + y_bytes) / 5.4e12
>>> print(f"{t_on_chip * 1e6:.2f} us, model {result.on_chip_s[0] * 1e6:.2f} us")
11.14 us, model 11.14 us

Off chip, everything moves: the input comes from a caller, the output goes to one, and the device pins no weights.

>>> t_off_chip = (w_bytes + x_bytes + y_bytes) / (0.80 * 1.555e12)
>>> print(f"{t_off_chip * 1e6:.2f} us, model {result.memory_s[0] * 1e6:.2f} us")
7.27 us, model 7.27 us

The longest term and the overhead of one launch; then the call, and both tensors over the host link:

>>> t = max(t_matrix, t_on_chip, t_off_chip) + 4e-6
>>> latency = 30e-6 + (x_bytes + y_bytes) / 24e9 + t
>>> print(f"{latency * 1e6:.1f} us, model {result.latency_s * 1e6:.1f} us, {result.bound}-bound")
299.1 us, model 299.1 us, compute-bound
"""

from npusdk.cost.batching import best_schedule, take_part
from npusdk.cost.collective import all_reduce_s, send_s
from npusdk.cost.explanation import Explanation, explain_step
from npusdk.cost.schedule import Schedule, schedule, schedule_plan
from npusdk.cost.table import WorkTable, work_table
from npusdk.cost.work import WORK_RULES

__all__ = [
    "WORK_RULES", "Explanation", "Schedule", "WorkTable", "all_reduce_s", "best_schedule", "explain_step", "schedule",
    "schedule_plan", "send_s", "take_part", "work_table",
]  # fmt: skip
