"""The global names that functions, lambdas, comprehensions and classes of a cell use, from Python's symbol table."""

from __future__ import annotations

import ast
import symtable
from collections import defaultdict


class Scopes:
    """Symbol tables of a text, found again by the line on which their scope begins.

    Parameters
    ----------
    source
        Text that compiles.
    label
        Name of the text.
    """

    def __init__(self, source: str, label: str) -> None:
        self.global_writes: dict[str, None] = {}
        self._augmented = _augmented(source)
        self._reads: dict[int, dict[str, None]] = defaultdict(dict)
        for child in symtable.symtable(source, label, "exec").get_children():
            self._collect(child, self._reads[child.get_lineno()])

    def reads(self, node: ast.stmt | ast.expr) -> tuple[str, ...]:
        """Return the global names that what begins on the line of `node` reads."""
        return tuple(self._reads.get(node.lineno, ()))

    def _collect(self, table: symtable.SymbolTable, reads: dict[str, None]) -> None:
        in_class = table.get_type() == "class"
        for symbol in table.get_symbols():
            used = symbol.is_referenced() or symbol.get_name() in self._augmented
            if used and (symbol.is_global() or (in_class and symbol.is_local())):
                reads[symbol.get_name()] = None
            if symbol.is_declared_global() and symbol.is_assigned():
                self.global_writes[symbol.get_name()] = None
        for child in table.get_children():
            self._collect(child, reads)


def _augmented(source: str) -> set[str]:
    """Return the names that `+=` and its like, or `del`, use: to a symbol table these are assignments."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        targets = [node.target] if isinstance(node, ast.AugAssign) else getattr(node, "targets", [])
        if isinstance(node, (ast.AugAssign, ast.Delete)):
            found.update(target.id for target in targets if isinstance(target, ast.Name))
    return found
