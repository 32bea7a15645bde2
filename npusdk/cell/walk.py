"""A walk through the top of a cell, in the order in which Python runs it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from npusdk.cell.scopes import Scopes

_Step: TypeAlias = "Callable[[ast.stmt, set[str]], set[str] | None]"
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NEVER_SUPPRESS = frozenset(
    {"catch_warnings", "closing", "errstate", "localcontext", "nullcontext", "open", "printoptions"}
)
"""Context managers after which everything that their block assigns is assigned."""


@dataclass
class Walk:
    """One walk through the top of a cell; `surely` holds the names assigned on every way to where it is."""

    scopes: Scopes
    reads: dict[str, None] = field(default_factory=dict)
    writes: dict[str, None] = field(default_factory=dict)
    deletes: dict[str, None] = field(default_factory=dict)

    def _read(self, names: Iterable[str], surely: set[str]) -> None:
        self.reads.update(dict.fromkeys(name for name in names if name not in surely))

    def _write(self, name: str, surely: set[str]) -> None:
        self.writes[name] = None
        surely.add(name)

    def _delete(self, name: str, surely: set[str]) -> None:
        if name not in surely:
            self.deletes[name] = None
        self.writes[name] = None
        surely.discard(name)

    def block(self, statements: list[ast.stmt], surely: set[str]) -> set[str] | None:
        """Walk statements; return what is surely assigned after them, None if they never end."""
        for statement in statements:
            step: _Step = getattr(self, _STATEMENTS.get(type(statement), "_simple"))
            after = step(statement, surely)
            if after is None:
                return None
            surely = after
        return surely

    def expression(self, node: ast.AST | None, surely: set[str]) -> None:
        """Walk an expression, target or pattern in the order in which Python evaluates it."""
        waiting = [] if node is None else [node]
        while waiting:  # no call of itself for what is merely nested: a sum of a thousand terms is as deep
            node = waiting.pop()
            step = _EXPRESSIONS.get(type(node))
            if step is not None:
                getattr(self, step)(node, surely)
            else:
                self._read(_names_in_text(node), surely)
                waiting.extend(reversed(list(ast.iter_child_nodes(node))))

    def _named(self, node: ast.NamedExpr, surely: set[str]) -> None:
        self.expression(node.value, surely)
        self.expression(node.target, surely)

    def _lambda(self, node: ast.Lambda, surely: set[str]) -> None:
        self.arguments(node.args, surely)
        self._read(self.scopes.reads(node), surely)

    def _pattern(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping, surely: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            self.expression(child, surely)
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self._write(name, surely)

    def _name(self, node: ast.Name, surely: set[str]) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read([node.id], surely)
        elif isinstance(node.ctx, ast.Store):
            self._write(node.id, surely)
        else:
            self._delete(node.id, surely)

    def _maybe(self, node: ast.BoolOp | ast.IfExp | ast.Compare, surely: set[str]) -> None:
        """Walk parts of which only the first is sure to be evaluated."""
        parts: list[ast.expr]
        if isinstance(node, ast.IfExp):
            parts = [node.test, node.body, node.orelse]
        else:
            parts = node.values if isinstance(node, ast.BoolOp) else [node.left, *node.comparators]
        self.expression(parts[0], surely)
        perhaps = set(surely)
        for part in parts[1:]:
            self.expression(part, set(surely) if isinstance(node, ast.IfExp) else perhaps)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, surely: set[str]
    ) -> None:
        self.expression(node.generators[0].iter, surely)
        self._read(self.scopes.reads(node), surely)
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                self.writes[inner.target.id] = None

    def arguments(self, arguments: ast.arguments, surely: set[str]) -> None:
        """Walk defaults and annotations, which are evaluated where a function is defined."""
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            self.expression(default, surely)
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            self.expression(argument.annotation, surely)
        for rest in (arguments.vararg, arguments.kwarg):
            self.expression(rest.annotation if rest else None, surely)

    def _simple(self, node: ast.stmt, surely: set[str]) -> set[str] | None:
        self.expression(node, surely)
        return None if isinstance(node, ast.Raise) else surely

    def _assign(self, node: ast.Assign, surely: set[str]) -> set[str]:
        self.expression(node.value, surely)
        for target in node.targets:
            self.expression(target, surely)
        return surely

    def _augmented(self, node: ast.AugAssign, surely: set[str]) -> set[str]:
        if isinstance(node.target, ast.Name):
            self._read([node.target.id], surely)
        self.expression(node.value, surely)
        self.expression(node.target, surely)
        return surely

    def _annotated(self, node: ast.AnnAssign, surely: set[str]) -> set[str]:
        self.expression(node.annotation, surely)
        self.expression(node.value, surely)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.expression(node.target, surely)
        return surely

    def _import(self, node: ast.Import | ast.ImportFrom, surely: set[str]) -> set[str]:
        for alias in node.names:
            if alias.name != "*":
                name = alias.asname or (alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name)
                self._write(name, surely)
        return surely

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, surely: set[str]) -> set[str]:
        for decorator in node.decorator_list:
            self.expression(decorator, surely)
        self.arguments(node.args, surely)
        self.expression(node.returns, surely)
        self._read((name for name in self.scopes.reads(node) if name != node.name), surely)
        self._write(node.name, surely)
        return surely

    def _class(self, node: ast.ClassDef, surely: set[str]) -> set[str]:
        for part in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self.expression(part, surely)
        self._read(self.scopes.reads(node), surely)
        self._write(node.name, surely)
        return surely

    def _if(self, node: ast.If, surely: set[str]) -> set[str] | None:
        self.expression(node.test, surely)
        return _meet([self.block(node.body, set(surely)), self.block(node.orelse, set(surely))])

    def _for(self, node: ast.For, surely: set[str]) -> set[str] | None:
        self.expression(node.iter, surely)
        inside = set(surely)
        self.expression(node.target, inside)
        self.block(node.body, inside)
        self.block(node.orelse, set(surely))
        return surely

    def _while(self, node: ast.While, surely: set[str]) -> set[str] | None:
        self.expression(node.test, surely)
        self.block(node.body, set(surely))
        self.block(node.orelse, set(surely))
        return surely

    def _with(self, node: ast.With, surely: set[str]) -> set[str] | None:
        for item in node.items:
            self.expression(item.context_expr, surely)
            self.expression(item.optional_vars, surely)
        inside = self.block(node.body, set(surely))
        return inside if all(_never_suppresses(item.context_expr) for item in node.items) else surely

    def _try(self, node: ast.Try, surely: set[str]) -> set[str] | None:
        body = self.block(node.body, set(surely))
        ways = [body if body is None else self.block(node.orelse, body)]
        for handler in node.handlers:
            inside = set(surely)
            self.expression(handler.type, inside)
            if handler.name:
                self._write(handler.name, inside)
            after = self.block(handler.body, inside)
            if after is not None and handler.name:
                after.discard(handler.name)
            ways.append(after)
        last = self.block(node.finalbody, set(surely))
        after = _meet(ways)
        return None if last is None or after is None else after | last

    def _match(self, node: ast.Match, surely: set[str]) -> set[str] | None:
        self.expression(node.subject, surely)
        ways: list[set[str] | None] = []
        complete = False
        for case in node.cases:
            inside = set(surely)
            self.expression(case.pattern, inside)
            self.expression(case.guard, inside)
            ways.append(self.block(case.body, inside))
            complete |= isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
        return _meet(ways if complete else [*ways, surely])


def _meet(ways: list[set[str] | None]) -> set[str] | None:
    """Return what all ways that end have assigned; None if none ends."""
    ending = [way for way in ways if way is not None]
    return set.intersection(*ending) if ending else None


def _never_suppresses(manager: ast.expr) -> bool:
    called = manager.func if isinstance(manager, ast.Call) else manager
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _NEVER_SUPPRESS


def _names_in_text(node: ast.AST) -> list[str]:
    """Return the names in a text that a call of `eval` or `exec` has before it."""
    match node:
        case ast.Call(func=ast.Name(id="eval" | "exec"), args=[ast.Constant(value=str(text)), *_]):
            try:
                return [inner.id for inner in ast.walk(ast.parse(text.lstrip())) if isinstance(inner, ast.Name)]
            except (SyntaxError, ValueError):
                return []
        case _:
            return []


_EXPRESSIONS: dict[type[ast.AST], str] = {
    ast.Name: "_name",
    ast.NamedExpr: "_named",
    ast.Lambda: "_lambda",
    **dict.fromkeys(_COMPREHENSIONS, "_comprehension"),
    **dict.fromkeys((ast.BoolOp, ast.IfExp, ast.Compare), "_maybe"),
    **dict.fromkeys((ast.MatchAs, ast.MatchStar, ast.MatchMapping), "_pattern"),
}
"""How expressions are walked that are more than their parts in order."""

_STATEMENTS = {
    ast.Assign: "_assign",
    ast.AugAssign: "_augmented",
    ast.AnnAssign: "_annotated",
    ast.Import: "_import",
    ast.ImportFrom: "_import",
    ast.FunctionDef: "_function",
    ast.AsyncFunctionDef: "_function",
    ast.ClassDef: "_class",
    ast.If: "_if",
    ast.For: "_for",
    ast.While: "_while",
    ast.With: "_with",
    ast.Try: "_try",
    ast.TryStar: "_try",
    ast.Match: "_match",
}
"""How each statement is walked; what is not here is walked as its expressions stand."""
