"""A model and a program on a card: what they take and give, and what they are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from npusdk.graph import Tensor
from npusdk.language import _, plain, render, translate
from npusdk.pipeline import LLM, Model, Program
from npusdk.pipeline.language_pass import Pass
from npusdk.units import format_bytes, format_count
from npusdk.views.blocks import NAME_LIMIT, Column
from npusdk.views.html.card import Card

FORMAT = "bf16"
"""In which the sizes of a language model are told that leaves its formats open."""

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


def language_model(value: LLM) -> str:
    """Return a language model as HTML."""
    card = Card()
    card.title(plain(value.name, NAME_LIMIT), translate(_("language model")))
    config = value.config
    weights = format_bytes(value.weight_bytes(FORMAT))
    cache = render(_("{size} a token"), size=format_bytes(value.kv_bytes_per_token(FORMAT)))
    card.facts(
        (
            (translate(_("parameters")), f"{value.parameters:,}"),
            (translate(_("layers")), render(_("{count} of width {width}"), count=config.layers, width=config.hidden)),
            (
                translate(_("attention heads")),
                render(_("{count}, for keys and values {kv}"), count=config.heads, kv=config.kv_heads),
            ),
            (translate(_("made for")), render(_("{count} tokens"), count=f"{config.max_context:,}")),
            (translate(_("weights")), f"{weights} ({plain(value.weights or FORMAT, NAME_LIMIT)})"),
            (translate(_("keys and values")), f"{cache} ({plain(value.cache or FORMAT, NAME_LIMIT)})"),
        )
    )
    return str(card)


def language_pass(value: Pass) -> str:
    """Return one pass of a language model as HTML."""
    card = Card()
    card.title(plain(value.name, NAME_LIMIT), translate(_("pass of a language model")))
    layers = max(value.traits.repeats.values(), default=1)
    shares = render(_("1 of {count}"), count=value.traits.shards)
    card.facts(
        (
            (translate(_("sequences")), str(value.batch)),
            (translate(_("layers")), str(layers)),
            (translate(_("parameters")), f"{value.parameters:,}"),
            (translate(_("work")), format_count(value.macs, "MAC")),
            *(((translate(_("share of a device")), shares),) * (value.traits.shards > 1)),
            (translate(_("operators of a layer")), _counted(node.op for node in value.graph.nodes)),
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
