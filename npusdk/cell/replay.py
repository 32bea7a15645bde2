"""A bundle in a clean namespace."""

from __future__ import annotations

import ast
import builtins
import io
import random
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from npusdk.cell import nodes as n
from npusdk.cell.building import RULES
from npusdk.cell.bundle import Bundle, Outcome
from npusdk.cell.changes import native
from npusdk.cell.decoder import Decoder, Surroundings
from npusdk.cell.hands import Hands
from npusdk.cell.harvest import Harvest
from npusdk.cell.imports import find_import, importer
from npusdk.cell.texts import compile_text, register
from npusdk.cell.tracebacks import REPLAYED, trim_traceback
from npusdk.cell.values import set_state, state_of
from npusdk.language import _, render

_RESULT = "__npusdk_result__"
_BLANK = frozenset({tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.DEDENT})


def replay(bundle: Bundle, hands: Hands) -> Outcome:
    """Run a cell with what it took along, and return what it leaves behind.

    What it prints goes to `sys.stdout` as it happens. If it fails, the states of NumPy's and Python's global random
    generators are as they were.

    Raises
    ------
    SerializationError
        If something that the cell assigned or changed cannot go back to the notebook.
    BaseException
        Whatever the cell raises, with the frames of the cell and of what it calls.
    """
    with _random_states():
        return _Run(bundle, hands).outcome()


@contextmanager
def _random_states() -> Iterator[None]:
    numpys, pythons = np.random.get_state(), random.getstate()  # noqa: NPY002 - what cells may still use
    try:
        yield
    except BaseException:
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)
        raise


class _Run:
    """One run of a cell."""

    def __init__(self, bundle: Bundle, hands: Hands) -> None:
        self._bundle, self._hands = bundle, hands
        self._modules = dict(hands.modules)
        offered = {**vars(builtins), REPLAYED: True}
        offered["__import__"] = importer(self._modules, builtins.__import__)
        self._namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": offered}
        surroundings = Surroundings(self._namespace, self._place, self._find, self._randomness)
        self._decoder = Decoder(bundle.nodes, surroundings, RULES)

    def outcome(self) -> Outcome:
        register(self._bundle.label, self._bundle.source)
        self._decoder.run([*self._bundle.roots.values(), *map(n.Ref, range(len(self._bundle.nodes)))])
        initial = {name: self._decoder.item(item) for name, item in self._bundle.roots.items()}
        self._namespace.update(initial)
        harvest = Harvest(self._bundle, self._decoder, self._hands, self._modules)
        self._execute()
        has_result = _RESULT in self._namespace
        result = self._namespace.pop(_RESULT, None)
        return harvest.gather(self._namespace, initial, (result, has_result))

    def _execute(self) -> None:
        tree = ast.parse(self._bundle.source, filename=self._bundle.label)
        if tree.body and isinstance(last := tree.body[-1], ast.Expr) and not is_quiet(self._bundle.source):
            target = ast.copy_location(ast.Name(_RESULT, ast.Store()), last)
            tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
        code = compile_text(tree, self._bundle.label)
        try:
            exec(code, self._namespace)  # noqa: S102 - this is what a cell is for
        except BaseException as error:
            self._hint(error)
            trim_traceback(error)
            raise

    def _hint(self, error: BaseException) -> None:
        if isinstance(error, NameError) and error.name in self._bundle.withheld:
            error.add_note(
                render(
                    _("{name} is a name of the notebook, but it did not go along: name it in the cell, or with --in"),
                    name=error.name,
                )
            )

    def _place(self, node: n.Array) -> object:
        if node.stays or node.data.dtype.kind not in "biufc":
            return node.data.copy()
        placed = self._hands.put(node.name, native(node.data))
        return placed if self._hands.owns(placed) else node.data.copy()

    def _find(self, node: n.Imported) -> object:
        return find_import(node, self._modules)

    def _randomness(self, generator: Any) -> object:
        numpy = self._modules.get("numpy")
        return generator if numpy is None else _offered(numpy, generator)


def _offered(numpy: Any, generator: Any) -> object:
    """Return what a stand-in for NumPy makes of a random generator: one that gives arrays of the device."""
    if isinstance(generator, random.Random):
        return generator
    if isinstance(generator, np.random.Generator):
        return numpy.random.default_rng(generator)
    made = numpy.random.RandomState(generator._bit_generator)  # noqa: SLF001 - NumPy has no public name for it
    set_state(made, state_of(generator))
    return made


def is_quiet(source: str) -> bool:
    """Return whether a text ends in a semicolon, by which a notebook shows no result.

    Examples
    --------
    >>> is_quiet("x = 1; x;  # done"), is_quiet("x  # not;")
    (True, False)
    """
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in _BLANK]
    return bool(tokens) and tokens[-1].string == ";"
