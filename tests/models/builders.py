"""Networks as exporters write them, for tests and benchmarks: ONNX models with seeded random weights."""

from __future__ import annotations

from tests.models.convolutional import efficientnet_like, mobilenet_v2, resnet50
from tests.models.language import bert_encoder, gpt_decoder
from tests.models.quantised import quantised_cnn
from tests.models.vision import vit

__all__ = ["bert_encoder", "efficientnet_like", "gpt_decoder", "mobilenet_v2", "quantised_cnn", "resnet50", "vit"]
