"""The words of files of measurements: every one of the published vocabulary is understood, and no other by chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.calibration.metrics import METRICS, Metric, metric_of
from npusdk.calibration.models import CHAINS, model_of, read_detail
from npusdk.calibration.vocabulary import (
    DEVICES,
    PRECISIONS,
    SEPARATE_PARTS,
    device_of,
    precision_of,
    stack_of,
    unit_of,
)
from npusdk.catalogue import find_device
from npusdk.importers.language import bundled_models
from npusdk.zoo.registry import ZOO

DEVICE_KEYS = {
    "t4": "nvidia-t4",
    "a100-40": "nvidia-a100-sxm4-40gb",
    "a100-80": "nvidia-a100-sxm4-80gb",
    "a100-pcie-40": "nvidia-a100-pcie-40gb",
    "a100-pcie-80": "nvidia-a100-pcie-80gb",
    "a100-sxm-40": "nvidia-a100-sxm4-40gb",
    "a100-sxm-80": "nvidia-a100-sxm4-80gb",
    "h100-pcie": "nvidia-h100-pcie",
    "h100-sxm": "nvidia-h100-sxm",
    "h200-sxm": "nvidia-h200-sxm",
    "l40s": "nvidia-l40s",
    "warboy": "furiosa-warboy",
    "warboy-1pe": "furiosa-warboy:1pe",
    "atom": "rebellions-atom",
    "atom-plus-ca22": "rebellions-atom-plus-ca22",
    "rngd": "furiosa-rngd",
    "rebel-quad": "rebellions-rebel-quad",
    "ipu-c600": "graphcore-c600",
    "ipu-mk2-unknown": "graphcore-gc200",
}

NETWORKS = {
    "ResNet-50 v1.5": "resnet50",
    "MobileNet-v1": "mobilenet_v1",
    "SSD-MobileNet-v1": "ssd_mobilenet_v1",
    "SSD-ResNet34": "ssd_resnet34",
    "RetinaNet ResNeXt50-32x4d": "retinanet",
    "3D-UNet BraTS2019": "unet3d_brats",
    "BERT-Base": "bert_base",
    "BERT-Large": "bert_large",
    "ViT-B/16": "vit_b16",
    "ViT-L/16": "vit_l16",
    "Swin-Tiny": "swin_t",
    "Swin-Large": "swin_l",
    "YOLOv7": "yolov7",
    "YOLOv7x": "yolov7x",
    "RT-DETR-L": "rtdetr_l",
    **{f"RT-DETR-R{depth}": f"rtdetr_r{depth}" for depth in (18, 34, 50, 101)},
    "RT-DETR (R50)": "rtdetr_r50",
    "RTDETRv2-s": "rtdetr_r18",
    "3D-UNet-99 (BraTS 2019)": "unet3d_brats",
    "YOLOv8-pose-n": "yolov8n_pose",
    "YOLOv5u-n": "yolov5nu",
    **{f"YOLOv5{size}": f"yolov5{size}" for size in "nsmlx"},
    **{f"YOLOv5{size}u": f"yolov5{size}u" for size in "nsmlx"},
    **{f"YOLOv5{size}6": f"yolov5{size}6" for size in "nsmlx"},
    **{f"YOLOv5{size}6u": f"yolov5{size}6u" for size in "nsmlx"},
    **{f"YOLOv6-3.0-{size.upper()}": f"yolov6{size}" for size in "nsml"},
    **{f"YOLOv8{size}": f"yolov8{size}" for size in "nsmlx"},
    **{f"YOLOv8{size}-pose": f"yolov8{size}_pose" for size in "nsmlx"},
    **{f"YOLOv8{size}-seg": f"yolov8{size}_seg" for size in "nsmlx"},
    **{f"YOLOv9{size}": f"yolov9{size}" for size in "tsmce"},
    **{f"YOLOv10{size}": f"yolov10{size}" for size in "nsmblx"},
}

LANGUAGES = {
    **{f"GPT-{size}": f"gpt-{size.lower()}" for size in ("350M", "1.3B", "6.7B", "20B", "89B", "175B")},
    "GPT-J-6B": "gpt-j-6b",
    "OPT-13B": "opt-13b",
    "LLaMA-7B": "llama-7b",
    "LLaMA-70B": "llama-2-70b",
    "Llama-2-7B": "llama-2-7b",
    "Llama-2-70B": "llama-2-70b",
    "Llama-3-8B": "llama-3-8b",
    "Llama-3-70B": "llama-3-70b",
    "Llama-3.1-8B-Instruct": "llama-3-8b",
    "Llama-3.3-70B-Instruct": "llama-3-70b",
    **{f"Qwen3-{size}": f"qwen3-{size.lower()}" for size in ("0.6B", "1.7B", "4B")},
    "Mistral-7B-Instruct-v0.3": "mistral-7b",
    "SOLAR-10.7B": "solar-10.7b",
    "EXAONE-3.5-7.8B-Instruct": "exaone-3.5-7.8b",
}

METRIC_WORDS = {
    ("vLLM TTFT", "ms", "language"): ("prefill", "batch"),
    ("mean TPOT", "ms", "language"): ("decode", "batch"),
    ("decode throughput", "tokens/s", "language"): ("decode", "batch"),
    ("prefill throughput", "tokens/s", "language"): ("prefill", "batch"),
    ("output throughput", "tok/s", "language"): ("serving", "batch"),
    ("fps", "frames/s", "network"): ("throughput", "batch"),
    ("completed samples per second", "samples/s", "network"): ("throughput", "batch"),
    ("average power", "W", "network"): ("power", "batch"),
    ("throughput", "samples/s", "network"): ("throughput", "batch"),
    ("latency_mean", "ns", "network"): ("latency", "batch"),
    ("latency_mean per query", "ns", "network"): ("latency", "query"),
    ("latency (whole batch)", "ms", "network"): ("latency", "batch"),
    ("latency_avg (whole batch)", "ms", "network"): ("latency", "batch"),
    ("latency forward (no NMS)", "ms", "network"): ("latency", "batch"),
    ("NPU latency per image", "ms", "network"): ("latency", "sample"),
    ("end-to-end image latency", "ms", "chain"): ("latency", "batch"),
    ("UNet time, 4 steps", "ms", "chain"): ("latency", "batch"),
    ("first-token latency", "ms", "language"): ("prefill", "batch"),
    ("TTFT (1 output token), whole batch", "s", "language"): ("prefill", "batch"),
    ("end-to-end latency (prefill+decode)", "ms", "language"): ("generation", "batch"),
    ("end-to-end latency (prefill+decode), whole batch", "s", "language"): ("generation", "batch"),
    ("prefill speed batch 1", "tokens/s", "language"): ("prefill", "batch"),
    ("decode speed batch 1", "tokens/s", "language"): ("decode", "batch"),
    ("output token throughput", "tokens/s", "language"): ("serving", "batch"),
    ("output token throughput per GPU", "tokens/s", "language"): ("serving", "batch"),
    ("total output token throughput", "tokens/s", "language"): ("serving", "batch"),
    ("token throughput", "tokens/s", "language"): ("serving", "batch"),
    ("throughput", "samples/s", "language"): ("serving", "batch"),
    ("average board power", "mW", "language"): ("power", "batch"),
    ("board power", "W", "network"): ("power", "batch"),
}

SEPARATORS = st.sampled_from([" ", "-", "_", "", "  "])


@pytest.mark.parametrize(("key", "device"), DEVICE_KEYS.items())
def test_every_device_key_is_a_device_of_the_catalogue(key, device):
    """A key means one device or part, in any case; an A100 without a form factor is SXM."""
    assert device_of(key) == device_of(key.upper()) == find_device(device).id == device


def test_tables_of_devices_name_devices():
    """No row of a table points to a device that there is not."""
    for device in (*DEVICES.values(), *SEPARATE_PARTS, *(part for part, _ in SEPARATE_PARTS.values())):
        assert find_device(device).id == device


@pytest.mark.parametrize(
    "key", ["a40", "mi300x", "", "a100-", "reference", "warboy-3pe", "t4:1pe", "x" * 999, "atom:9"]
)
def test_other_keys_are_unknown(key):
    """What the catalogue does not have, or cannot cost, is not guessed."""
    assert device_of(key) == ""


def test_device_in_words_needs_its_memory_and_form():
    """A file without keys is understood where the words are enough."""
    assert device_of("", "NVIDIA A100-PCIe-80GB") == "nvidia-a100-pcie-80gb"
    assert device_of("", "FuriosaAI Warboy (1 of 2 PEs)") == "furiosa-warboy:1pe"
    assert device_of("", "NVIDIA A100 (variant not stated)") == ""


@pytest.mark.parametrize(("text", "name"), NETWORKS.items())
def test_every_network_of_the_vocabulary_is_in_the_zoo(text, name):
    """A name means one network, and the zoo has it."""
    assert (model_of(text).kind, model_of(text).name, name in ZOO) == ("network", name, True)


@pytest.mark.parametrize(("text", "name"), LANGUAGES.items())
def test_every_language_model_of_the_vocabulary_has_a_configuration(text, name):
    """A name means one geometry, and it is bundled; tuning and owner do not change it."""
    assert (model_of(text).kind, model_of(text).name, name in bundled_models()) == ("language", name, True)


@pytest.mark.parametrize("text", ["SDXL 1.0 base", "SDXL", "SDXL 1.0 UNet (LCM)", "CLIP", "CLIP ViT-L/14"])
def test_every_chain_is_made_of_networks_of_the_zoo(text):
    """A model of several networks names them all."""
    known = model_of(text)
    assert known.kind == "chain"
    assert {stage.network for stage in CHAINS[known.name]} <= set(ZOO)


@given(st.sampled_from(sorted({**NETWORKS, **LANGUAGES})), st.booleans(), SEPARATORS)
def test_spelling_says_nothing(text, capital, separator):
    """Case, hyphens, blanks and underscores do not change what a name means."""
    spelt = (text.upper() if capital else text.lower()).replace("-", separator).replace(" ", separator)
    assert model_of(spelt) == model_of(text)


@pytest.mark.parametrize(
    "text",
    ["ResNet-50 v1", "ResNet-5", "YOLOv8", "YOLOv8q", "YOLO", "GPT-4", "LLaMA-65B", "Llama-3-405B", "Llama", "ViT-B/32",
     "BERT", "3D-UNet", "Mixtral-8x7B", "", "ResNet-50 v1.5 extra", "resnet50" * 40],
)  # fmt: skip
def test_names_that_leave_the_geometry_open_are_unknown(text):
    """What could be several networks, or is none that we have, is not guessed."""
    assert model_of(text) is None


def test_samples_of_many_sizes_are_known_and_said_to_be_such():
    """A network whose samples differ in size is understood, and marked."""
    assert model_of("3D-UNet KiTS19").variable
    assert model_of("Whisper-Large-v3").variable
    assert model_of("3D-UNet", "BraTS, 224x224x160").name == "unet3d_brats"
    assert model_of("3D-UNet", "224x224x160x4 fixed").name == "unet3d_brats"
    assert model_of("RT-DETR", "R18, 640x640, 60 GFLOPs").name == "rtdetr_r18"
    assert model_of("RT-DETR", "640x640") is None


@pytest.mark.parametrize(("words", "meaning"), METRIC_WORDS.items())
def test_every_metric_of_the_vocabulary_has_a_meaning(words, meaning):
    """A metric with its unit means one thing for one kind of model."""
    metric, unit, kind = words
    found = metric_of(metric, unit_of(unit).measures, kind)
    assert (found.mode, found.per) == meaning
    assert found.per_device == ("per GPU" in metric)


@pytest.mark.parametrize(
    ("metric", "measures", "kind", "reason"),
    [
        ("p99 latency", "time", "network", "not_modelled"),
        ("99th percentile latency", "time", "network", "not_modelled"),
        ("accuracy", "time", "network", "unknown_metric"),
        ("latency", "tokens", "network", "unknown_unit"),
        ("TTFT", "time", "network", "unknown_metric"),
        ("total token throughput (input+output)", "tokens", "language", "not_modelled"),
        ("throughput", "time", "network", "unknown_unit"),
    ],
)
def test_other_metrics_are_refused_by_name(metric, measures, kind, reason):
    """A tail is no mean, a rate no time, and tokens of prompts are none of answers."""
    assert metric_of(metric, measures, kind) == reason


@given(st.text(max_size=300), st.sampled_from(["time", "samples", "tokens", "power"]))
def test_any_metric_is_a_meaning_or_a_reason(text, measures):
    """No text breaks the table."""
    found = metric_of(text, measures, "network")
    assert isinstance(found, (Metric, str))
    assert METRICS


@pytest.mark.parametrize(
    ("text", "dtype", "weights"),
    [
        ("fp16", "fp16", ""), ("F16", "fp16", ""), ("Q4_K_M", "fp16", "q4_k_m"), ("tf32", "tf32", ""),
        ("fp16 (TensorRT export; not stated)", "fp16", ""), ("fp16 (not stated)", "fp16", ""), ("INT8", "int8", ""),
        ("int4 (AWQ)", "fp16", "int4"), ("W4A16 AWQ", "fp16", "int4"), ("W8A8 int8", "int8", ""),
        ("bf16", "bf16", ""), ("fp8", "fp8", ""), ("int4 weight only", "fp16", "int4"), ("W8A8", "int8", ""),
    ],
)  # fmt: skip
def test_precisions_are_a_format_and_that_of_the_weights(text, dtype, weights):
    """A precision says in what a model multiplies, and in what its weights are stored."""
    assert precision_of(text) == (dtype, weights)


def test_every_precision_is_one_that_devices_may_have():
    """The table's formats are the catalogue's."""
    assert {precision.dtype for precision in PRECISIONS.values()} <= {
        "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4",
    }  # fmt: skip
    assert precision_of("fp12") is None


@pytest.mark.parametrize(
    ("text", "stack"),
    [
        ("TensorRT 7.2, CUDA 11.0 Update 1", "tensorrt"), ("TensorRT-LLM v1.0 (PyTorch backend)", "tensorrt-llm"),
        ("vLLM 0.10.0, RHEL 9.6", "vllm"), ("FasterTransformer, CUDA 11.4", "fastertransformer"),
        ("Paddle-TRT (TensorRT)", "paddle-trt"), ("llama.cpp, CUDA 12.1.1", "llama.cpp"),
        ("Deepspeed-MII", "deepspeed-mii"), ("PopRT 1.4.0, Poplar SDK 3.3", "poplar"),
        ("Furiosa SDK 0.10", "furiosa-sdk"), ("FuriosaAI SDK 0.5.0", "furiosa-sdk"), ("vllm-rbln 0.7", "rbln"),
        ("furiosa-llm 2026.1", "furiosa-llm"), ("RBLN SDK", "rbln"), ("", "other"), ("made at home", "other"),
    ],
)  # fmt: skip
def test_software_names_its_stack(text, stack):
    """The more special name wins: TensorRT-LLM is not TensorRT."""
    assert stack_of(text) == stack


def test_units_keep_their_case_where_it_means_something():
    """A milliwatt is no megawatt, and any spelling of a time is one."""
    assert (unit_of("mW").factor, unit_of("W").factor, unit_of("MW")) == (1e-3, 1.0, None)
    assert unit_of("MS") == unit_of("ms") == unit_of("msec")
    assert [unit_of(text).factor for text in ("ns", "us", "\N{MICRO SIGN}s", "ms", "s")] == [
        1e-9,
        1e-6,
        1e-6,
        1e-3,
        1.0,
    ]
    assert unit_of("parsec") is None


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("640x640x3 COCO, 8.7 GFLOPs (2*MAC)", {"resolution": 640}),
        ("384x384", {"resolution": 384}),
        ("640x480", {"resolution": -1}),
        ("SQuAD v1.1, max seq 384", {"sequence": 384}),
        ("decoder-only, heads 48 x 128, layers 44, vocab 51200, tensor parallel 8", {"tp": 8}),
        ("tensor parallel 4, pipeline parallel 2", {"tp": 4, "pp": 2}),
        ("1024x1024, COCO captions; 20 denoising steps, guidance 8", {"resolution": 1024, "steps": 20}),
        ("synthetic prompts; input length = output length", {}),
        ("9" * 999, {}),
    ],
)
def test_details_give_sizes(text, sizes):
    """What a remark says of sizes is read, and heads are none of them."""
    assert {name: value for name, value in read_detail(text)._asdict().items() if value} == sizes
