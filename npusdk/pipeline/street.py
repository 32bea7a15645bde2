"""The public calls, in the order in which a person makes them.

A model is given as `load` returned it, or as anything that `load` takes; a device by any of its names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import TypeAlias

from npusdk.catalogue import DeviceList, DeviceSpec, filter_devices, find_device
from npusdk.errors import (
    ConfigError,
    DtypeError,
    ModelFormatError,
    NpuError,
    ShapeError,
    UnknownDeviceError,
    UnsupportedOpError,
)
from npusdk.importers import Source, load_onnx
from npusdk.language import _
from npusdk.pipeline.calibration import model_version
from npusdk.pipeline.fitting import fit_device
from npusdk.pipeline.model import Model
from npusdk.pipeline.program import Program
from npusdk.report import Comparison, FitReport, ProfileReport, Refusal

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


def load(source: AnyModel, input_shapes: Mapping[str, tuple[int, ...]] | None = None) -> Model:
    """Return a checked model.

    Parameters
    ----------
    source
        Path of an ONNX file, its bytes, or an `onnx.ModelProto`.
    input_shapes
        Sizes of inputs whose dimensions the file leaves open, by input name. A leading open dimension alone is the
        batch and needs none.

    Raises
    ------
    ModelFormatError
        If the file is broken, truncated or hostile.
    UnsupportedOpError
        If an operator or an element type is not known, naming node, operator and opset.
    ShapeError
        If a dimension stays open, or `input_shapes` do not suit the model.
    """
    if isinstance(source, Model):
        if input_shapes:
            raise ShapeError(
                _("model {model} is loaded already, its shapes are fixed"),
                hint=_("Give input_shapes when you load its file."),
                model=source.name,
            )
        return source
    shapes = _read_shapes(input_shapes or {})
    try:
        opened = load_onnx(source)
    except DtypeError as error:
        raise _blame(error, UnsupportedOpError) from error
    try:
        model = Model(opened, shapes)
    except (DtypeError, ShapeError) as error:
        if "node" not in error.params or (shapes and isinstance(error, ShapeError)):
            raise
        raise _blame(error, ModelFormatError) from error
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
    model: AnyModel, device: str | DeviceSpec, precision: str = "auto", batch: int | None = None
) -> ProfileReport:
    """Return what a model is predicted to take on a device: time, bounds, memory, and how sure that is.

    Raises
    ------
    PrecisionError
        If the device does not have the precision, or the public figures do not allow a prediction in it.
    ConfigError
        If `NPUSDK_CALIBRATION` pins a version of the cost model that there is not.
    """
    loaded = load(model)
    planner, spec = loaded.planner, _find(device)
    return planner.profile(spec, planner.precision(spec, precision), loaded.batch if batch is None else batch)


def compare(
    model: AnyModel,
    devices: str | Iterable[str | DeviceSpec] = "all",
    precision: str = "auto",
    batch: int | None = None,
) -> Comparison:
    """Return profiles of a model on several devices, and why the others have none.

    Raises
    ------
    ConfigError
        If `NPUSDK_CALIBRATION` pins a version of the cost model that there is not.
    """
    loaded = load(model)
    size = loaded.batch if batch is None else batch
    loaded.at_batch(size)
    model_version()
    profiles, refusals = [], []
    for spec in _choose(devices):
        try:
            profiles.append(profile(loaded, spec, precision, size))
        except NpuError as error:
            refusals.append(Refusal.from_error(spec.id, spec.name, error))
    return Comparison(model=loaded.name, batch=size, profiles=tuple(profiles), refusals=tuple(refusals))


def _blame(error: NpuError, kind: type[NpuError]) -> NpuError:
    """Return an error as one of another kind: what a file itself contradicts is not the caller's fault."""
    return kind(error.template, hint=error.hint, **error.params)


def _read_shapes(shapes: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Return shapes by input name as tuples of whole numbers."""
    try:
        return {str(name): tuple(index(size) for size in shape) for name, shape in shapes.items()}
    except (TypeError, AttributeError) as error:
        raise ShapeError(
            _("input_shapes is {value}: it must give a tuple of whole numbers for each input name"),
            hint=_('Write it so: input_shapes={{"image": (1, 3, 224, 224)}}.'),
            value=repr(shapes)[:80],
        ) from error


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
