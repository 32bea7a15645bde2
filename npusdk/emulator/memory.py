"""Memory that there is, and the refusal of what does not fit."""

from __future__ import annotations

from npusdk.errors import DoesNotFitError, OutOfDeviceMemoryError
from npusdk.language import _


def require_host(model: str, weight_bytes: int, activation_bytes: int, limit: int | None) -> None:
    """Refuse what this machine cannot hold.

    Raises
    ------
    DoesNotFitError
        If weights and live activations together exceed `limit`.
    """
    if limit is None or weight_bytes + activation_bytes <= limit:
        return
    raise DoesNotFitError(
        _(
            "Model {model} needs {total} MiB to run here, weights {weights} MiB and live activations {activations} "
            "MiB; this machine has {limit} MiB."
        ),
        hint=_("Choose a smaller batch, or run it on a machine with more memory; check and profile need no weights."),
        model=model,
        total=_mebibytes(weight_bytes + activation_bytes),
        weights=_mebibytes(weight_bytes),
        activations=_mebibytes(activation_bytes),
        limit=_mebibytes(limit),
    )


def require_device(device: str, weight_bytes: int, activation_bytes: int, limit: int | None) -> None:
    """Refuse what the emulated device cannot hold.

    Raises
    ------
    OutOfDeviceMemoryError
        If weights and live activations in the device's formats exceed `limit`.
    """
    if limit is None or weight_bytes + activation_bytes <= limit:
        return
    raise OutOfDeviceMemoryError(
        _(
            "Device {device} has {limit} MiB of memory; the model needs {total} MiB there, weights {weights} MiB and "
            "live activations {activations} MiB."
        ),
        hint=_("Choose a smaller batch, a narrower precision, or a device with more memory."),
        device=device,
        total=_mebibytes(weight_bytes + activation_bytes),
        weights=_mebibytes(weight_bytes),
        activations=_mebibytes(activation_bytes),
        limit=_mebibytes(limit),
    )


def _mebibytes(size_bytes: int) -> float:
    """Return MiB, rounded to a tenth."""
    return round(size_bytes / (1 << 20), 1)
