"""The Korean catalogue: what the code marks, what the file says, and how to bring the file up to date.

    python -m tests.language.catalogue [FILE.po ...]

adds new strings (with the translations of the files named, if any), drops stale ones, sorts, and compiles. A string
that is left without a translation is named; `tests/language/test_catalogue.py` fails until it has one.
"""

import ast
import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[2] / "npusdk"
PO = PACKAGE / "language" / "ko" / "LC_MESSAGES" / "npusdk.po"
MO = PO.with_suffix(".mo")
HEADER = """# Korean texts of npusdk, written by `python -m tests.language.catalogue`: edit the msgstr lines alone.
msgid ""
msgstr ""
"Project-Id-Version: npusdk\\n"
"Language: ko\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def marked():
    """Return the files of each string that the code marks with `_`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                found.setdefault(node.args[0].value, set()).add(path.relative_to(PACKAGE.parent).as_posix())
    return found


def translations(path):
    """Return the Korean of each string in a .po file."""
    with path.open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale="ko") if message.id}


def compiled(path):
    """Return what a .po file compiles to, as bytes."""
    buffer = io.BytesIO()
    with path.open("rb") as file:
        write_mo(buffer, read_po(file, locale="ko"))
    return buffer.getvalue()


def update(extra):
    """Write both files, and return the strings that still have no translation."""
    known = translations(PO) if PO.exists() else {}
    for path in extra:
        known |= {message: korean for message, korean in translations(path).items() if korean}
    catalog = Catalog(locale="ko")
    strings = marked()
    for message in sorted(strings):
        locations = [(file, None) for file in sorted(strings[message])]
        catalog.add(message, known.get(message, ""), locations=locations)
    buffer = io.BytesIO(HEADER.encode())
    buffer.seek(0, io.SEEK_END)
    write_po(buffer, catalog, width=110, omit_header=True, include_lineno=False)
    if not PO.exists() or PO.read_bytes() != buffer.getvalue():  # a compiled file carries its date
        PO.write_bytes(buffer.getvalue())
        MO.write_bytes(compiled(PO))
    return sorted(message for message in strings if not known.get(message))


if __name__ == "__main__":
    left = update([Path(name) for name in sys.argv[1:]])
    for text in left:
        sys.stdout.write(f"no translation: {text!r}\n")
    sys.exit(1 if left else 0)
