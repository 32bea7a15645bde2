"""What every report can do: carry its version, become JSON, be read back, be saved and be shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from pydantic import ValidationError, field_validator

from npusdk.display import Shown, show
from npusdk.errors import ConfigError
from npusdk.language import _
from npusdk.values import Frozen

SCHEMA_VERSION = "1.2"
"""Version of every report schema: a reader refuses another major number and tolerates additions within its own.

1.1 added `live_bytes` to the layers of a profile. 1.2 added several devices, software, chunks, energy with its range,
provenance, sensitivity and advice to a profile, `repeats`, `terms` and `explanation` to its layers, and several
precisions, batches and divisions of a model to a comparison.
"""


class Report(Shown, Frozen):
    """Base of the reports."""

    media: ClassVar[tuple[str, ...]] = ("csv", "html", "json")

    schema_version: str = SCHEMA_VERSION

    @field_validator("schema_version")
    @classmethod
    def _check_major(cls, version: str) -> str:
        if version.split(".", maxsplit=1)[0] != SCHEMA_VERSION.split(".", maxsplit=1)[0]:
            text = f"schema version {version} is not of major {SCHEMA_VERSION.split('.', maxsplit=1)[0]}"
            raise ValueError(text)
        return version

    def to_json(self) -> str:
        """Return the report as indented JSON; `from_json` gives an equal report back."""
        return self.model_dump_json(indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a report that `to_json` wrote, also one of a newer minor version.

        Raises
        ------
        ConfigError
            If the text is not such a report, is of another major version or breaks an invariant.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            raise ConfigError(
                _("this is not a {kind} that this version reads: {field}: {problem}"),
                hint=_("Write the report again with this version of npusdk."),
                kind=cls.__name__,
                field=".".join(str(part) for part in problem["loc"]) or "-",
                problem=problem["msg"],
            ) from error

    def save(self, path: str | Path) -> Path:
        """Write the report; the suffix says how.

        ".json" is read back by `from_json`; ".csv" is for spreadsheets; ".html" is a page that stands alone;
        ".trace.json" is a trace that https://ui.perfetto.dev and chrome://tracing open. There is no PNG.

        Raises
        ------
        ConfigError
            If the suffix is none of those that this report has.
        """
        target = Path(path)
        medium = choose_medium(target, type(self).__name__, self.media)
        text = self.to_json() if medium == "json" else show(self, _VIEW_OF.get(medium, medium))
        target.write_text(text, encoding="utf-8", newline="")
        return target

    def __str__(self) -> str:
        return show(self)


_VIEW_OF = {"html": "page", "trace.json": "trace"}
"""Media whose view has another name."""


_LONG_SUFFIXES = ("trace.json",)
"""Suffixes that end with another one."""


def choose_medium(target: Path, kind: str, media: Sequence[str]) -> str:
    """Return the medium that a file's name ends with, the longest of several.

    Parameters
    ----------
    kind
        What is to be saved, for the message.
    media
        Suffixes without their first point.

    Raises
    ------
    ConfigError
        If the name ends with none of them, or is nothing else.
    """
    name = target.name.lower()
    medium = next((known for known in (*_LONG_SUFFIXES, *media) if name.endswith(f".{known}")), "")
    if medium in media and name != f".{medium}":
        return medium
    raise ConfigError(
        _("a {kind} cannot be saved as {suffix}"),
        hint=_("Use one of the suffixes {suffixes}."),
        kind=kind,
        suffix=repr(f".{medium}" if medium else target.suffix),
        suffixes=", ".join(f".{medium}" for medium in sorted(media)),
    )
