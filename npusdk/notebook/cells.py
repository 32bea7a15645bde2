"""A `%%npu` cell: captured, run on its target, brought back, shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from IPython.display import display
from IPython.utils.capture import capture_output

from npusdk.cell import Bundle, apply, capture
from npusdk.display import show
from npusdk.errors import UsageError
from npusdk.language import _, translate
from npusdk.notebook.command_line import CellLine, read_cell_line
from npusdk.notebook.place import Place, find_place
from npusdk.notebook.state import Notebook
from npusdk.notebook.tracebacks import show_in_cell
from npusdk.targets import LocalTarget
from npusdk.targets.cells import CellRun


def run_cell(notebook: Notebook, line: str, code: str) -> None:
    """Run a cell and show what came of it; a cell that fails changes nothing.

    Parameters
    ----------
    line
        What stands behind `%%npu`.
    code
        The lines below.

    Raises
    ------
    NpuError
        If the line is wrong, no target is set, or a name cannot go over: before anything runs.
    SyntaxError
        If it is no code.
    Exception
        Whatever the cell raises; IPython shows it with the frames of the cell alone.
    """
    shell = notebook.shell
    code = _cleaned(shell, code)
    source = f"\n{code}"  # so that lines have the numbers that the reader sees, the magic's line being the first
    label = shell.compile.cache(source, shell.displayhook.prompt_count)
    try:
        options = read_cell_line(line)
        place = _place(notebook, options)
        bundle = capture(source, shell.user_ns, names_in=options.names_in, names_out=options.names_out, label=label)
        if options.dry_run:
            _try(notebook, bundle, place, options)
        else:
            _run(notebook, bundle, place, options)
    except BaseException as error:
        show_in_cell(shell, error, label)
        raise


def _cleaned(shell: Any, code: str) -> str:
    """Return a cell's code as the shell cleans every cell: without common indentation and pasted prompts."""
    lines = code.splitlines(keepends=True)
    blank = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    code_lines = lines[blank:]
    for transform in shell.input_transformer_manager.cleanup_transforms:
        code_lines = transform(code_lines)
    return "".join([*lines[:blank], *code_lines])


def _place(notebook: Notebook, options: CellLine) -> Place:
    if options.target is not None:
        return find_place(options.target)
    if notebook.place is None:
        raise UsageError(
            _("no target is set for this notebook, and the cell names none"),
            hint=_("Set one for all cells (%npu use rngd), or name one for this cell (%%npu rngd)."),
        )
    return notebook.place


def _on_target(notebook: Notebook, bundle: Bundle, place: Place, options: CellLine) -> CellRun:
    try:
        run = LocalTarget().run_cell(
            bundle, place.device, options.precision, timeout_s=options.timeout_s, compare=not notebook.knows_loss
        )
    except KeyboardInterrupt as error:
        error.args = error.args or (translate(_("interrupted; the notebook's names are as they were")),)
        raise
    notebook.last = run.report
    notebook.knows_loss = notebook.knows_loss or bool(run.report.loss or run.report.overflowed)
    return run


def _run(notebook: Notebook, bundle: Bundle, place: Place, options: CellLine) -> None:
    run = _on_target(notebook, bundle, place, options)
    apply(run.outcome, notebook.shell.user_ns)
    if run.outcome.has_result:
        _displayhook(notebook.shell)(run.outcome.result)
    if not options.quiet:
        say(show(run.report))


def _try(notebook: Notebook, bundle: Bundle, place: Place, options: CellLine) -> None:
    """Run a cell without showing what it shows, and bring nothing back."""
    with capture_output():
        run = _on_target(notebook, bundle, place, options)
    display(bundle.manifest())  # type: ignore[no-untyped-call]
    say(translate(_("dry run: the cell's code ran here, on the emulator; nothing in the notebook has changed")))
    say(show(run.report))


def _displayhook(shell: Any) -> Callable[[object], None]:
    """Return the hook that shows results now: `%%capture` puts its own in the place of the shell's."""
    hook: Callable[[object], None] = shell.displayhook if sys.displayhook is sys.__displayhook__ else sys.displayhook
    return hook


def say(text: str) -> None:
    """Print a text as a line, in characters that the reader's terminal has."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.rstrip("\n").encode(encoding, "replace").decode(encoding))  # noqa: T201 - the cell's output is where it belongs
