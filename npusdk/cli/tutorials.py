"""The tutorials: where they are in this installation, and a copy of them that a reader may change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from npusdk.errors import ConfigError
from npusdk.language import _

SHARED = ("models", "exercises.py")
"""What the tutorials of every language read, beside the folder of a language."""

RECORD = ".npusdk-tutorials.json"
"""File in a copy that holds the digest of every file as it was copied: a file that differs is the reader's own."""

_IGNORED = {"__pycache__", ".ipynb_checkpoints"}


@dataclass(frozen=True, slots=True)
class Copy:
    """A reader's copy of the tutorials.

    Parameters
    ----------
    folder
        Where it is.
    first
        The first tutorial.
    written, kept
        Files that were copied now, and files that the reader has changed and that were left alone: paths in the
        folder, with "/" between their parts.
    """

    folder: Path
    first: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def find_tutorials() -> Path:
    """Return the folder of the tutorials: inside the installed package, or beside it in a checkout.

    Raises
    ------
    ConfigError
        If this installation has none.
    """
    package = Path(__file__).parents[1]
    folder = next((place for place in (package, package.parent) if (place / "tutorials" / "en").is_dir()), None)
    if folder is None:
        raise ConfigError(
            _("this installation of npusdk has no tutorials; there is no folder {folder}"),
            hint=_("Install npusdk again from its wheel."),
            folder=str(package / "tutorials"),
        )
    return folder / "tutorials"


def copy_tutorials(language: str, folder: Path) -> Copy:
    """Copy the tutorials of a language; a file that the reader has changed stays as it is.

    Parameters
    ----------
    folder
        Where to, made if it is not there; the folder of the tutorials itself is left as it is.

    Raises
    ------
    OSError
        If a file cannot be read or written.
    """
    source, folder = find_tutorials(), folder.absolute()
    first = next(iter(sorted((source / language).glob("*.ipynb")))).relative_to(source)
    written: list[str] = []
    kept: list[str] = []
    if not (folder.exists() and folder.samefile(source)):
        record = _read_record(folder)
        for name, content in _contents(source, language):
            target, digest = folder / name, sha256(content).hexdigest()
            there = sha256(target.read_bytes()).hexdigest() if target.exists() else None
            if there not in (None, digest, record.get(name)):
                kept.append(name)
                continue
            if there != digest:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                written.append(name)
            record[name] = digest
        _write_record(folder, record)
    return Copy(folder, folder / first, tuple(written), tuple(kept))


def _contents(source: Path, language: str) -> Iterator[tuple[str, bytes]]:
    """Yield the path of each file, with "/" between its parts, and its bytes."""
    for root in (language, *SHARED):
        for path in sorted([source / root, *(source / root).rglob("*")]):
            if path.is_file() and not _IGNORED & set(path.parts):
                yield path.relative_to(source).as_posix(), path.read_bytes()


def _read_record(folder: Path) -> dict[str, str]:
    """Return what was copied into a folder before; a record that cannot be read makes every file the reader's own."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in record.items()} if isinstance(record, dict) else {}


def _write_record(folder: Path, record: Mapping[str, str]) -> None:
    (folder / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
