"""The error tree.

::

    NpuError
      UsageError
        UnknownDeviceError      a device name that the catalogue does not have
        ShapeError              shapes that do not fit together, or a dimension nobody bound
        DtypeError              an element type where another is needed
        SerializationError      a value that cannot travel between the notebook and where a cell runs
        ConfigError             a setting, an argument or an installation that is wrong
      ModelError
        ModelFormatError        a file that is broken, truncated or hostile
        UnsupportedOpError      an operator that npusdk or the device does not know
        DoesNotFitError         a model larger than the machine or the device it is meant for
        PrecisionError          a number format that the device or the model cannot have
      DeviceError
        OutOfDeviceMemoryError  the emulated device's memory is exceeded
      JobError
        RunTimeoutError         a run took longer than it was given

An error carries an English template and its parameters; the text is rendered at the edge, in the reader's language.
"""

from __future__ import annotations

from math import isfinite
from typing import TypeAlias

from npusdk.language import _, fill, translate

Param: TypeAlias = "str | int | float | bool | list[Param] | dict[str, Param] | None"
"""A value as JSON knows it."""


def _plain(value: object) -> Param:
    """Return `value` as JSON knows it, so that an error crosses a wire unchanged."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return str(value)


class NpuError(Exception):
    """Base of every error that npusdk raises on purpose.

    Parameters
    ----------
    template
        English sentence with `{name}` fields, marked for translation: what happened, where, with the value, the limit.
    hint
        English imperative sentence with the same fields: the way out.
    **params
        Values of the fields; kept as JSON values.
    """

    code = "error"
    retryable = False

    def __init__(self, template: str, /, *, hint: str = "", **params: object) -> None:
        self.template = template
        self.hint = hint
        self.params = {name: _plain(value) for name, value in params.items()}
        super().__init__(template)

    def text(self, language: str | None = None) -> str:
        """Return the message and its hint in `language` ("en", "ko"; the reader's own by default)."""
        message = fill(translate(self.template, language), self.params)
        if not self.hint:
            return message
        hint = fill(translate(self.hint, language), self.params)
        return f"{message}\n\n{translate(_('hint'), language)}: {hint}"

    def __str__(self) -> str:
        return self.text()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.template, self.hint, self.params))


def _rebuild(cls: type[NpuError], template: str, hint: str, params: dict[str, object]) -> NpuError:
    return cls(template, hint=hint, **params)


class UsageError(NpuError):
    """The call was wrong; nothing was done."""

    code = "usage"


class UnknownDeviceError(UsageError):
    """The catalogue has no device of that name."""

    code = "unknown_device"


class ShapeError(UsageError):
    """Shapes do not fit together, or a dimension is not known."""

    code = "shape"


class DtypeError(UsageError):
    """An element type is not the one that is needed."""

    code = "dtype"


class SerializationError(UsageError):
    """A value cannot travel between the notebook and the place where a cell runs."""

    code = "serialization"


class ConfigError(UsageError):
    """A setting, an argument or an installation is wrong."""

    code = "config"


class ModelError(NpuError):
    """The model cannot be used as it is."""

    code = "model"


class ModelFormatError(ModelError):
    """The model file is broken, truncated or hostile."""

    code = "model_format"


class UnsupportedOpError(ModelError):
    """An operator is not known, or not in this form."""

    code = "unsupported_op"


class DoesNotFitError(ModelError):
    """The model needs more memory than there is."""

    code = "does_not_fit"


class PrecisionError(ModelError):
    """The number format is not one that the device or the model can have."""

    code = "precision"


class DeviceError(NpuError):
    """The emulated device could not do what was asked."""

    code = "device"


class OutOfDeviceMemoryError(DeviceError):
    """The emulated device's memory is exceeded."""

    code = "out_of_device_memory"


class JobError(NpuError):
    """What was asked to run did not come to its end."""

    code = "job"


class RunTimeoutError(JobError):
    """A run took longer than it was given."""

    code = "run_timeout"


BY_CODE: dict[str, type[NpuError]] = {
    cls.code: cls
    for cls in (
        NpuError, UsageError, UnknownDeviceError, ShapeError, DtypeError, SerializationError, ConfigError, ModelError,
        ModelFormatError, UnsupportedOpError, DoesNotFitError, PrecisionError, DeviceError, OutOfDeviceMemoryError,
        JobError, RunTimeoutError,
    )
}  # fmt: skip
"""Every class by its stable code, for readers of errors that crossed a wire."""
