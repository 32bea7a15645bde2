"""What the doctor looks at: the interpreter, NumPy and its BLAS, extras, language, catalogue, memory. No network."""

from __future__ import annotations

import ctypes
import locale
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from npusdk.display import Shown
from npusdk.errors import NpuError
from npusdk.host import memory_bytes
from npusdk.language import LANGUAGES, _, current_language, render, translate
from npusdk.pipeline import devices
from npusdk.units import format_bytes

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType({"onnx": ("onnx",), "lab": ("jupyterlab", "ipykernel")})
"""Extras of the package, and the distributions that they bring."""

_BLAS_PREFIXES = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name
        Word for programs.
    label
        The same for the reader.
    status
        "ok", "note" for what is worth knowing, "missing" for what hinders some command.
    value
        What was found.
    hint
        The way out; empty when all is well.
    """

    name: str
    label: str
    status: Literal["ok", "note", "missing"]
    value: str
    hint: str = ""


@dataclass(frozen=True)
class Examination(Shown):
    """What was found on this machine; shows itself in a notebook.

    Parameters
    ----------
    checks
        In the order in which they were made.
    """

    checks: tuple[Check, ...]


def examine() -> Examination:
    """Look at everything that is worth a word; nothing outside this machine is asked."""
    return Examination(tuple(_look()))


def _look() -> Iterator[Check]:
    yield Check("npusdk", "npusdk", "ok", installed("npusdk") or translate(_("run from its source, not installed")))
    yield _python()
    yield Check("numpy", "NumPy", "ok", np.__version__)
    yield _blas()
    yield from map(_extra, EXTRAS)
    yield _language()
    yield _encoding()
    yield _catalogue()
    yield _memory()


def installed(distribution: str) -> str | None:
    """Return the version of an installed distribution, None where there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _python() -> Check:
    value = (
        f"{platform.python_version()} ({platform.python_implementation()}), {platform.system()} {platform.machine()}"
    )
    return Check("python", "Python", "ok", value)


def _blas() -> Check:
    label = "BLAS"
    library = _openblas()
    if library is None:
        return Check("blas", label, "note", translate(_("not NumPy's own OpenBLAS; architecture and threads unknown")))
    core = _call(library, "get_corename", ctypes.c_char_p)
    threads = _call(library, "get_num_threads", ctypes.c_int)
    value = render(
        _("OpenBLAS, architecture {core}, threads {threads}"),
        core=core.decode("ascii", "replace") if isinstance(core, bytes) else "-",
        threads=threads if isinstance(threads, int) else "-",
    )
    forced = os.environ.get("OPENBLAS_CORETYPE")
    if forced:
        hint = render(_("Unset OPENBLAS_CORETYPE ({value}) unless you mean it: it decides the speed."), value=forced)
        return Check("blas", label, "note", value, hint)
    return Check("blas", label, "ok", value)


def _openblas() -> ctypes.CDLL | None:
    """Return the OpenBLAS that NumPy's wheel brings and has loaded."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            with suppress(OSError):
                return ctypes.CDLL(str(path))
    return None


def _call(library: ctypes.CDLL, name: str, result: type[ctypes.c_char_p | ctypes.c_int]) -> object:
    for pattern in _BLAS_PREFIXES:
        function = getattr(library, pattern.format(name), None)
        if function is not None:
            function.restype = result
            return function()
    return None


def _extra(extra: str) -> Check:
    found = {name: installed(name) for name in EXTRAS[extra]}
    value = ", ".join(f"{name} {number or translate(_('missing'))}" for name, number in found.items())
    label = render(_("extra {extra}"), extra=extra)
    if all(found.values()):
        return Check(f"extra_{extra}", label, "ok", value)
    hint = render(_("Install it: {line}"), line=f'{Path(sys.executable).name} -m pip install "npusdk[{extra}]"')
    return Check(f"extra_{extra}", label, "missing", value, hint)


def _language() -> Check:
    value = render(_("{language} of {languages}"), language=current_language(), languages=", ".join(LANGUAGES))
    return Check("language", translate(_("language")), "ok", value)


def _encoding() -> Check:
    encoding = getattr(sys.stdout, "encoding", None) or "-"
    files = "utf-8" if sys.flags.utf8_mode else locale.getencoding().lower()
    value = render(_("output {output}, files {files}"), output=encoding, files=files)
    with suppress(LookupError, UnicodeEncodeError):
        "한국어".encode(encoding)
        return Check("encoding", translate(_("encoding")), "ok", value)
    hint = translate(_("Set PYTHONUTF8=1 to see Korean."))
    return Check("encoding", translate(_("encoding")), "note", value, hint)


def _catalogue() -> Check:
    label = translate(_("catalogue"))
    try:
        count = len(devices())
    except NpuError as error:
        return Check("catalogue", label, "missing", str(error), translate(_("Install npusdk again.")))
    return Check("catalogue", label, "ok", render(_("devices: {count}"), count=count))


def _memory() -> Check:
    label = translate(_("memory"))
    size_bytes = memory_bytes()
    if size_bytes is None:
        return Check("memory", label, "note", translate(_("not known on this system")))
    return Check("memory", label, "ok", format_bytes(size_bytes))
