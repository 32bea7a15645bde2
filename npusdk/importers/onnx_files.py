"""Files of a model on disk: memory-mapped, checked, and never outside the model's folder."""

from __future__ import annotations

import mmap
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from npusdk.errors import ConfigError, ModelFormatError
from npusdk.importers.onnx_refusals import broken
from npusdk.language import _

_OTHER_KINDS = (
    (b"version https://git-lfs", "Git LFS pointer"),
    (b"PK\x03\x04", "zip (PyTorch, Keras or a notebook's archive)"),
    (b"\x80\x02", "Python pickle"),
    (b"\x89HDF", "HDF5 (Keras)"),
    (b"<!DOCTYPE", "HTML page"),
    (b"<html", "HTML page"),
    (b"GGUF", "GGUF"),
    (b"{", "JSON"),
)
"""How files begin that people take for ONNX."""


def map_file(path: Path) -> memoryview:
    """Return a regular file's bytes without reading them.

    Raises
    ------
    ConfigError
        If there is no such file.
    ModelFormatError
        If it is not a regular file, or empty.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise ConfigError(
            _("There is no file {path}: {reason}."),
            hint=_("Check the path; it is taken from the working directory."),
            path=path,
            reason=getattr(error, "strerror", None) or error,
        ) from error
    if not stat.S_ISREG(mode):
        broken(_("{path} is not a file."), path=path)
    try:
        with path.open("rb") as stream:
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise ModelFormatError(
            _("{path} cannot be read: {reason}."),
            hint=_("Check that the file is complete and that you may read it."),
            path=path,
            reason=getattr(error, "strerror", None) or error,
        ) from error


def refuse_other_kinds(buffer: memoryview) -> None:
    """Refuse files that begin as another kind of file does."""
    head = bytes(buffer[:32]).lstrip()
    for beginning, kind in _OTHER_KINDS:
        if head.startswith(beginning):
            broken(_("This is not an ONNX file; it begins like: {kind}."), kind=kind)


@dataclass
class ExternalData:
    """The files beside a model that hold its tensors.

    Parameters
    ----------
    model
        Path of the model file; None for a model that did not come from a file.
    """

    model: Path | None
    _mapped: dict[Path, memoryview] = field(default_factory=dict)

    def read(self, tensor: str, entries: dict[str, str], size_bytes: int) -> memoryview:
        """Return the bytes of a tensor.

        Parameters
        ----------
        tensor
            Its name, for errors.
        entries
            The tensor's `external_data`: location, offset, length.
        size_bytes
            Length that its dimensions and element type ask for.

        Raises
        ------
        ModelFormatError
            If the location leaves the model's folder, or the file is missing or too short.
        """
        content = self._open(tensor, entries.get("location", ""))
        offset = _count(tensor, "offset", entries.get("offset", "0"))
        length = _count(tensor, "length", entries.get("length", str(size_bytes)))
        if length != size_bytes:
            template = _("Tensor {tensor}: external data of {found} bytes; its dimensions ask for {expected}.")
            broken(template, tensor=tensor, field="length", found=length, expected=size_bytes)
        if offset + length > len(content):
            template = _("Tensor {tensor}: external data from byte {offset} to {end}; the file {location} has {size}.")
            broken(
                template, tensor=tensor, field="offset", offset=offset, end=offset + length,
                location=entries.get("location"), size=len(content),
            )  # fmt: skip
        return content[offset : offset + length]

    def _open(self, tensor: str, location: str) -> memoryview:
        path = self._locate(tensor, location)
        if path not in self._mapped:
            self._mapped[path] = map_file(path) if path.stat().st_size else memoryview(b"")
        return self._mapped[path]

    def _locate(self, tensor: str, location: str) -> Path:
        """Return the real path of a location, which has to lie in the folder of the model or of what it links to."""
        if self.model is None:
            template = _("Tensor {tensor} is stored in the file {location}, but the model was not given as a path.")
            broken(template, tensor=tensor, field="location", location=location)
        relative = PurePosixPath(location)
        leaves = relative.is_absolute() or PureWindowsPath(location).drive or ".." in PureWindowsPath(location).parts
        path = self.model.parent / relative
        try:
            real = path.resolve()
            folders = {self.model.parent.resolve(), self.model.resolve().parent}
            inside = any(real.is_relative_to(folder) for folder in folders)
            regular = real.is_file()
        except (OSError, ValueError, RuntimeError):
            inside, regular = True, False
        if leaves or not location or not inside:
            template = _("Tensor {tensor}: location {location} leaves the model's folder.")
            broken(template, tensor=tensor, field="location", location=repr(location))
        if not regular:
            template = _("Tensor {tensor}: there is no file {location} in the model's folder.")
            broken(template, tensor=tensor, field="location", location=repr(location))
        return real


def _count(tensor: str, name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        template = _("Tensor {tensor}: {field} of its external data is {value}, not a number of bytes.")
        broken(template, tensor=tensor, field=name, value=repr(text)[:80])
    return int(text)
