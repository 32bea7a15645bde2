"""How the ONNX importer refuses a file."""

from __future__ import annotations

from typing import NoReturn

from npusdk.errors import ModelFormatError
from npusdk.language import _


def broken(template: str, **params: object) -> NoReturn:
    """Raise a `ModelFormatError` about a file that says something impossible."""
    raise ModelFormatError(template, hint=_("Export the model again, or fetch the file again."), **params)
