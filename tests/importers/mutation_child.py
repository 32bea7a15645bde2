"""Imports and binds damaged models under a memory limit, and prints what came of them; run by the test beside it."""

from __future__ import annotations

import json
import resource
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random

import onnx

from npusdk.errors import NpuError
from npusdk.graph import Graph, bind, check_graph, format_graph
from npusdk.importers import load_onnx
from npusdk.kernels import call
from tests.importers.models import linear, with_functions
from tests.importers.mutating import mutate
from tests.models.samples import TINY

ROOM_BYTES = 512 << 20
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
TUTORIALS = Path(__file__).parents[2] / "tutorials" / "models"


def seeds() -> list[bytes]:
    """Return sound models: tiny networks, the digits networks, light ones of old opsets, and one with functions."""
    files = [TUTORIALS / "digits.onnx", TUTORIALS / "digits_int8.onnx"]
    files += [LIGHT / f"light_{name}.onnx" for name in ("squeezenet", "shufflenet", "bvlc_alexnet")]
    built = [*(build() for build in TINY.values()), linear(), with_functions()]
    return [model.SerializeToString() for model in built] + [path.read_bytes() for path in files]


def limit_memory() -> None:
    """Allow this process `ROOM_BYTES` more than it has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def shapes_of(graph: Graph) -> dict[str, tuple[int, ...]]:
    """Return a shape for each input that has open dimensions."""
    shapes = {name: graph.tensors[name].shape for name in graph.inputs}
    return {
        name: tuple(6 if isinstance(size, str) else size for size in shape)
        for name, shape in shapes.items()
        if any(isinstance(size, str) for size in shape)
    }


def attempt(data: bytes, path: Path | None) -> str:
    """Return the name of the refusal, or "bound"."""
    if path is not None:
        path.write_bytes(data)
    try:
        graph = load_onnx(path or data)
        bound = bind(graph, shapes_of(graph), call)
    except NpuError as error:
        return type(error).__name__ if str(error) else "silent"
    check_graph(bound)
    format_graph(bound)
    return "bound"


def main(count: int, folder: Path) -> None:
    """Damage `count` models and print how often each outcome came."""
    warnings.simplefilter("error")
    models = seeds()
    limit_memory()
    outcomes: Counter[str] = Counter()
    for number in range(count):
        random = Random(number)  # noqa: S311 - damage, not secrets
        data = mutate(random.choice(models), random)
        try:
            outcomes[attempt(data, folder / "model.onnx" if number % 4 == 0 else None)] += 1
        except Exception:  # noqa: BLE001 - whatever it is, it is what the test looks for
            outcomes[f"model {number}: {traceback.format_exc(limit=-4)}"] += 1
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
