"""What stands behind `%%npu`: a target and options, read before anything runs."""

from __future__ import annotations

import difflib
import keyword
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from npusdk.errors import UsageError
from npusdk.language import _
from npusdk.units import parse_duration


@dataclass(frozen=True, slots=True)
class CellLine:
    """The first line of a cell.

    Parameters
    ----------
    target
        Where the cell is to run; None for the notebook's default.
    names_in, names_out
        The only names that go over or come back; None for all that the cell reads or assigns.
    precision
        Number format, or "auto".
    timeout_s
        Seconds that the cell may take; None for any.
    dry_run
        Whether to show what would go over and what is predicted, and to change nothing.
    quiet
        Whether to leave the summary line out.
    """

    target: str | None = None
    names_in: tuple[str, ...] | None = None
    names_out: tuple[str, ...] | None = None
    precision: str = "auto"
    timeout_s: float | None = None
    dry_run: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a cell.

    Parameters
    ----------
    field
        What of `CellLine` it sets.
    help
        What it does, for the manual.
    metavar
        What stands for its value in the manual; empty for an option without a value.
    read
        Makes the value of its text; None for an option without a value.
    """

    field: str
    help: str
    metavar: str = ""
    read: Callable[[str], object] | None = None


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
    wrong = [name for name in names if not name.isidentifier() or keyword.iskeyword(name)]
    if wrong or not names:
        raise UsageError(
            _("{names} is no name of a variable"),
            hint=_("Name variables, with commas between them: --in x,w"),
            names=", ".join(map(repr, wrong)) or repr(text),
        )
    return names


def _duration(text: str) -> float:
    try:
        duration_s = parse_duration(text)
    except ValueError:
        duration_s = 0.0
    if duration_s <= 0:
        raise UsageError(
            _("--timeout {value} is no duration"),
            hint=_("Write a number with a unit: 500ms, 60s, 2m or 1h."),
            value=repr(text),
        )
    return duration_s


OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "--in": Option("names_in", _("Take only these names along."), "NAMES", _names),
        "--out": Option("names_out", _("Bring only these names back."), "NAMES", _names),
        "--precision": Option(
            "precision", _("Number format: auto, exact, or one of the device, such as bf16."), "NAME", str.casefold
        ),
        "--timeout": Option("timeout_s", _("Stop the cell after this time: 60s, 2m, 1h."), "TIME", _duration),
        "--dry-run": Option(
            "dry_run", _("Show what would go over and what is predicted; the code runs here and changes nothing.")
        ),
        "--quiet": Option("quiet", _("Leave the summary line out.")),
    }
)
"""Every option by its word."""

LATER = ("--background", "--budget", "--keep")
"""Options that are promised for centres, which are not there yet."""


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the word that is most like `word`; empty where none is."""
    return next(iter(difflib.get_close_matches(word.casefold(), list(words), n=1, cutoff=0.5)), "")


def split_words(line: str) -> list[str]:
    """Return the words of a line as a shell would, a list with blanks beside its commas as one; "#" begins a comment.

    Raises
    ------
    UsageError
        If a quotation mark is not closed.

    Examples
    --------
    >>> split_words("rngd --in 'x, w'  # both")
    ['rngd', '--in', 'x, w']
    >>> split_words("--in x, w ,v")
    ['--in', 'x,w,v']
    """
    try:
        pieces = shlex.split(line, comments=True)
    except ValueError as error:
        raise UsageError(
            _("the line {line} cannot be read: a quotation mark is not closed"),
            hint=_("Close the quotation mark or leave it out."),
            line=repr(line),
        ) from error
    words: list[str] = []
    for piece in pieces:
        if words and (words[-1].endswith(",") or (piece.startswith(",") and _may_go_on(words[-1]))):
            words[-1] += piece
        else:
            words.append(piece)
    return words


def _may_go_on(word: str) -> bool:
    return not word.startswith("-") or "=" in word


def read_cell_line(line: str) -> CellLine:
    """Return what a line such as "rngd --in x,w --timeout 60s" asks for.

    Raises
    ------
    UsageError
        If an option is unknown, is given twice or lacks its value, or if there are two targets.
    """
    fields: dict[str, object] = {}
    words = split_words(line)
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            option = _option(name)
            field, found = option.field, _value(name, option, value if equals else None, words)
        else:
            name, field, found = word, "target", word
        if field in fields:
            raise _repeated(name, field)
        fields[field] = found
    return CellLine(**fields)  # type: ignore[arg-type]  # each field is read by the option that sets it


def _option(name: str) -> Option:
    if name in LATER:
        raise UsageError(
            _("{option} belongs to centres, which npusdk does not know yet"),
            hint=_("Leave {option} out; the cell runs here."),
            option=name,
        )
    if name not in OPTIONS:
        close = nearest(name, OPTIONS)
        raise UsageError(
            _("%%npu has no option {option}"),
            hint=_("Did you mean {nearest}?") if close else _("Use one of {options}."),
            option=name,
            nearest=close,
            options=", ".join(OPTIONS),
        )
    return OPTIONS[name]


def _value(name: str, option: Option, value: str | None, words: list[str]) -> object:
    """Return the value of an option; where it does not stand in the option's own word, take the next word."""
    if option.read is None:
        if value is None:
            return True
        raise UsageError(_("{option} takes no value"), hint=_("Write {option} alone."), option=name)
    if value is None and words and not words[0].startswith("--"):
        value = words.pop(0)
    if not value:
        raise UsageError(
            _("{option} lacks its value"), hint=_("Write {line}."), option=name, line=f"{name} {option.metavar}"
        )
    return option.read(value)


def _repeated(name: str, field: str) -> UsageError:
    if field == "target":
        return UsageError(
            _("a cell has one target; {name} is a second one"),
            hint=_("Write %%npu TARGET, then options, and the code from the second line on."),
            name=repr(name),
        )
    return UsageError(_("{option} is given twice"), hint=_("Write {option} once."), option=name)
