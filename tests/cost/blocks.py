"""A language model as its builder hands it over: one block that the call runs many times, and its traits."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from npusdk.compiler.plan import Traits
from tests.cost.plans import PlanWriter

BLOCKS, WIDTH, HEADS = 5, 64, 4

PROJECTION = "projection"
"""Name of the product behind the attention of every block."""


def decoder(*, queries=32, context=32, blocks=BLOCKS, unrolled=False, precision="fp16", batch=1, **traits):
    """Return the plan of an embedding, blocks of attention and a linear layer, and a last linear layer.

    `unrolled` writes every block down instead of repeating one. Queries are the last of the context; keys and values of
    the others are inputs that are resident, theirs are resident outputs.
    """
    write = PlanWriter(precision, batch)
    x = write.vector("Gather", write.weight((500, WIDTH)), write.input("ids", (batch, queries), "int64"),
                     shape=(batch, queries, WIDTH))  # fmt: skip
    kept = []
    for block in range(blocks if unrolled else 1):
        start = len(write.steps)
        q, k, v = write.joint_linear(x, WIDTH, 3)
        kept += [k, v]
        if context > queries:
            past = [write.input(f"past_{name}{block}", (batch, context, WIDTH)) for name in "kv"]
            kept += past
            k, v = past
        x = write.linear(write.attention(q, k, v, HEADS), WIDTH, "Relu")
        product, *others = write.steps[-1].nodes
        write.steps[-1] = replace(write.steps[-1], nodes=(replace(product, name=PROJECTION), *others))
        write.steps[start:] = [replace(step, name="block/" + step.name) for step in write.steps[start:]]
    logits = write.linear(x, 500)
    products = [n.name for step in write.steps if step.kind == "attention" for n in step.nodes if n.op == "MatMul"]
    repeats = MappingProxyType({} if unrolled else {"block/": blocks})
    kept_outputs = [name for name in kept if not name.startswith("past")]
    told = {"resident": frozenset(kept), "causal": frozenset(products if traits.pop("causal", False) else ())}
    return write.plan(logits, *kept_outputs, traits=Traits(repeats=repeats, **{**told, **traits}))
