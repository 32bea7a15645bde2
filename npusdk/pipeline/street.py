"""The public calls, in the order in which a person makes them.

A model is given as `load` returned it, or as anything that `load` takes; a device by any of its names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from npusdk.catalogue import DeviceList, DeviceSpec, filter_devices, find_device
from npusdk.cost.price import PriceList
from npusdk.errors import (
    ConfigError,
    UnknownDeviceError,
)
from npusdk.importers import Source
from npusdk.language import _
from npusdk.pipeline.comparing import compare_cases, read_axes
from npusdk.pipeline.fitting import fit_device
from npusdk.pipeline.model import Model
from npusdk.pipeline.opening import (
    ZOO_PREFIX,
    open_file,
    open_zoo,
    read_count,
    read_shapes,
    refuse_sizes,
    refuse_zoo_sizes,
)
from npusdk.pipeline.program import Program
from npusdk.report import Comparison, FitReport, Parallel, ProfileReport
from npusdk.zoo import Size

AnyModel: TypeAlias = Model | Source


def devices(
    vendor: str | None = None,
    kind: str | None = None,
    dtypes: Iterable[str] | str | None = None,
    min_memory: int | str | None = None,
) -> DeviceList:
    """Return the devices of the catalogue that meet every condition given.

    Parameters
    ----------
    vendor
        Beginning of a vendor's name, in any case.
    kind
        "npu", "gpu", "ipu" or "lpu".
    dtypes
        Number formats that the device must have ("int8", "bf16").
    min_memory
        Bytes, or a text such as "48GiB".

    Examples
    --------
    >>> [device.id for device in devices(vendor="furiosa")]
    ['furiosa-rngd', 'furiosa-warboy']
    """
    return filter_devices(vendor, kind, dtypes=dtypes, min_memory=min_memory)


def device(name: str) -> DeviceSpec:
    """Return one device by its identifier or alias; "rngd:4pe" is a part of one.

    Raises
    ------
    UnknownDeviceError
        If there is no such device, naming the nearest.

    Examples
    --------
    >>> device("rngd").specs["memory_bandwidth_bytes_per_s"].number
    1500000000000.0
    """
    return find_device(name)


def load(
    source: AnyModel,
    input_shapes: Mapping[str, tuple[int, ...]] | None = None,
    *,
    batch: int | None = None,
    sequence: int | None = None,
    resolution: int | None = None,
) -> Model:
    """Return a checked model.

    Parameters
    ----------
    source
        Path of an ONNX file, its bytes, an `onnx.ModelProto`, or "zoo:" and the name of a reference network.
    input_shapes
        Sizes of inputs whose dimensions the file leaves open, by input name. A leading open dimension alone is the
        batch and needs none.
    batch
        Samples in one call.
    sequence, resolution
        Tokens of a sample, and pixels of a square image's side, of a reference network.

    Raises
    ------
    ModelFormatError
        If the file is broken, truncated or hostile.
    UnsupportedOpError
        If an operator or an element type is not known, naming node, operator and opset.
    ShapeError
        If a dimension stays open, or shapes and sizes do not suit the model.
    ConfigError
        If there is no such file, or no such network in the zoo.

    Examples
    --------
    >>> load("zoo:resnet18", batch=8).inputs[0].shape
    (8, 3, 224, 224)
    """
    given = {"batch": batch, "sequence": sequence, "resolution": resolution}
    sizes = {name: read_count(name, value) for name, value in given.items()}
    if isinstance(source, Model):
        refuse_sizes(source, {"input_shapes": input_shapes or None, **sizes})
        return source
    shapes = read_shapes(input_shapes or {})
    if isinstance(source, str) and source.startswith(ZOO_PREFIX):
        size = Size(sizes["resolution"] or 0, sizes["sequence"] or 0)
        model = open_zoo(source.removeprefix(ZOO_PREFIX), shapes, size=size, batch=sizes["batch"])
    else:
        refuse_zoo_sizes(sizes)
        model = open_file(source, shapes, batch=sizes["batch"])
    model.planner.prepare()
    return model


def check(
    model: AnyModel,
    devices: str | Iterable[str | DeviceSpec] = "all",
    precision: str = "auto",
    batch: int | None = None,
) -> FitReport:
    """Return which devices run a model, and what says so.

    Parameters
    ----------
    devices
        "all" for those one can get today, one name, or several.
    precision
        "auto" chooses for each device, see `npusdk.compiler.choose_precision`.
    batch
        Samples in one call; the model's own by default.
    """
    loaded = load(model)
    size = loaded.batch if batch is None else batch
    planner = loaded.planner
    fits = tuple(fit_device(planner, spec, precision, size) for spec in _choose(devices))
    return FitReport(model=loaded.name, batch=size, precision=precision, fits=fits)


def compile(  # noqa: A001 - the public name
    model: AnyModel, device: str | DeviceSpec, precision: str = "auto", batch: int | None = None
) -> Program:
    """Return a program for one device, to run on the emulator or to be profiled.

    Raises
    ------
    PrecisionError
        If the device does not have the precision.
    UnsupportedOpError
        If the vendor's list excludes an operator of the model.
    """
    loaded = load(model)
    planner, spec = loaded.planner, _find(device)
    plan = planner.plan(spec, planner.precision(spec, precision), loaded.batch if batch is None else batch)
    return Program(spec, plan, planner)


def profile(
    model: AnyModel,
    device: str | DeviceSpec,
    precision: str = "auto",
    batch: int | None = None,
    *,
    parallel: Parallel | None = None,
    stack: str = "",
    prices: PriceList | None = None,
) -> ProfileReport:
    """Return what a model is predicted to take on a device: time, bounds, memory, energy, and how sure that is.

    Parameters
    ----------
    parallel
        Replicas of the device that take calls independently. A pass of a language model keeps the number of devices
        that it was made for.
    stack
        Software whose measured factors are applied; empty for none.
    prices
        Prices of a centre; without them no price is said.

    Raises
    ------
    PrecisionError
        If the device does not have the precision, or the public figures do not allow a prediction in it.
    ConfigError
        If the model cannot be divided so, the stack is not known, or `NPUSDK_CALIBRATION` pins a version of the cost
        model that there is not.

    Examples
    --------
    >>> model = load("zoo:resnet18")
    >>> one, two = (profile(model, "rngd", parallel=Parallel(replicas=n)) for n in (1, 2))
    >>> two.throughput_per_s / one.throughput_per_s
    2.0
    """
    loaded = load(model)
    planner, spec = loaded.planner, _find(device)
    dtype = planner.precision(spec, precision)
    size = loaded.batch if batch is None else batch
    return planner.profile(spec, dtype, size, parallel=parallel, stack=stack, prices=prices)


def compare(
    model: AnyModel,
    devices: str | Iterable[str | DeviceSpec] = "all",
    precision: str | Iterable[str] = "auto",
    batch: int | Iterable[int] | None = None,
    *,
    parallel: Parallel | Iterable[Parallel] | None = None,
    stack: str = "",
    prices: PriceList | None = None,
) -> Comparison:
    """Return profiles of a model on several devices, and why the others have none.

    Every device is taken in every precision, batch and number of replicas; what two of them name in different words is
    profiled once.

    Parameters
    ----------
    devices
        "all" for those one can get today, one name, or several.
    precision, batch, parallel
        One value each, or several.
    stack, prices
        As for `profile`.

    Raises
    ------
    ConfigError
        If nothing is asked for, the stack is not known, or `NPUSDK_CALIBRATION` pins a version of the cost model that
        there is not.

    Examples
    --------
    >>> found = compare(load("zoo:resnet18"), "rngd", precision=["auto", "bf16", "fp8"], batch=[1, 8])
    >>> [(profile.precision, profile.batch) for profile in found.profiles]
    [('bf16', 1), ('bf16', 8), ('fp8', 1), ('fp8', 8)]
    """
    loaded = load(model)
    asked = read_axes(loaded, precision, batch, parallel)
    return compare_cases(loaded, _choose(devices), asked, stack=stack, prices=prices)


def _find(name: str | DeviceSpec) -> DeviceSpec:
    if isinstance(name, DeviceSpec):
        return name
    if not isinstance(name, str):
        raise UnknownDeviceError(
            _("a device is named by a text, not by {value}"),
            hint=_("Name it as npusdk.devices() does."),
            value=repr(name)[:80],
        )
    return find_device(name)


def _choose(names: str | Iterable[str | DeviceSpec]) -> tuple[DeviceSpec, ...]:
    """Return the devices meant: "all" are those that one can get today."""
    if isinstance(names, str):
        if names == "all":
            return tuple(filter_devices(availability="current"))
        return (find_device(names),)
    chosen = tuple(_find(name) for name in names)
    if not chosen:
        raise ConfigError(_("no device is named"), hint=_("Name at least one device, or write devices='all'."))
    return chosen
