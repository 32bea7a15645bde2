"""Arrays in files: what a model is given, and what it answers."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from npusdk.errors import ShapeError, UsageError
from npusdk.graph import Tensor
from npusdk.language import _

Array = npt.NDArray[np.generic]

SUFFIXES = (".npz", ".npy")
_UNREADABLE = (OSError, EOFError, ValueError, MemoryError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def check_suffix(path: Path) -> None:
    """Refuse a file name that is neither .npz nor .npy.

    Raises
    ------
    UsageError
        If it is not.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            _("{path}: arrays are kept in {suffixes}, not in {suffix}"),
            hint=_("Write them with numpy.savez or numpy.save."),
            path=str(path),
            suffix=repr(path.suffix),
            suffixes=", ".join(SUFFIXES),
        )


def read_inputs(path: Path, tensors: Sequence[Tensor]) -> dict[str, Array]:
    """Return an array of the file for each input; an only array serves an only input, whatever its name.

    Raises
    ------
    UsageError
        If the file is not there or no file of arrays.
    ShapeError
        If it has no array for an input.
    """
    check_suffix(path)
    found = _read(path)
    names = [tensor.name for tensor in tensors]
    if len(names) == len(found) == 1:
        return {names[0]: next(iter(found.values()))}
    missing = [name for name in names if name not in found]
    if missing:
        raise ShapeError(
            _("{path} has no array for input {missing}; it has {found}"),
            hint=_("Name the arrays as the model's inputs: numpy.savez(path, **{{name: array}})."),
            path=str(path),
            missing=", ".join(missing),
            found=", ".join(found) or "-",
        )
    return {name: found[name] for name in names}


def _read(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise UsageError(_("there is no file {path}"), hint=_("Check the path of the inputs."), path=str(path))
    try:
        with path.open("rb") as file:  # numpy.load leaves a broken archive open
            content = np.load(file, allow_pickle=False)
            return dict(content) if isinstance(content, NpzFile) else {path.stem: content}
    except _UNREADABLE as error:
        raise UsageError(
            _("{path} cannot be read as arrays: {problem}"),
            hint=_("Write it again with numpy.savez or numpy.save, without objects."),
            path=str(path),
            problem=str(error).split("\n", maxsplit=1)[0] or type(error).__name__,
        ) from error


def write_outputs(path: Path, outputs: Mapping[str, Array]) -> None:
    """Write the outputs by name into an .npz, or the only one into an .npy.

    Raises
    ------
    UsageError
        If several outputs are to go into an .npy.
    OSError
        If the file cannot be written.
    """
    check_suffix(path)
    if path.suffix.lower() == ".npy":
        _write_one(path, outputs)
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:  # numpy.savez cannot name an array "file"
        for name, array in outputs.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def _write_one(path: Path, outputs: Mapping[str, Array]) -> None:
    if len(outputs) != 1:
        raise UsageError(
            _("{path} takes one array; the model has {count} outputs: {names}"),
            hint=_("Name a file that ends in .npz."),
            path=str(path),
            count=len(outputs),
            names=", ".join(outputs),
        )
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.asanyarray(next(iter(outputs.values()))), allow_pickle=False)


def leading_size(arrays: Mapping[str, Array]) -> int | None:
    """Return the leading size of the first array, which is the batch of most models; None for a scalar."""
    shape = next(iter(arrays.values())).shape if arrays else ()
    return int(shape[0]) if shape else None


def first_values(array: Array, count: int = 4) -> str:
    """Return the first values of an array as text."""
    shown = " ".join(
        np.format_float_positional(value, precision=4, trim="-") if array.dtype.kind == "f" else str(value)
        for value in array.reshape(-1)[:count]
    )
    return f"{shown} ..." if array.size > count else shown
