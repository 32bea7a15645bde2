"""What the computer that npusdk runs on has."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def memory_bytes() -> int | None:
    """Return the bytes that this process may use: the machine's, or the limit of its control group; None if unknown."""
    found = [size for reader in (_physical_bytes, _control_group_bytes) if (size := reader())]
    return min(found, default=None)


def _physical_bytes() -> int | None:
    if sys.platform == "win32":
        return _windows_bytes()
    with suppress(ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _control_group_bytes() -> int | None:
    """Return the limit of control groups, version 2 or 1 (Linux, Documentation/admin-guide/cgroup-v2.rst)."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            return int(Path(path).read_text(encoding="ascii"))
    return None


def _windows_bytes() -> int | None:
    """Return what GetPhysicallyInstalledSystemMemory says, in kibibytes there (Microsoft, sysinfoapi.h)."""
    size_kib = ctypes.c_ulonglong()
    library: Callable[[str], ctypes.CDLL] | None = getattr(ctypes, "WinDLL", None)
    if library is None or not library("kernel32").GetPhysicallyInstalledSystemMemory(ctypes.byref(size_kib)):
        return None
    return size_kib.value * 1024
