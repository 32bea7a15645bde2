"""What `%npu` and `%%npu?` say of themselves, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from npusdk.language import _, translate
from npusdk.notebook.command_line import OPTIONS
from npusdk.views.page import Page

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "use": _("Set where the cells of this notebook run: a device, a part of one (rngd:4pe), or local."),
        "status": _("Show what is set, and what the last cell would have taken."),
        "devices": _("Show the devices of the catalogue."),
        "report": _("Show the profile of the last cell."),
        "doctor": _("Show whether this machine has what npusdk needs."),
    }
)
"""Every command of `%npu`, and what it does."""

_CELLS = (
    _("Run the cell's NumPy code with the arithmetic of an emulated device, here."),
    _("Names that the cell reads go over, names that it assigns come back, and arrays are ndarrays again."),
    _("The line below the output says what the device is predicted to take. A cell that fails changes nothing."),
)
_ARGUMENTS = {"use": "TARGET"}


def manual() -> str:
    """Return the help of both magics."""
    page = Page()
    page.heading("%npu")
    page.facts((f"%npu {word} {_ARGUMENTS.get(word, '')}".rstrip(), translate(text)) for word, text in COMMANDS.items())
    page.heading(f"%%npu [TARGET] [{translate(_('options'))}]")
    for text in _CELLS:
        page.paragraph(translate(text))
    page.facts((f"{word} {option.metavar}".rstrip(), translate(option.help)) for word, option in OPTIONS.items())
    page.heading(translate(_("Example")))
    page.paragraph("%%npu rngd --in x,w")
    page.paragraph("y = np.maximum(x @ w, 0)")
    return str(page)
