"""What the words of a file of measurements mean: devices, precisions, software and units.

Generous with spelling, strict in meaning: a word whose meaning is not certain has no row here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from npusdk.calibration.metrics import Measures
from npusdk.catalogue import device_names, find_device
from npusdk.errors import UnknownDeviceError

DEVICES: Mapping[str, str] = MappingProxyType(
    {
        "a100-40": "nvidia-a100-sxm4-40gb",
        "a100-80": "nvidia-a100-sxm4-80gb",
        "a100-pcie-40": "nvidia-a100-pcie-40gb",
        "a100-pcie-80": "nvidia-a100-pcie-80gb",
        "a100-sxm-40": "nvidia-a100-sxm4-40gb",
        "a100-sxm-80": "nvidia-a100-sxm4-80gb",
        "h100-pcie": "nvidia-h100-pcie",
        "h100-sxm": "nvidia-h100-sxm",
        "h200-sxm": "nvidia-h200-sxm",
        "warboy-1pe": "furiosa-warboy:1pe",
        "warboy-2pe": "furiosa-warboy",
        "atom": "rebellions-atom",
        "atom-plus": "rebellions-atom-plus",
        "atom-plus-ca22": "rebellions-atom-plus-ca22",
        "atom-max": "rebellions-atom-max",
        "ipu-c600": "graphcore-c600",
        "ipu-gc200": "graphcore-gc200",
        "ipu-bow": "graphcore-bow",
        "ipu-mk2-unknown": "graphcore-gc200",
    }
)
"""Key of a device -> device or part of the catalogue; the catalogue's own names need no row.

An A100 with 40 or 80 GB and no form factor is taken as SXM. `atom` is ATOM in these files, where the catalogue's alias
means the card that one can buy. A Mk2 IPU of no stated product is taken as GC200: its rows are conditional for that
reason, and a GC200 has neither Bow's clock nor C600's FP8."""

SEPARATE_PARTS: Mapping[str, tuple[str, int]] = MappingProxyType({"furiosa-warboy": ("furiosa-warboy:1pe", 2)})
"""Device -> part and number of parts that a throughput run keeps busy side by side, each with the batch of the row."""

_IN_WORDS: tuple[tuple[str, str], ...] = (
    (r"a100.*sxm.*40 ?gi?b", "nvidia-a100-sxm4-40gb"),
    (r"a100.*sxm.*80 ?gi?b", "nvidia-a100-sxm4-80gb"),
    (r"a100.*pcie.*40 ?gi?b", "nvidia-a100-pcie-40gb"),
    (r"a100.*pcie.*80 ?gi?b", "nvidia-a100-pcie-80gb"),
    (r"a100.*\b40 ?gi?b", "nvidia-a100-sxm4-40gb"),
    (r"a100.*\b80 ?gi?b", "nvidia-a100-sxm4-80gb"),
    (r"h100.*pcie", "nvidia-h100-pcie"),
    (r"h100.*(sxm|hbm3)", "nvidia-h100-sxm"),
    (r"h200.*(sxm|141)", "nvidia-h200-sxm"),
    (r"l40s\b", "nvidia-l40s"),
    (r"\bt4\b", "nvidia-t4"),
    (r"warboy.*1 of 2 pe", "furiosa-warboy:1pe"),
    (r"warboy", "furiosa-warboy"),
    (r"\brngd\b", "furiosa-rngd"),
    (r"atom ?\+.*ca22|ca22", "rebellions-atom-plus-ca22"),
    (r"atom[ -]max", "rebellions-atom-max"),
    (r"mk2 ipu, model not stated", "graphcore-gc200"),
    (r"\bc600\b", "graphcore-c600"),
    (r"\bgc200\b", "graphcore-gc200"),
    (r"\bbow\b", "graphcore-bow"),
)
"""Devices in words, for files without keys: the first pattern that is found."""

_SPACES = re.compile(r"[\s_]+")

_LONGEST = 400
"""Characters of a text that are looked through."""


@cache
def device_of(key: str, words: str = "") -> str:
    """Return the catalogue's identifier of a device or a part; empty where there is none.

    Examples
    --------
    >>> device_of("A100_PCIe_80"), device_of("warboy-1pe"), device_of("", "NVIDIA A100-SXM4-40GB (AWS P4d)")
    ('nvidia-a100-pcie-80gb', 'furiosa-warboy:1pe', 'nvidia-a100-sxm4-40gb')
    """
    name = _SPACES.sub("-", key.strip().casefold())
    if name:
        return _catalogued(DEVICES.get(name, name))
    text = words[:_LONGEST].casefold()
    return next((device for pattern, device in _IN_WORDS if re.search(pattern, text)), "")


def _catalogued(name: str) -> str:
    if name.partition(":")[0] not in device_names():
        return ""
    try:
        found = find_device(name)
    except UnknownDeviceError:
        return ""
    return "" if found.kind == "reference" else found.id


class Precision(NamedTuple):
    """How a model is computed.

    Parameters
    ----------
    dtype
        Matrix format.
    weights
        Format of the stored weights; empty where it is the same.
    """

    dtype: str
    weights: str = ""


PRECISIONS: Mapping[str, Precision] = MappingProxyType(
    {
        **{name: Precision(name) for name in ("fp32", "tf32", "fp16", "bf16", "fp8", "int8", "int4", "fp4")},
        **{name: Precision("fp32") for name in ("f32", "float32", "single")},
        **{name: Precision("fp16") for name in ("f16", "float16", "half", "fp16.16", "fp16.32")},
        "bfloat16": Precision("bf16"),
        **{name: Precision("fp8") for name in ("float8", "fp8_e4m3", "fp8-e4m3", "e4m3", "fp8-fp16", "w8a8-fp8")},
        **{name: Precision("int8") for name in ("i8", "w8a8", "int8-w8a8", "w8a8-int8", "smoothquant")},
        **{name: Precision("int8") for name in ("int8-smoothquant", "smoothquant-int8")},
        **{name: Precision("fp16", "int8") for name in ("w8a16", "int8-weight-only")},
        **{name: Precision("fp16", "int4") for name in ("w4a16", "int4-weight-only", "awq", "gptq")},
        **{f"{bits}-{way}": Precision("fp16", "int4") for bits in ("int4", "w4a16") for way in ("awq", "gptq")},
        **{f"{way}-{bits}": Precision("fp16", "int4") for bits in ("int4", "w4a16") for way in ("awq", "gptq")},
        **{name: Precision("fp16", name) for name in ("q8_0", "q6_k", "q5_k_m", "q5_0", "q4_k_m", "q4_k_s", "q4_0")},
    }
)
"""Precision in lower case, with hyphens for spaces and without what stands in parentheses -> how it is computed.

GGUF's formats are of the weights alone; its kernels multiply in fp16 or int8 as they choose, fp16 is taken."""

_REMARK = re.compile(r"\([^)]*\)|[;,].*")
_WEIGHTS_ONLY = re.compile(r"\((awq|gptq|weight[ -]only)\)", re.IGNORECASE)


def precision_of(text: str) -> Precision | None:
    """Return how a model is computed; None where the word is not known.

    Examples
    --------
    >>> precision_of("fp16 (TensorRT export; not stated)"), precision_of("Q4_K_M").weights
    (Precision(dtype='fp16', weights=''), 'q4_k_m')
    """
    words = _WEIGHTS_ONLY.sub(r"\1", text[:_LONGEST])
    return PRECISIONS.get(_REMARK.sub("", words).strip().casefold().replace(" ", "-"))


_STACKS: tuple[tuple[str, str], ...] = (
    (r"tensorrt-?\s?llm|trt-?llm", "tensorrt-llm"),
    (r"paddle", "paddle-trt"),
    (r"vllm.?rbln|rbln|rebellions", "rbln"),
    (r"furiosa.?llm", "furiosa-llm"),
    (r"furiosa", "furiosa-sdk"),
    (r"faster.?transformer", "fastertransformer"),
    (r"deep.?speed", "deepspeed-mii"),
    (r"llama\.?cpp", "llama.cpp"),
    (r"sglang", "sglang"),
    (r"vllm", "vllm"),
    (r"poprt|poplar|popart|poptorch", "poplar"),
    (r"openvino", "openvino"),
    (r"onnx.?runtime|\bort\b", "onnxruntime"),
    (r"tensorrt|\btrt\b|trtexec", "tensorrt"),
    (r"torch|pytorch|hugging ?face|transformers", "pytorch"),
)
"""Software -> name of the stack; the first pattern that is found."""


def stack_of(software: str) -> str:
    """Return the name of the software stack, "other" where it is not known.

    Examples
    --------
    >>> [stack_of(text) for text in ("TensorRT 8.0.1, CUDA 11.3", "TensorRT-LLM v1.0 (PyTorch backend)", "")]
    ['tensorrt', 'tensorrt-llm', 'other']
    """
    text = software[:_LONGEST].casefold()
    return next((name for pattern, name in _STACKS if re.search(pattern, text)), "other")


class Unit(NamedTuple):
    """A unit of measurement: what it measures, and how many SI units it is."""

    measures: Measures
    factor: float


UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        **dict.fromkeys(("ns", "nanoseconds"), Unit("time", 1e-9)),
        **dict.fromkeys(("us", "\N{MICRO SIGN}s", "\N{GREEK SMALL LETTER MU}s", "microseconds"), Unit("time", 1e-6)),
        **dict.fromkeys(("ms", "msec", "milliseconds"), Unit("time", 1e-3)),
        **dict.fromkeys(("s", "sec", "seconds"), Unit("time", 1.0)),
        **dict.fromkeys(
            (
                "samples/s",
                "sample/s",
                "samples/sec",
                "images/s",
                "images/sec",
                "img/s",
                "imgs/s",
                "inf/s",
                "fps",
                "frames/s",
                "inferences/s",
                "infer/s",
                "samples/second",
                "images/second",
            ),
            Unit("samples", 1.0),
        ),
        **dict.fromkeys(
            ("sequences/s", "sentences/s", "requests/s", "req/s", "queries/s", "qps"), Unit("samples", 1.0)
        ),
        **dict.fromkeys(("tokens/s", "token/s", "tokens/sec", "tok/s", "t/s", "tps"), Unit("tokens", 1.0)),
        **dict.fromkeys(("mW", "milliwatts"), Unit("power", 1e-3)),
        **dict.fromkeys(("W", "w", "watts"), Unit("power", 1.0)),
        **dict.fromkeys(("kW", "kw"), Unit("power", 1e3)),
    }
)
"""Unit as written -> what it measures; only the case of a watt's prefix means something."""


def unit_of(text: str) -> Unit | None:
    """Return what a unit measures; None where it is not known ("MW" of a board is nobody's).

    Examples
    --------
    >>> unit_of("ms"), unit_of("Samples/s").measures, unit_of("MW")
    (Unit(measures='time', factor=0.001), 'samples', None)
    """
    word = text.strip()
    return UNITS.get(word) or UNITS.get(word.casefold())
