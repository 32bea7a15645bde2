"""The networks of `builders` in full and in tiny size, and inputs for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tests.models.builders import (
    bert_encoder,
    efficientnet_like,
    gpt_decoder,
    mobilenet_v2,
    quantised_cnn,
    resnet50,
    vit,
)

Builder = Callable[..., onnx.ModelProto]

FULL: Mapping[str, Builder] = {
    "resnet50": resnet50,
    "resnet50-folded": partial(resnet50, folded=True),
    "mobilenet_v2": mobilenet_v2,
    "mobilenet_v2-unfolded": partial(mobilenet_v2, folded=False),
    "efficientnet_like": efficientnet_like,
    "bert_encoder": bert_encoder,
    "vit": vit,
    "gpt_decoder": gpt_decoder,
}
"""Published sizes, batch symbolic; each takes `filled=False`."""

_SMALL_RESNET = {"image": 32, "blocks": (1, 2), "width": 8, "classes": 10}
_SMALL_MOBILENET = {
    "image": 32,
    "stages": ((1, 8, 1, 1), (4, 12, 2, 2), (4, 16, 2, 2)),
    "width": 8,
    "head": 32,
    "classes": 10,
}
_SMALL_EFFICIENTNET = {
    "image": 32,
    "stages": ((1, 8, 1, 1, 3), (4, 12, 2, 2, 5)),
    "width": 8,
    "head": 32,
    "classes": 10,
}
_SMALL_BERT = {"layers": 2, "hidden": 32, "heads": 4, "vocabulary": 64}
_SMALL_VIT = {"image": 32, "patch": 8, "layers": 2, "hidden": 32, "heads": 4, "classes": 10}
_SMALL_GPT = {"layers": 2, "hidden": 32, "heads": 4, "vocabulary": 64, "context": 24}

TINY: Mapping[str, Builder] = {
    "resnet50": partial(resnet50, **_SMALL_RESNET),
    "resnet50-folded": partial(resnet50, **_SMALL_RESNET, folded=True),
    "mobilenet_v2": partial(mobilenet_v2, **_SMALL_MOBILENET),
    "mobilenet_v2-unfolded": partial(mobilenet_v2, **_SMALL_MOBILENET, folded=False),
    "efficientnet_like": partial(efficientnet_like, **_SMALL_EFFICIENTNET),
    "efficientnet_like-mean": partial(efficientnet_like, **_SMALL_EFFICIENTNET, pool="ReduceMean"),
    "bert_encoder": partial(bert_encoder, sequence=12, **_SMALL_BERT),
    "bert_encoder-dynamic": partial(bert_encoder, sequence="S", **_SMALL_BERT),
    "bert_encoder-fused": partial(bert_encoder, sequence=12, **_SMALL_BERT, fused_norm=True),
    "vit": partial(vit, **_SMALL_VIT),
    "vit-split": partial(vit, **_SMALL_VIT, unbind="Split"),
    "gpt_decoder": partial(gpt_decoder, **_SMALL_GPT),
    "gpt_decoder-static": partial(gpt_decoder, sequence=12, **_SMALL_GPT),
    "gpt_decoder-trilu": partial(gpt_decoder, **_SMALL_GPT, mask="Trilu"),
    "quantised_cnn": quantised_cnn,
    "quantised_cnn-signed": partial(quantised_cnn, signed=True),
    "quantised_cnn-per_tensor": partial(quantised_cnn, per_channel=False),
}
"""The same patterns in a few thousand weights, batch symbolic."""


def feeds_of(model: onnx.ModelProto, seed: int = 0, **dims: int) -> dict[str, NDArray[np.generic]]:
    """Draw inputs for `model`, its symbolic dimensions set by `dims`, as in ``feeds_of(model, N=2, S=12)``.

    Images are normal, tokens below 64, token types 0 then 1, and the last quarter of each sequence is masked.
    """
    rng = np.random.default_rng(seed)
    feeds: dict[str, NDArray[np.generic]] = {}
    for value in model.graph.input:
        tensor = value.type.tensor_type
        shape = [dims[dim.dim_param] if dim.dim_param else dim.dim_value for dim in tensor.shape.dim]
        ramp = np.broadcast_to(np.arange(shape[-1]) / shape[-1], shape)
        if value.name == "attention_mask":
            feeds[value.name] = (ramp < 0.75).astype(np.int64)
        elif value.name == "token_type_ids":
            feeds[value.name] = (ramp >= 0.5).astype(np.int64)
        elif tensor.elem_type == TensorProto.INT64:
            feeds[value.name] = rng.integers(0, 64, shape)
        else:
            feeds[value.name] = rng.standard_normal(shape, dtype=np.float32)
    return feeds
