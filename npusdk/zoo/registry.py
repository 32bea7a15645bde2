"""The reference networks by name, and the building of one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from npusdk.errors import ConfigError, ShapeError
from npusdk.graph import Graph
from npusdk.language import _
from npusdk.zoo import (
    autoencoder,
    bert,
    clip,
    diffusion,
    gpt2,
    mobilenet,
    resnet,
    retinanet,
    rtdetr,
    rtdetr_resnet,
    ssd,
    swin,
    unet3d,
    vit,
    whisper,
    yolov5,
    yolov6,
    yolov7,
    yolov8,
    yolov9,
    yolov10,
)
from npusdk.zoo.entry import LARGEST, Entry, Size

_FAMILIES: tuple[Mapping[str, Entry], ...] = (
    resnet.ENTRIES,
    mobilenet.ENTRIES,
    ssd.ENTRIES,
    retinanet.ENTRIES,
    unet3d.ENTRIES,
    bert.ENTRIES,
    vit.ENTRIES,
    swin.ENTRIES,
    gpt2.ENTRIES,
    clip.ENTRIES,
    diffusion.ENTRIES,
    autoencoder.ENTRIES,
    whisper.ENTRIES,
    yolov5.ENTRIES,
    yolov6.ENTRIES,
    yolov7.ENTRIES,
    yolov8.ENTRIES,
    yolov9.ENTRIES,
    yolov10.ENTRIES,
    rtdetr.ENTRIES,
    rtdetr_resnet.ENTRIES,
)
"""Entries of the modules, one line each."""

_LONGEST_NAME = 80
"""Characters of an unknown name that are compared and shown."""


def _merge(families: Iterable[Mapping[str, Entry]]) -> Mapping[str, Entry]:
    """Return all entries in alphabetical order.

    Raises
    ------
    ValueError
        If two modules use one name.
    """
    families = tuple(families)
    entries = {name: entry for family in families for name, entry in family.items()}
    if len(entries) != sum(map(len, families)):
        text = "two modules of the zoo use one name"
        raise ValueError(text)
    return MappingProxyType(dict(sorted(entries.items())))


ZOO: Mapping[str, Entry] = _merge(_FAMILIES)
"""Every reference network by its name, in alphabetical order."""


def find_entry(name: str) -> tuple[str, Entry]:
    """Return a network's own name, and what the zoo says of it.

    Raises
    ------
    ConfigError
        If there is no such network; it names the nearest and all.

    Examples
    --------
    >>> find_entry("ResNet50")[0]
    'resnet50'
    """
    key = name.strip().casefold()
    if key in ZOO:
        return key, ZOO[key]
    shown = name[:_LONGEST_NAME]
    nearest = difflib.get_close_matches(shown.strip().casefold(), ZOO, n=3, cutoff=0.5)
    raise ConfigError(
        _("the zoo has no network {name}"),
        hint=_("Use one of the nearest names {nearest}, or any of {choices}.")
        if nearest
        else _("Use any of {choices}."),
        name=repr(shown),
        nearest=", ".join(nearest),
        choices=", ".join(ZOO),
    )


def build(name: str, size: Size = Size()) -> Graph:  # noqa: B008 - frozen
    """Return a reference network as an open graph; its weights are absent.

    Parameters
    ----------
    name
        Its name, in any case.
    size
        Sizes of a sample; 0 stands for the usual one.

    Raises
    ------
    ConfigError
        If there is no such network.
    ShapeError
        If it does not take such a size.

    Examples
    --------
    >>> graph = build("resnet50", Size(resolution=288))
    >>> graph.tensors["image"].shape
    ('batch', 3, 288, 288)
    """
    own, entry = find_entry(name)
    resolution = _choose(own, "resolution", size.resolution, entry.size.resolution)
    sequence = _choose(own, "sequence", size.sequence, entry.size.sequence)
    if resolution % entry.multiple:
        raise ShapeError(
            _("network {name} cannot take resolution {value}: it must be a multiple of {multiple}"),
            hint=_("Give resolution={nearest}."),
            name=own,
            value=resolution,
            multiple=entry.multiple,
            nearest=max(round(resolution / entry.multiple), 1) * entry.multiple,
        )
    if entry.longest and sequence > entry.longest:
        _refuse_large(own, "sequence", sequence, entry.longest)
    return entry.make(Size(resolution, sequence))


def _choose(name: str, what: str, asked: int, usual: int) -> int:
    """Return the size to build with."""
    if not asked:
        return usual
    if not usual:
        raise ShapeError(
            _("network {name} has no {what} that could be chosen; {value} was given"),
            hint=_("Leave {what}= out."),
            name=name,
            what=what,
            value=asked,
        )
    if asked > LARGEST[what]:
        _refuse_large(name, what, asked, LARGEST[what])
    if asked < 0:
        raise ShapeError(
            _("{what} is {value}: it must be a whole number of at least 1"),
            hint=_("Give a positive whole number, or leave {what}= out."),
            what=what,
            value=asked,
        )
    return asked


def _refuse_large(name: str, what: str, asked: int, most: int) -> None:
    raise ShapeError(
        _("network {name} cannot take {what} {value}: the limit is {most}"),
        hint=_("Give {what}={most} or less."),
        name=name,
        what=what,
        value=asked,
        most=most,
    )
