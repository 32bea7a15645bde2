"""The graph of one pass: what its one block computes, and what it holds."""

import numpy as np
import pytest

from npusdk.graph import bind, is_absent
from npusdk.importers.language import BLOCK, Share, bundled_models, pass_graph, read_config
from npusdk.kernels import call

TINY = {
    "model_type": "llama", "num_hidden_layers": 1, "hidden_size": 24, "num_attention_heads": 6,
    "num_key_value_heads": 2, "intermediate_size": 20, "vocab_size": 50, "max_position_embeddings": 64,
}  # fmt: skip
FAMILIES = ("gpt-350m", "gpt-j-6b", "opt-1.3b", "llama-3-8b", "mistral-7b", "qwen2.5-7b", "qwen3-0.6b",
            "exaone-3.5-7.8b")  # fmt: skip


def evaluate(graph, inputs, seed=0):
    """Return every tensor of a bound graph, its absent weights drawn, by the kernels."""
    random = np.random.default_rng(seed)
    draw = lambda value: random.standard_normal(value.shape).astype(np.float32)  # noqa: E731
    known = {name: draw(value) if is_absent(value) else value for name, value in graph.constants.items()} | inputs
    for node in graph.nodes:
        operands = [known[name] if name else None for name in node.inputs]
        known.update(zip(node.outputs, call(node.op, operands, node.attrs, len(node.outputs)), strict=True))
    return known


def softmax(scores):
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def attend(query, keys, values):
    """Return one query's attention, heads of three queries to a key head, in loops."""
    heads = [softmax(keys[:, h // 3] @ query[h]) @ values[:, h // 3] for h in range(6)]
    return np.concatenate(heads)


@pytest.mark.parametrize(("tokens", "context"), [(1, 5), (4, 0)])
def test_attention_of_grouped_queries_is_that_of_single_heads(tokens, context):
    """Rows of one key head attend as each query would alone, in decoding over the cache and in a prefill."""
    built = pass_graph(read_config(TINY), tokens=tokens, context=context)
    graph = bind(built.graph, {"tokens": (2, tokens)}, call)
    random = np.random.default_rng(1)
    shapes = {name: graph.tensors[name] for name in graph.inputs}
    inputs = {
        name: random.integers(0, 50, t.sizes) if t.dtype == "int64" else random.standard_normal(t.sizes, np.float32)
        for name, t in shapes.items()
    }
    found = evaluate(graph, inputs)
    keys, values = (found[f"past_{what}" if context else what] for what in ("key", "value"))
    queries = found[f"{BLOCK}query"].reshape(2, tokens, 6, 4)
    wanted = [[attend(queries[b, t], keys[b], values[b]) for t in range(tokens)] for b in range(2)]
    np.testing.assert_allclose(found[f"{BLOCK}attended"], np.array(wanted), rtol=1e-4, atol=1e-5)


def test_rotation_turns_queries_and_keys_alike():
    """A head is turned as x cos + rotate(x) sin, whether it asks or answers."""
    graph = bind(pass_graph(read_config(TINY), tokens=3).graph, {"tokens": (1, 3)}, call)
    angle = np.random.default_rng(2).standard_normal((1, 3, 1, 2)).astype(np.float32)
    angles = np.concatenate([angle, angle], axis=-1)
    inputs = {"tokens": np.array([[1, 2, 3]]), "rotary_cos": np.cos(angles), "rotary_sin": np.sin(angles)}
    found = evaluate(graph, inputs)
    made = found[f"{BLOCK}heads"]
    pairs = made[..., :2] + 1j * made[..., 2:]
    turned = pairs * np.exp(1j * angle)
    heads = np.concatenate([found[f"{BLOCK}query"], found["key"]], axis=2)
    np.testing.assert_allclose(heads, np.concatenate([turned.real, turned.imag], axis=-1), rtol=1e-5, atol=1e-5)


def weights(built, config):
    """Return the weights that a pass holds, its block once for each layer."""
    graph = built.graph
    floats = [name for name in graph.constants if graph.tensors[name].dtype == "float32"]
    times = {name: config.layers if name.startswith(BLOCK) else 1 for name in floats}
    return sum(graph.tensors[name].elements * times[name] for name in floats)


@pytest.mark.parametrize("name", FAMILIES)
def test_graph_holds_the_weights_of_the_model(name):
    """One block for each layer and what stands outside add up to the model; queries and keys share one scale here."""
    config = bundled_models()[name].config
    shared_scale = config.layers * config.head_dim if config.query_key_norm else 0
    assert weights(pass_graph(config, tokens=4), config) == config.parameters - shared_scale
    assert weights(pass_graph(config, tokens=1, context=9), config) == config.parameters - shared_scale


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("tokens", [1, 7])
def test_cache_that_a_prefill_writes_is_what_a_decode_reads(name, tokens):
    """Keys and values of a prefill of n tokens have the shape of the cache of a decode that sees n."""
    config = bundled_models()[name].config
    written = bind(pass_graph(config, tokens=tokens).graph, {"tokens": (3, tokens)}, call)
    read = bind(pass_graph(config, tokens=1, context=tokens).graph, {"tokens": (3, 1)}, call)
    for what in ("key", "value"):
        assert written.tensors[what].shape == read.tensors[f"past_{what}"].shape
        assert read.tensors[what].elements == 3 * config.kv_heads * config.head_dim


def test_graph_of_a_large_model_takes_no_memory():
    """The weights of GPT-175B are views of one number."""
    graph = pass_graph(bundled_models()["gpt-175b"].config, tokens=1, context=2048).graph
    assert all(value.size < 100 or is_absent(value) for value in graph.constants.values())


@pytest.mark.parametrize("tp", [1, 2, 3, 8, 16])
@pytest.mark.parametrize("name", ["llama-3-70b", "gpt-20b", "gpt-j-6b", "qwen2.5-7b"])
def test_shares_cover_the_model(name, tp):
    """Devices together hold every head and every column, and a query has the key head that it asks."""
    config = bundled_models()[name].config
    share = Share(config, tp)
    assert share.heads * tp >= config.heads
    assert share.kv_heads * tp >= config.kv_heads
    assert share.ffn * tp >= config.ffn
    assert share.vocabulary * tp >= config.vocabulary
    assert tp > 1 or (share.heads, share.kv_heads) == (config.heads, config.kv_heads)
