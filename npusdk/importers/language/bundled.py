"""Language models that come with npusdk by name, and reading a configuration from wherever it is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from stat import S_ISREG
from types import MappingProxyType
from typing import TypeAlias

from npusdk.errors import ConfigError, ModelFormatError
from npusdk.importers.language.configuration import LanguageConfig
from npusdk.importers.language.families import from_huggingface
from npusdk.language import _, plain
from npusdk.values import Frozen

LanguageSource: TypeAlias = "str | PathLike[str] | Mapping[str, object] | LanguageConfig"
"""A bundled name, the path of a Hugging Face `config.json`, or what such a file holds."""

MOST_BYTES = 1 << 22
"""Largest configuration that is read; published ones have a thousandth of that."""


class Bundled(Frozen):
    """A model of `models.toml`.

    Parameters
    ----------
    config
        Its geometry.
    source
        Where the geometry is published.
    published, counts
        Weights as published, 0 where only a rounded name is, and where that is written.
    aliases
        Further names, of models with the same geometry too.
    """

    config: LanguageConfig
    source: str
    published: float = 0
    counts: str = ""
    aliases: tuple[str, ...] = ()


@cache
def bundled_models() -> Mapping[str, Bundled]:
    """Return the bundled models by name."""
    text = files(__package__).joinpath("models.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: _bundle(name, row) for name, row in tomllib.loads(text).items()})


def _bundle(name: str, row: Mapping[str, object]) -> Bundled:
    kept = {key: row[key] for key in Bundled.model_fields if key in row and key != "config"}
    return Bundled.model_validate({**kept, "config": from_huggingface(row, name)})


def read_config(source: LanguageSource) -> LanguageConfig:
    """Return the geometry of a model.

    Raises
    ------
    ConfigError
        If there is no such name or file.
    ModelFormatError, UnsupportedOpError
        See `from_huggingface`.
    """
    if isinstance(source, LanguageConfig):
        return source
    if isinstance(source, Mapping):
        return from_huggingface(source)
    if not isinstance(source, (str, PathLike)):
        raise ConfigError(
            _("a language model is named by a text, a path or a dictionary, not by {value}"),
            hint=_("Give a bundled name such as llama-3-8b, or the path of a config.json."),
            value=plain(repr(source), 80),
        )
    named = _find(str(source))
    if named is not None:
        return named.config
    path = _path_of(source)
    if path is None:
        raise _unknown(str(source))
    return from_huggingface(_read_file(path), _name_of(path))


def _path_of(source: str | PathLike[str]) -> Path | None:
    """Return the file that is meant; None where it is none, such as a name that no file can have."""
    path = Path(source)
    try:
        path = path / "config.json" if path.is_dir() else path
        return path if path.suffix == ".json" or path.exists() else None
    except OSError:
        return None


def _find(name: str) -> Bundled | None:
    wanted = name.strip().lower()
    models = bundled_models()
    return models.get(wanted) or next((model for model in models.values() if wanted in model.aliases), None)


def _unknown(name: str) -> ConfigError:
    models = bundled_models()
    known = [*models, *(alias for model in models.values() for alias in model.aliases)]
    nearest = get_close_matches(name.lower(), known, n=3, cutoff=0.4) or list(models)
    return ConfigError(
        _("there is no language model {name}; nearest are {nearest}"),
        hint=_("Give one of these names, or the path of a config.json."),
        name=plain(name, 80),
        nearest=", ".join(nearest),
    )


def _name_of(path: Path) -> str:
    return path.resolve().parent.name if path.name == "config.json" else path.stem


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        status = path.stat()
        is_read = S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES  # a device may give bytes without end
        raw = path.read_bytes() if is_read else b""
    except OSError as error:
        raise ConfigError(
            _("file {path} cannot be read: {problem}"),
            hint=_("Check the path of the config.json."),
            path=str(path),
            problem=error.strerror or type(error).__name__,
        ) from error
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _not_an_object(path) from error
    if not isinstance(found, dict):
        raise _not_an_object(path)
    return found


def _not_an_object(path: Path) -> ModelFormatError:
    return ModelFormatError(
        _("file {path} is not a JSON object of at most {limit} bytes"),
        hint=_("Give the config.json of a language model, as Hugging Face publishes it."),
        path=str(path),
        limit=MOST_BYTES,
    )
