"""The table in ARCHITECTURE.md is the rule, and the tree obeys it."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| +(\d+) \|([^|]+)\|[^|]*\|([^|]*)\|", re.MULTILINE)
TABLE = [
    (int(layer), re.findall(r"`(\w+)`", modules), re.findall(r"`([\w.]+)`", libraries))
    for layer, modules, libraries in ROW.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
]
LAYER = {module: layer for layer, modules, _ in TABLE for module in modules}
LIBRARIES = {module: set(libraries) for _, modules, libraries in TABLE for module in modules}
FILES = sorted((ROOT / "npusdk").rglob("*.py"))


def owner(dotted):
    """Return the table's name of a module: its first part below npusdk, or npusdk itself."""
    return [*dotted.split("."), "npusdk"][1]


def dotted_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree, path):
    """Yield every imported module, wherever in the file the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"npusdk.{alias.name}" for alias in node.names] if node.module == "npusdk" else [node.module]
            yield from names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_only_from_layers_below(path):
    """A module imports its own package, packages of lower layers, and the libraries its row names."""
    dotted = dotted_name(path)
    me = owner(dotted)
    for name in sorted(set(imports(ast.parse(path.read_text(encoding="utf-8")), path))):
        top = name.split(".")[0]
        if top == "npusdk":
            assert owner(name) == me or LAYER[owner(name)] < LAYER[me], f"{dotted} ({me}) imports {name}"
        elif top not in sys.stdlib_module_names:
            assert top in LIBRARIES[me], f"{dotted} imports {top}, which its row does not name"


def test_table_and_tree_have_the_same_modules():
    """Every package has a row, and every row a package."""
    entries = [path for path in (ROOT / "npusdk").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert set(LAYER) == {path.stem for path in entries} - {"__init__"} | {"npusdk"}


def budget_breaches(path):
    """Yield what in a file exceeds the budgets of the house."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > 300 and "over 300 lines" not in text:
        yield f"{path}: {lines} lines and no word why"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body and (length := body[-1].end_lineno - body[0].lineno + 1) > 60:
                yield f"{path}: {node.name} has {length} lines"
            names = [arg.arg for arg in node.args.posonlyargs + node.args.args]
            if len(names) - (names[:1] in (["self"], ["cls"])) > 4:
                yield f"{path}: {node.name} takes more than 4 positional parameters"


def test_files_and_functions_keep_to_their_budgets():
    """A file over 300 lines says why; no function body is over 60 lines or takes more than 4 positional parameters."""
    assert [breach for path in FILES for breach in budget_breaches(path)] == []
