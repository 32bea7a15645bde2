"""Main street: load, check, compile, profile, compare; branches on no device's name."""

from npusdk.pipeline.language_model import LLM
from npusdk.pipeline.model import Model
from npusdk.pipeline.program import Program
from npusdk.pipeline.street import check, compare, compile, device, devices, load, profile  # noqa: A004
from npusdk.pipeline.versions import model_version

__all__ = [
    "LLM",
    "Model",
    "Program",
    "check",
    "compare",
    "compile",
    "device",
    "devices",
    "load",
    "model_version",
    "profile",
]
