"""How a model runs on an accelerator that you do not own.

>>> import npusdk as npu
>>> npu.device("rngd").name
'RNGD'

`load` reads a model, `check` says which devices run it, `profile` and `compare` how long it would take there and why,
`compile` makes a program that runs on the emulator in the number formats of a device. Names are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npusdk.array import DeviceArray, asarray
    from npusdk.calibration.validation import validate
    from npusdk.catalogue import DeviceList, DeviceSpec
    from npusdk.cost.price import PriceList
    from npusdk.errors import (
        ConfigError,
        DeviceError,
        DoesNotFitError,
        DtypeError,
        JobError,
        ModelError,
        ModelFormatError,
        NpuError,
        OutOfDeviceMemoryError,
        PrecisionError,
        RunTimeoutError,
        SerializationError,
        ShapeError,
        UnknownDeviceError,
        UnsupportedOpError,
        UsageError,
    )
    from npusdk.language import set_language
    from npusdk.pipeline import LLM, Model, Program, check, compare, compile, device, devices, load, profile  # noqa: A004
    from npusdk.report import Comparison, FitReport, Parallel, ProfileReport, ServingReport, ValidationReport
    from npusdk.targets import LocalTarget, local

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022 - sorted as a reader sorts
    "Comparison",
    "ConfigError",
    "DeviceArray",
    "DeviceError",
    "DeviceList",
    "DeviceSpec",
    "DoesNotFitError",
    "DtypeError",
    "FitReport",
    "JobError",
    "LLM",
    "LocalTarget",
    "Model",
    "ModelError",
    "ModelFormatError",
    "NpuError",
    "OutOfDeviceMemoryError",
    "Parallel",
    "PrecisionError",
    "PriceList",
    "ProfileReport",
    "Program",
    "RunTimeoutError",
    "SerializationError",
    "ServingReport",
    "ShapeError",
    "UnknownDeviceError",
    "UnsupportedOpError",
    "UsageError",
    "ValidationReport",
    "asarray",
    "check",
    "compare",
    "compile",
    "device",
    "devices",
    "load",
    "local",
    "profile",
    "set_language",
    "validate",
]

_HOMES = {
    "npusdk.array": ("DeviceArray", "asarray"),
    "npusdk.calibration.validation": ("validate",),
    "npusdk.catalogue": ("DeviceList", "DeviceSpec"),
    "npusdk.cost.price": ("PriceList",),
    "npusdk.language": ("set_language",),
    "npusdk.pipeline": (
        "LLM",
        "Model",
        "Program",
        "check",
        "compare",
        "compile",
        "device",
        "devices",
        "load",
        "profile",
    ),
    "npusdk.report": ("Comparison", "FitReport", "Parallel", "ProfileReport", "ServingReport", "ValidationReport"),
    "npusdk.targets": ("LocalTarget", "local"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        text = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(text)
    value = getattr(import_module(_HOME.get(name, "npusdk.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: object) -> None:
    """Give IPython the magics `%npu` and `%%npu`; called by `%load_ext npusdk`."""
    import_module("npusdk.notebook").load_ipython_extension(shell)


def unload_ipython_extension(shell: object) -> None:
    """Take the magics back; called by `%unload_ext npusdk`."""
    import_module("npusdk.notebook").unload_ipython_extension(shell)
