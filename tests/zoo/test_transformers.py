"""Transformers hold what is published of them, compile as they should, and see what they ought to see."""

from collections import Counter
from functools import cache
from math import erf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.compiler import canonicalize, compile_graph
from npusdk.compiler.legality import Legality
from npusdk.cost.work import work_of
from npusdk.errors import ShapeError
from npusdk.graph import bind, is_absent
from npusdk.kernels import call
from npusdk.zoo import Size, autoencoder, bert, clip, diffusion, gpt2, swin, vit, whisper
from npusdk.zoo.transformer import Transformer

ENTRIES = {
    **bert.ENTRIES,
    **vit.ENTRIES,
    **swin.ENTRIES,
    **gpt2.ENTRIES,
    **clip.ENTRIES,
    **diffusion.ENTRIES,
    **autoencoder.ENTRIES,
    **whisper.ENTRIES,
}
LAYERS = {
    "bert_base": 12, "bert_large": 24, "vit_b16": 12, "vit_l16": 24, "swin_t": 12, "swin_b": 24, "swin_l": 24,
    "gpt2": 12, "clip_vit_b32": 12, "clip_vit_l14": 24, "clip_vit_b32_text": 12, "clip_vit_l14_text": 12,
    "sdxl_text_encoder": 12, "sdxl_text_encoder_2": 32, "sdxl_unet": 140, "sdxl_vae_decoder": 1,
    "whisper_large_v3_encoder": 32,
}  # fmt: skip
"""Attentions of each network."""


@cache
def opened(name):
    return ENTRIES[name].make(ENTRIES[name].size)


def at_batch(graph, batch=1):
    shapes = {name: (batch, *graph.tensors[name].shape[1:]) for name in graph.inputs}
    return bind(graph, shapes, call)


@cache
def bound(name):
    return at_batch(opened(name))


def macs_of(graph, ops=()):
    return sum(work_of(node, graph).macs for node in graph.nodes if not ops or node.op in ops)


@cache
def steps_of(name, fusion="npu"):
    return compile_graph(canonicalize(bound(name)), "fp16", Legality(), fusion=fusion, is_quantized=False)


def published_weights(graph):
    """Count weights as publications do: a table of relative positions instead of the biases made of it."""
    count = 0
    for name, value in graph.constants.items():
        if name.endswith(".positions"):
            _, heads, tokens, _ = value.shape
            count += heads * (2 * int(tokens**0.5) - 1) ** 2
        elif is_absent(value):
            count += value.size
    return count


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.macs])
def test_transformer_has_the_published_multiplications(name):
    """Multiply-accumulates of one sample of the usual size are those published, within a hundredth."""
    assert macs_of(bound(name)) == pytest.approx(ENTRIES[name].macs, rel=0.01)


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.parameters])
def test_transformer_has_the_published_weights(name):
    """Weights are as many as published, which often means to the nearest million or ten."""
    assert published_weights(bound(name)) == pytest.approx(ENTRIES[name].parameters, rel=0.03)


def test_released_weights_are_counted_to_the_last():
    """The networks whose weights are released have exactly as many: SDXL's denoiser, GPT-2, BERT without its pooler."""
    assert published_weights(bound("sdxl_unet")) == 2_567_463_684
    assert published_weights(bound("gpt2")) == 124_439_808
    assert published_weights(bound("bert_large")) == 335_141_888 - (1024 * 1024 + 1024) + (2 * 1024 + 2)


@pytest.mark.parametrize(
    ("name", "resolution", "count"),
    [
        ("vit_b16", 224, 86_567_656),
        ("vit_l16", 224, 304_326_632),
        ("swin_t", 224, 28_288_354),
        ("swin_b", 224, 87_768_224),
    ],
)
def test_weights_of_classifiers_are_those_of_torchvision(name, resolution, count):
    """Weights are counted to the last as torchvision's documentation of its models counts them."""
    assert published_weights(at_batch(ENTRIES[name].make(Size(resolution=resolution)))) == count


def test_keys_of_whisper_have_no_bias():
    """Queries, values and what follows have a bias in every layer; keys have none."""
    names = bound("whisper_large_v3_encoder").constants
    counts = Counter(name.split(".")[-2] for name in names if name.endswith(".bias") and ".attention." in name)
    assert counts == {"query": 32, "value": 32, "output": 32, "norm": 32}


@pytest.mark.parametrize(("name", "layers", "width"), [("bert_base", 12, 768), ("bert_large", 24, 1024)])
@pytest.mark.parametrize("sequence", [128, 384])
def test_encoder_multiplies_what_its_sizes_say(name, layers, width, sequence):
    """A layer multiplies 12 width^2 for each token, and twice the width for each pair; the head twice the width."""
    graph = at_batch(ENTRIES[name].make(Size(sequence=sequence)))
    by_token = layers * 12 * width**2 + 2 * width
    assert macs_of(graph) == sequence * by_token + layers * 2 * sequence**2 * width


def test_large_encoder_has_123_billion_multiplications():
    """BERT-Large at 384 tokens: 123.2 billion."""
    assert macs_of(bound("bert_large")) == pytest.approx(123.2e9, rel=1e-3)


def test_denoiser_outside_its_attentions_has_3_tera_multiplications():
    """Convolutions and linear layers of SDXL's denoiser are 2.99 tera; its attentions' products come on top.

    Counters of layers, which see no products of two computed tensors, give 5.98 tera operations for one step.
    """
    graph = bound("sdxl_unet")
    constants = set(graph.constants)
    layers = [node for node in graph.nodes if set(node.inputs) & constants]
    assert 2 * sum(work_of(node, graph).macs for node in layers) == pytest.approx(5.98e12, rel=0.005)
    points = {640: (64 * 64, 10), 1280: (32 * 32, 60)}
    products = sum(2 * count * width * n * (n + diffusion.TEXT_TOKENS) for width, (n, count) in points.items())
    assert macs_of(graph) - sum(work_of(node, graph).macs for node in layers) == products


@given(
    st.sampled_from(["bert_base", "vit_b16", "swin_t", "gpt2", "clip_vit_b32", "clip_vit_b32_text"]), st.integers(2, 9)
)
def test_multiplications_grow_with_the_batch(name, batch):
    """A batch multiplies as often as its samples do one by one, and all shapes take it."""
    graph = at_batch(opened(name), batch)
    assert macs_of(graph) == batch * macs_of(bound(name))
    assert all(graph.tensors[result].shape[0] == batch for result in graph.outputs)


@pytest.mark.parametrize("name", ["sdxl_unet", "sdxl_vae_decoder", "whisper_large_v3_encoder"])
def test_large_network_takes_a_batch(name):
    """Networks of many points take two samples as well, with twice the multiplications."""
    assert macs_of(at_batch(opened(name), 2)) == 2 * macs_of(bound(name))


@pytest.mark.parametrize("fusion", ["npu", "gpu"])
def test_layer_of_an_encoder_is_seven_steps(fusion):
    """Projections are one step, so are attention, GEMM with bias and GELU, and residual with normalisation."""
    steps = [step for step in steps_of("bert_large", fusion) if step.name.startswith("layer.7.")]
    assert [(step.kind, step.label) for step in steps] == [
        ("matrix", "MatMul+Add"),
        ("attention", "Reshape+Transpose+MatMul+Div+Add+Softmax"),
        ("matrix", "MatMul+Add"),
        ("vector", "Add+LayerNormalization"),
        ("matrix", "MatMul+Add+Gelu"),
        ("matrix", "MatMul+Add"),
        ("vector", "Add+LayerNormalization"),
    ]
    assert [sum(node.op == "MatMul" for node in step.nodes) for step in steps] == [3, 2, 1, 0, 1, 1, 0]


def test_encoder_is_its_layers_and_little_else():
    """Of the large encoder's steps 168 are layers; the rest are three tables, their sum, the mask and the head."""
    others = [step for step in steps_of("bert_large") if not step.name.startswith("layer.")]
    assert len(steps_of("bert_large")) - len(others) == 24 * 7
    labels = Counter(step.label for step in others if step.kind != "view")
    assert labels == Counter({
        "Gather": 3, "Add": 1, "Add+LayerNormalization": 1, "Cast+Sub+Mul": 1, "MatMul+Add": 1, "Split": 1,
    })  # fmt: skip


@pytest.mark.parametrize("fusion", ["npu", "gpu"])
@pytest.mark.parametrize("name", ENTRIES)
def test_every_attention_is_one_step(name, fusion):
    """Each attention is one step of two products, and no softmax and no GELU is left written out."""
    steps = steps_of(name, fusion)
    attentions = [step for step in steps if step.kind == "attention"]
    assert len(attentions) == LAYERS[name]
    assert all(sum(node.op == "MatMul" for node in step.nodes) == 2 for step in attentions)
    left = {node.op for step in steps if step.kind != "attention" for node in step.nodes}
    assert not left & {"Softmax", "Erf", "Tanh", "Sigmoid"}


@pytest.mark.parametrize("name", ["clip_vit_b32", "clip_vit_l14_text", "whisper_large_v3_encoder"])
def test_projections_of_one_tensor_are_one_step(name):
    """Query, key and value, three linear layers of one tensor, are one step of three products."""
    counts = Counter(
        sum(node.op == "MatMul" for node in step.nodes) for step in steps_of(name) if ".query" in step.name
    )
    assert counts == {3: LAYERS[name]}


@pytest.mark.parametrize(
    ("name", "size", "shapes"),
    [
        ("bert_base", Size(sequence=128), [(1, 128), (1, 128)]),
        ("vit_b16", Size(resolution=224), [(1, 1000)]),
        ("swin_t", Size(resolution=448), [(1, 1000)]),
        ("gpt2", Size(sequence=16), [(1, 16, 50257)]),
        ("clip_vit_l14", Size(resolution=336), [(1, 768)]),
        ("sdxl_text_encoder_2", Size(sequence=77), [(1, 77, 1280), (1, 1280)]),
        ("sdxl_unet", Size(resolution=512), [(1, 4, 64, 64)]),
        ("sdxl_vae_decoder", Size(resolution=512), [(1, 3, 512, 512)]),
        ("whisper_large_v3_encoder", Size(), [(1, 1500, 1280)]),
    ],
)
def test_network_of_another_size_gives_what_belongs_to_it(name, size, shapes):
    """Results have the shapes that the network's interface promises for a size."""
    graph = at_batch(ENTRIES[name].make(size))
    assert [graph.tensors[result].shape for result in graph.outputs] == shapes


def test_window_that_is_the_whole_image_is_not_shifted():
    """The last stage of Swin has one window, so half of its blocks have no rolls: 11 of 24 shifted, 4 Slices twice."""
    shifted = sum(depth // 2 for depth in (2, 2, 18))
    assert Counter(node.op for node in bound("swin_l").nodes)["Slice"] == shifted * 8


@pytest.mark.parametrize("name", ["swin_t", "swin_l"])
def test_windows_of_too_large_an_image_are_refused(name):
    """The largest resolution is made, what is hidden included; the next is refused, naming the largest."""
    step = ENTRIES[name].multiple
    most = swin.LARGEST // step * step
    with pytest.raises(ShapeError, match=f"limit is {most}"):
        ENTRIES[name].make(Size(resolution=most + step))
    assert ENTRIES[name].make(Size(resolution=most)).tensors["image"].shape[-1] == most


def evaluate(graph, **inputs):
    """Run a bound graph node by node, its weights drawn."""
    random = np.random.default_rng(3)
    values = {
        name: random.normal(0, 0.2, value.shape).astype(np.float32) if is_absent(value) else value
        for name, value in graph.constants.items()
    }
    values |= inputs
    for node in graph.nodes:
        outputs = call(node.op, [values[name] if name else None for name in node.inputs], node.attrs, len(node.outputs))
        values.update(zip(node.outputs, outputs, strict=True))
    return [np.asarray(values[name]) for name in graph.outputs]


def test_token_of_a_prompt_sees_no_later_one():
    """Logits of earlier tokens stay, to the bit, when a later token changes; its own do not."""
    graph = at_batch(gpt2.make_gpt2(Size(sequence=6), "small", gpt2.Prompt(2, 64)))
    ids = np.arange(6)[None]
    changed = ids.copy()
    changed[0, 4] = 99
    (before,), (after,) = evaluate(graph, input_ids=ids), evaluate(graph, input_ids=changed)
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert np.abs(before[:, 4:] - after[:, 4:]).max(axis=-1).min() > 0.01


def test_padding_is_not_seen():
    """Answers of the tokens stay when what is masked changes, and change with what is not."""
    graph = at_batch(bert.make_bert(Size(sequence=6), "small", layers=2, width=64))
    ids = np.arange(6)[None]
    given_ = {"attention_mask": np.array([[1, 1, 1, 1, 0, 0]]), "token_type_ids": np.zeros((1, 6), np.int64)}
    changed = np.where(np.arange(6) == 5, 99, ids)
    start, _ = evaluate(graph, input_ids=ids, **given_)
    same, _ = evaluate(graph, input_ids=changed, **given_)
    np.testing.assert_allclose(start[:, :4], same[:, :4], atol=1e-5)
    other, _ = evaluate(graph, input_ids=changed, **given_ | {"attention_mask": np.ones((1, 6), np.int64)})
    assert np.abs(start[:, :4] - other[:, :4]).max() > 1e-3


def test_text_ends_at_its_largest_token():
    """What follows the token of the largest number, which ends a text, does not change the text's vector."""
    tower = clip.Tower(2, 64, 32)
    graph = at_batch(clip.make_text_tower(Size(sequence=6), "small", tower))
    ids = np.array([[5, 7, clip.WORDS - 1, 0, 0, 0]])
    (before,) = evaluate(graph, input_ids=ids)
    ids[0, 4] = 9
    (after,) = evaluate(graph, input_ids=ids)
    np.testing.assert_array_equal(before, after)
    ids[0, 1] = 9
    (other,) = evaluate(graph, input_ids=ids)
    assert np.abs(before - other).max() > 0.01


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5))
def test_windows_and_rolls_are_undone(count, window, width, start):
    """Cutting into windows and putting together gives the square again, and so do a roll and its reverse."""
    side = count * window
    stage = swin.Stage(width, side, window)
    net = swin.WindowedTransformer("square")
    x = net.input("x", (1, side, side, width))
    start = min(start, side - 1)
    rolled = net.roll(net.roll(x, start), -start) if start else x
    graph = at_batch(net.build([net.op("Identity", net.square(net.windows(rolled, stage), stage))]))
    image = np.arange(side * side * width, dtype=np.float32).reshape(1, side, side, width)
    np.testing.assert_array_equal(evaluate(graph, x=image)[0], image)


@given(st.integers(2, 5), st.sampled_from([2, 4, 7]))
def test_shifted_window_hides_what_was_not_beside_it(count, window):
    """A token sees another in its window exactly if no edge of the image came between them by the shift."""
    side, shift = count * window, window // 2
    mask = swin.make_shifted_mask(side, window, shift)[0, :, 0]
    line = (np.arange(side) + shift) % side
    rows, columns = np.meshgrid(line, line, indexing="ij")
    cut = [part.reshape(count, window, count, window).swapaxes(1, 2).reshape(count**2, -1) for part in (rows, columns)]
    near = np.all([np.abs(part[:, :, None] - part[:, None, :]) < window for part in cut], axis=0)
    np.testing.assert_array_equal(mask == 0, near)


@pytest.mark.parametrize(
    ("method", "exact"),
    [
        ("gelu", lambda x: [0.5 * v * (1 + erf(v / sqrt(2))) for v in x]),
        ("gelu_tanh", lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
        ("gelu_quick", lambda x: x / (1 + np.exp(-1.702 * x))),
        ("swish", lambda x: x / (1 + np.exp(-x))),
    ],
)
def test_written_out_activation_is_the_function(method, exact):
    """Activations compute what their names say."""
    net = Transformer("activation")
    graph = at_batch(net.build([getattr(net, method)(net.input("x", (1, 41)))]))
    x = np.linspace(-5, 5, 41, dtype=np.float32)
    np.testing.assert_allclose(evaluate(graph, x=x[None])[0][0], exact(x), rtol=1e-5, atol=1e-6)
