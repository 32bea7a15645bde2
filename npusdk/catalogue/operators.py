"""Which ONNX operators a family of devices runs, by the vendors' own lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator

from npusdk.catalogue.files import operator_folder, read_table, reading, resolve
from npusdk.catalogue.records import Record, read_only
from npusdk.language import current_language
from npusdk.values import Kind

Support: TypeAlias = Literal["accelerated", "host", "blocked", "undocumented"]


class OperatorSupport(Record):
    """What a vendor's software does with one operator.

    Parameters
    ----------
    support
        "accelerated" (on the device), "host" (on the host's CPU), "blocked" or "undocumented".
    limit, limit_ko
        Condition of the acceleration, in English and in Korean; empty where there is none.
    source, kind
        Where it is written, and how far to trust it.
    listed
        Whether the list names the operator, or says what happens to all others.
    """

    support: Support
    limit: str = ""
    limit_ko: str = ""
    source: str
    kind: Kind
    listed: bool = True

    def condition(self, language: str | None = None) -> str:
        """Return the limit in `language`, the reader's own by default."""
        return self.limit_ko if (language or current_language()) == "ko" else self.limit


class OperatorList(Record):
    """Operators of one family of devices.

    Parameters
    ----------
    id
        Family ("warboy", "rebellions", "gpu").
    software, version, date
        What the list was written for; empty where the source does not say.
    source, kind
        Where the list is, and how far to trust it.
    unlisted
        What an operator that the list does not name gets.
    operators
        Entries by ONNX name.
    """

    id: str
    software: str
    version: str
    date: str
    source: str
    kind: Kind
    unlisted: Support
    operators: Annotated[Mapping[str, OperatorSupport], AfterValidator(read_only)]

    def __getitem__(self, op: str) -> OperatorSupport:
        """Return what the list says of an operator, named or not."""
        known = self.operators.get(op)
        return known or OperatorSupport(support=self.unlisted, source=self.source, kind=self.kind, listed=False)


def _read(text: str, file: str) -> OperatorList:
    table = read_table(text, file)
    sources = table.pop("sources", {})
    default: dict[str, Any] = {"source": table.get("source"), "kind": table.get("kind")}
    with reading(file):
        rows = {op: resolve({**default, **row}, sources, file) for op, row in table.pop("operators", {}).items()}
        return OperatorList.model_validate({**resolve(table, sources, file), "operators": rows})


@cache
def load_operators(family: str) -> OperatorList:
    """Return the operator list that `DeviceSpec.operators` names."""
    file = f"{family}.toml"
    return _read((operator_folder() / file).read_text(encoding="utf-8"), file)
