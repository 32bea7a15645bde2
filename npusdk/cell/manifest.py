"""What a bundle takes along, by name, with its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npusdk.cell.nodes import (
    Array,
    Class,
    Frame,
    Function,
    Imported,
    Instance,
    Item,
    Node,
    NumpyScalar,
    Objects,
    Random,
    Ref,
    Source,
    View,
    references,
)
from npusdk.report import Manifest, ManifestItem
from npusdk.report.cell import ItemKind

_KINDS: dict[type[Node], ItemKind] = {
    Array: "array",
    View: "array",
    Objects: "array",
    NumpyScalar: "scalar",
    Function: "function",
    Class: "class",
    Imported: "module",
    Frame: "frame",
    Random: "generator",
    Instance: "instance",
}
_LEAF_BYTES = 8


def manifest_of(nodes: Sequence[Node], roots: Mapping[str, Item], writes: Sequence[str]) -> Manifest:
    """Return what travels by each name; bytes of what two names share are counted once, with the first."""
    seen: set[int] = set()
    items = []
    for name in sorted(roots):
        size_bytes = _size_bytes(nodes, roots[name], seen)
        items.append(_item(name, roots[name], nodes, size_bytes))
    return Manifest(items=tuple(items), writes=tuple(writes))


def _item(name: str, item: Item, nodes: Sequence[Node], size_bytes: int) -> ManifestItem:
    if not isinstance(item, Ref):
        return ManifestItem(name=name, kind="scalar", size_bytes=size_bytes)
    node = nodes[item.index]
    dtype = ""
    shape: tuple[int, ...] = ()
    if isinstance(node, (Array, NumpyScalar)):
        dtype, shape = node.data.dtype.name, node.data.shape
    elif isinstance(node, View):
        base = nodes[node.base.index]
        dtype, shape = base.data.dtype.name if isinstance(base, Array) else "", node.shape
    elif isinstance(node, Objects):
        dtype, shape = "object", node.shape
    kind = _KINDS.get(type(node), "container")
    return ManifestItem(name=name, kind=kind, dtype=dtype, shape=shape, size_bytes=size_bytes)


def _size_bytes(nodes: Sequence[Node], item: Item, seen: set[int]) -> int:
    if not isinstance(item, Ref):
        return _leaf_bytes(item)
    total, waiting = 0, [item.index]
    while waiting:
        index = waiting.pop()
        if index not in seen:
            seen.add(index)
            total += _own_bytes(nodes[index])
            waiting.extend(references(nodes[index]))
    return total


def _own_bytes(node: Node) -> int:
    if isinstance(node, (Array, NumpyScalar)):
        return int(node.data.nbytes)
    if isinstance(node, Source):
        return len(node.text.encode())
    entries: tuple[Item, ...] = getattr(node, "items", ()) or getattr(node, "values", ())
    keys: tuple[Item, ...] = getattr(node, "keys", ())
    return sum(_leaf_bytes(entry) for entry in (*keys, *entries) if not isinstance(entry, Ref))


def _leaf_bytes(item: Item) -> int:
    if isinstance(item, str):
        return len(item.encode("utf-8", "surrogatepass"))
    return len(item) if isinstance(item, bytes) else _LEAF_BYTES
