"""What every report can do: carry its version, become JSON, be read back, be saved and be shown."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import ValidationError, field_validator

from npusdk.display import show
from npusdk.errors import ConfigError
from npusdk.language import _
from npusdk.values import Frozen

SCHEMA_VERSION = "1.1"
"""Version of every report schema: a reader refuses another major number and tolerates additions within its own.

1.1 added `live_bytes` to the layers of a profile.
"""


class Report(Frozen):
    """Base of the reports."""

    media: ClassVar[tuple[str, ...]] = ("csv", "json")

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
        """Write the report; the suffix says how (".json", ".csv").

        Raises
        ------
        ConfigError
            If the suffix is of no known form.
        """
        target = Path(path)
        medium = target.suffix.lower().removeprefix(".")
        if medium not in self.media:
            raise ConfigError(
                _("a {kind} cannot be saved as {suffix}"),
                hint=_("Use one of the suffixes {suffixes}."),
                kind=type(self).__name__,
                suffix=repr(target.suffix),
                suffixes=", ".join(f".{name}" for name in self.media),
            )
        text = self.to_json() if medium == "json" else show(self, medium)
        target.write_text(text, encoding="utf-8", newline="")
        return target

    def __str__(self) -> str:
        return show(self)
