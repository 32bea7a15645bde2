"""A model and a program on a card: what they take and give, and what they are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from npusdk.graph import Tensor
from npusdk.language import _, plain, render, translate
from npusdk.pipeline import Model, Program
from npusdk.units import format_bytes, format_count
from npusdk.views.blocks import NAME_LIMIT, Column
from npusdk.views.html.card import Card

OPERATORS = 12
"""Operators that are told."""


def model(value: Model) -> str:
    """Return a model as HTML."""
    card = Card()
    card.title(plain(value.name, NAME_LIMIT), translate(_("model")))
    nodes = value.graph.nodes
    card.facts(
        (
            (translate(_("parameters")), f"{value.parameters:,}"),
            (translate(_("weights")), format_bytes(value.weight_bytes)),
            (translate(_("nodes")), str(len(nodes))),
            (translate(_("operators")), _counted(node.op for node in nodes)),
            (translate(_("quantised")), translate(_("yes")) if value.is_quantized else translate(_("no"))),
        )
    )
    _add_tensors(card, translate(_("Inputs")), value.inputs)
    _add_tensors(card, translate(_("Outputs")), value.outputs)
    return str(card)


def program(value: Program) -> str:
    """Return a program as HTML."""
    card = Card()
    plan = value.plan
    card.title(plain(plan.graph.name, NAME_LIMIT), translate(_("program for the emulator")))
    on_host = sum(step.placement != "device" for step in plan.steps)
    card.facts(
        (
            (translate(_("device")), f"{value.device.name} ({value.device.id})"),
            (translate(_("precision")), value.precision),
            (translate(_("batch")), str(value.batch)),
            (
                translate(_("fused operators")),
                render(_("{count}, of which on the host {host}"), count=len(plan.steps), host=on_host),
            ),
            (translate(_("weights")), format_bytes(plan.weight_bytes)),
        )
    )
    graph = plan.graph
    _add_tensors(card, translate(_("Inputs")), (graph.tensors[name] for name in graph.inputs))
    _add_tensors(card, translate(_("Outputs")), (graph.tensors[name] for name in graph.outputs))
    return str(card)


def _counted(names: Iterable[str]) -> str:
    counts = Counter(names).most_common()
    told = ", ".join(f"{plain(name, NAME_LIMIT)} {count}" for name, count in counts[:OPERATORS])
    return f"{told}, ..." if len(counts) > OPERATORS else told


def _add_tensors(card: Card, title: str, tensors: Iterable[Tensor]) -> None:
    card.heading(title)
    card.table(
        (
            Column(translate(_("name")), wraps=True),
            Column(translate(_("element type"))),
            Column(translate(_("shape"))),
            Column(translate(_("elements")), number=True),
        ),
        (
            (
                plain(tensor.name, NAME_LIMIT),
                tensor.dtype,
                plain(" x ".join(map(str, tensor.shape)), NAME_LIMIT),
                format_count(tensor.elements),
            )
            for tensor in tensors
        ),
    )
