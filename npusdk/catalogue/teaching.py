"""Teaching devices: one plain systolic array, every figure of which follows from its name by a written rule.

"systolic-ROWSxCOLUMNS" with "-os", "-ws" or "-is" (outputs, weights or inputs stay in the cells; "-os" if nothing is
said), rows and columns 1 to 1024. No product is meant. A cell makes one multiply-accumulate a cycle at 1 GHz in every
format; vector units make one operation for each cell and cycle; memory and host link move 64 bytes for each row and
column and cycle, many times what the array can use; nothing is lost and nothing is launched. So the time of a product
is its cycles, and what a reader learns is the array alone. Power and price are unknown.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from npusdk.catalogue.keys import MACS, MODEL, SPECS
from npusdk.catalogue.records import DeviceRule, DeviceSpec, Precision
from npusdk.errors import UnknownDeviceError
from npusdk.language import _
from npusdk.values import Sourced

LARGEST = 1024
"""Rows or columns of the largest array."""

CLOCK_HZ = 1e9
EDGE_BYTES = 64
"""Bytes that memory and host link move for each row and column in a cycle."""

DTYPES = ("int8", "bf16", "fp16", "fp32")

_DATAFLOWS = MappingProxyType({"os": "output-stationary", "ws": "weight-stationary", "is": "input-stationary"})
_PREFIX = "systolic-"
_NAME = re.compile(r"systolic-([1-9]\d{0,3})x([1-9]\d{0,3})(?:-(os|ws|is))?")
_SOURCE = "npusdk: teaching device, made by rule from its name; no such product is meant"
_LOSSLESS = MappingProxyType({"eta_compute": 1.0, "eta_memory": 1.0, "op_overhead_s": 0.0, "call_overhead_s": 0.0})


def is_teaching_name(key: str) -> bool:
    """Return whether a name in small letters is meant as a teaching device, of whatever size."""
    return key.startswith(_PREFIX)


def make_systolic(key: str) -> DeviceSpec:
    """Return the teaching device of that name.

    Raises
    ------
    UnknownDeviceError
        If the name is not of the form, or the array is larger than `LARGEST`.
    """
    match = _NAME.fullmatch(key)
    rows, columns = (int(match[1]), int(match[2])) if match else (0, 0)
    if match is None or max(rows, columns) > LARGEST:
        raise UnknownDeviceError(
            _("there is no teaching device {name}; an array has 1 to {limit} rows and columns"),
            hint=_("Write systolic-16x16, and -os, -ws or -is after it to choose what stays in the cells."),
            name=repr(key[:80]),
            limit=LARGEST,
        )
    return _make(rows, columns, match[3] or "os")


@lru_cache(maxsize=64)
def _make(rows: int, columns: int, dataflow: str) -> DeviceSpec:
    suffix = "" if dataflow == "os" else f"-{dataflow}"
    name = f"systolic array {rows} x {columns}, {_DATAFLOWS[dataflow]}"
    specs = _specs(name, rows * columns)
    return DeviceSpec(
        id=f"{_PREFIX}{rows}x{columns}{suffix}",
        aliases=(),
        vendor="npusdk",
        name=name,
        kind="npu",
        availability=_figure("current"),
        specs=specs,
        dtypes=DTYPES,
        precisions=tuple(_precision(dtype) for dtype in DTYPES),
        rules=(_RULE,),
        partitions=(),
        memory_pools=(),
        fusion="npu",
        resource_names={},
        operators="reference",
        operators_evidence="assumed",
        model=_model(rows, columns, dataflow),
    )


_RULE = DeviceRule(
    code="teaching_device",
    text="A textbook array, not a product: every figure follows from its name by a rule.",
    text_ko="제품이 아닌 교육용 배열이며, 모든 수치는 이름에서 규칙으로 정해집니다.",
    source=_SOURCE,
    kind="assumed",
)


def _figure(value: float | str | tuple[str, ...], unit: str = "") -> Sourced:
    return Sourced(value=value, unit=unit, source=_SOURCE, kind="assumed")


def _precision(dtype: str) -> Precision:
    return Precision(dtype=dtype, reachable="documented", software="npusdk", source=_SOURCE, kind="assumed")


def _specs(name: str, cells: int) -> dict[str, Sourced]:
    values: dict[str, Any] = {
        "vendor": "npusdk",
        "name": name,
        "role": "teaching device",
        "dtypes": DTYPES,
        **{f"peak_{dtype}_ops_per_s": 2.0 * cells * CLOCK_HZ for dtype in DTYPES},
        "clock_hz": CLOCK_HZ,
        "units": 1,
        "matrix_unit_macs_per_cycle": cells,
    }
    return {key: _figure(value, SPECS[key].unit) for key, value in values.items()}


def _model(rows: int, columns: int, dataflow: str) -> dict[str, Sourced]:
    edge_bytes_per_s = EDGE_BYTES * (rows + columns) * CLOCK_HZ
    values: dict[str, Any] = {
        "style": "systolic",
        **{f"{MACS}.{dtype}": rows * columns for dtype in DTYPES},
        "lanes": columns,
        "vector_ops_per_s": rows * columns * CLOCK_HZ,
        "memory_bandwidth_bytes_per_s": edge_bytes_per_s,
        "host_bandwidth_bytes_per_s": edge_bytes_per_s,
        "overlap": 1,
        **_LOSSLESS,
        "launch_overhead_s": 0.0,
        "power_boundary": "chip",
        "array_rows": rows,
        "array_columns": columns,
        "dataflow": dataflow,
    }
    return {key: _figure(value, MODEL[key].unit) for key, value in values.items()}
