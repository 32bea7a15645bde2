"""What a file of measurements calls a model, and what it says of its sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

ModelKind: TypeAlias = Literal["network", "language", "chain"]
"""A reference network; a language model by its configuration; several networks, one after another."""


class Known(NamedTuple):
    """A model whose name is understood.

    Parameters
    ----------
    kind
        What it is.
    name
        In the zoo, among the language models, or among `CHAINS`.
    variable
        Whether its samples differ in size, so that no fixed shape stands for them.
    """

    kind: ModelKind
    name: str
    variable: bool = False


_TUNED = r"(?:instruct|chat|hf|it|base|v0\.\d)*"

_NETWORKS: tuple[tuple[str, str], ...] = (
    (r"resnet(18|34|50|101)(?:v1\.5)?", "resnet{0}"),
    (r"mobilenet(?:v|\.)?([12])(?:1\.0)?", "mobilenet_v{0}"),
    (r"ssdmobilenet(?:v1)?", "ssd_mobilenet_v1"),
    (r"ssdresnet34", "ssd_resnet34"),
    (r"retinanet(?:resnext50(?:32x4d)?)?", "retinanet"),
    (r"(?:3dunet|unet3d)(?:99(?:\.9)?)?brats(?:20)?(?:19)?", "unet3d_brats"),
    (r"yolov5([nsmlx])(6?)(u?)", "yolov5{0}{1}{2}"),
    (r"yolov5u([nsmlx])(6?)", "yolov5{0}{1}u"),
    (r"yolov6(?:v?3\.0)?([nsml])(6?)(?:v?3\.0)?", "yolov6{0}{1}"),
    (r"yolov7(x?)", "yolov7{0}"),
    (r"yolov8([nsmlx])", "yolov8{0}"),
    (r"yolov8([nsmlx])(pose|seg)", "yolov8{0}_{1}"),
    (r"yolov8(pose|seg)([nsmlx])", "yolov8{1}_{0}"),
    (r"yolov9([tsmce])", "yolov9{0}"),
    (r"yolov10([nsmblx])", "yolov10{0}"),
    (r"rtdetr(?:v1)?(?:hgnet(?:v2)?)?(l|x)", "rtdetr_{0}"),
    (r"rtdetr(?:v[12])?r(?:esnet)?(18|34|50|101)(?:vd)?", "rtdetr_r{0}"),
    (r"rtdetrv2s", "rtdetr_r18"),
    (r"rtdetrv2l", "rtdetr_r50"),
    (r"rtdetrv2x", "rtdetr_r101"),
    (r"bert(base|large)(?:uncased|cased)?", "bert_{0}"),
    (r"bert99(?:\.9)?", "bert_large"),
    (r"vit(?:b|base)(?:patch)?16", "vit_b16"),
    (r"vit(?:l|large)(?:patch)?16", "vit_l16"),
    (r"swin(?:transformer)?(?:t|tiny)", "swin_t"),
    (r"swin(?:transformer)?(?:s|small)", "swin_s"),
    (r"swin(?:transformer)?(?:b|base)", "swin_b"),
    (r"swin(?:transformer)?(?:l|large)", "swin_l"),
    (r"gpt2(?:small|124m)?", "gpt2"),
    (r"(?:openai)?clip(?:vit)?(?:b|base)?(?:patch)?(?:32)?(?:image|vision|visual)(?:encoder|tower)?", "clip_vit_b32"),
    (r"(?:openai)?clip(?:vit)?(?:b|base)?(?:patch)?(?:32)?(?:text)(?:encoder|tower)?", "clip_vit_b32_text"),
    (r"(?:openai)?clip(?:vit)?(?:l|large)(?:patch)?14(?:image|vision|visual)(?:encoder|tower)?", "clip_vit_l14"),
    (r"(?:openai)?clip(?:vit)?(?:l|large)(?:patch)?14(?:text)(?:encoder|tower)?", "clip_vit_l14_text"),
)
_LANGUAGES: tuple[tuple[str, str], ...] = (
    (r"gpt(350m|1\.3b|6\.7b|20b|89b|175b)", "gpt-{0}"),
    (r"gpt3(?:175b)?", "gpt-175b"),
    (r"(?:eleutherai)?gptj(?:6b)?(?:99(?:\.9)?)?", "gpt-j-6b"),
    (r"(?:facebook)?opt(1\.3b|6\.7b|13b|30b|66b)", "opt-{0}"),
    (r"(?:huggyllama)?llama(?:1|v1)?7b", "llama-7b"),
    (r"llama70b", "llama-2-70b"),
    (rf"(?:metallama)?llamav?2(7b|13b|70b){_TUNED}", "llama-2-{0}"),
    (r"llamav?2(7b|13b|70b)99(?:\.9)?", "llama-2-{0}"),
    (rf"(?:metallama)?(?:meta)?llamav?3(?:\.[123])?(8b|70b){_TUNED}", "llama-3-{0}"),
    (rf"(?:mistralai)?mistral7b{_TUNED}", "mistral-7b"),
    (rf"(?:qwen)?qwen2\.5(7b){_TUNED}", "qwen2.5-{0}"),
    (rf"(?:qwen)?qwen3(0\.6b|1\.7b|4b){_TUNED}", "qwen3-{0}"),
    (rf"(?:upstage)?solar(?:10\.7b)?{_TUNED}", "solar-10.7b"),
    (rf"(?:lgaiexaone)?exaone3\.5(7\.8b){_TUNED}", "exaone-3.5-{0}"),
)
_CHAINS: tuple[tuple[str, str], ...] = (
    (r"(?:sdxl|stablediffusionxl)(?:1\.0)?(?:base)?(?:1\.0)?", "sdxl"),
    (r"(?:sdxl|stablediffusionxl)(?:base)?(?:1\.0)?unet", "sdxl-unet"),
    (r"(?:openai)?clip(?:vit)?(?:(?:b|base)(?:patch)?32)?", "clip-b32"),
    (r"(?:openai)?clip(?:vit)?(?:l|large)(?:patch)?14", "clip-l14"),
)
_VARIABLE: tuple[tuple[str, str], ...] = (
    (r"(?:3dunet|unet3d)(?:99(?:\.9)?)?kits(?:20)?(?:19)?", "unet3d_kits"),
    (r"whisperlarge(?:v[23])?", "whisper_large"),
)

_TABLES: Mapping[ModelKind, tuple[tuple[str, str], ...]] = MappingProxyType(
    {"network": _NETWORKS, "language": _LANGUAGES, "chain": _CHAINS}
)


class Stage(NamedTuple):
    """One network of a chain.

    Parameters
    ----------
    network
        Its name in the zoo.
    samples
        How often it takes the batch at once: 2 where guidance runs it with and without the prompt.
    is_stepped
        Whether it runs once for each denoising step.
    """

    network: str
    samples: int = 1
    is_stepped: bool = False


CHAINS: Mapping[str, tuple[Stage, ...]] = MappingProxyType(
    {
        "sdxl": (
            Stage("sdxl_text_encoder", 2),
            Stage("sdxl_text_encoder_2", 2),
            Stage("sdxl_unet", 2, is_stepped=True),
            Stage("sdxl_vae_decoder"),
        ),
        "sdxl-unet": (Stage("sdxl_unet", is_stepped=True),),
        "clip-b32": (Stage("clip_vit_b32"), Stage("clip_vit_b32_text")),
        "clip-l14": (Stage("clip_vit_l14"), Stage("clip_vit_l14_text")),
    }
)
"""Models of several networks. Guidance doubles the batch of SDXL's text encoders and denoiser (arXiv:2207.12598); the
distilled denoiser (LCM) that is timed alone needs none. CLIP without a size is ViT-B/32, the default of its published
configuration."""

_REMARK = re.compile(r"\([^)]*\)")
_GLUE = re.compile(r"[\s\-_/]+")
_HINTS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "clip": re.compile(
            r"vit[- /]?(?:b|l|base|large)[- /](?:patch)?\d\d(?: (?:image|vision|visual|text) encoder)?"
            r"|(?:image|text) encoder"
        ),
        "3dunet": re.compile(r"brats|kits"),
        "3dunet99": re.compile(r"brats|kits"),
        "3dunet99.9": re.compile(r"brats|kits"),
        "rtdetr": re.compile(r"\b(?:r(?:esnet)?[- ]?(?:18|34|50|101)(?:vd)?|hgnet(?:v2)?[- ]?[lx])\b"),
        "rtdetrv2": re.compile(r"\b(?:r(?:esnet)?[- ]?(?:18|34|50|101)(?:vd)?)\b"),
    }
)
"""Names that mean several networks -> what of the detail says which."""

_LONGEST = 80
_LONGEST_DETAIL = 400


@cache
def model_of(text: str, detail: str = "") -> Known | None:
    """Return the model that a name means; None where it is not known.

    Case, spaces, hyphens and slashes say nothing; nor do owners ("meta-llama/") and tuning ("-Instruct"), which keep
    the geometry. LLaMA-70B, which the first generation does not have, is Llama 2's; a ViT is that of its patch size
    at the resolution of the row; ResNet-50 is the version with the stride in its 3x3 convolution ("v1.5"). RT-DETRv2 S,
    L and X have the geometry of RT-DETR R18, R50 and R101.

    Examples
    --------
    >>> [model_of(text).name for text in ("ResNet-50 v1.5", "YOLOv8n-pose", "Llama-3.1-8B-Instruct", "SDXL 1.0 base")]
    ['resnet50', 'yolov8n_pose', 'llama-3-8b', 'sdxl']
    """
    if len(text) > _LONGEST:
        return None
    squeezed = _GLUE.sub("", _REMARK.sub("", text.casefold()))
    about = f"{' '.join(_REMARK.findall(text))} {_shape(detail[:_LONGEST_DETAIL])}".casefold()
    if squeezed in _HINTS and (said := _HINTS[squeezed].search(about)):
        squeezed += _GLUE.sub("", said[0])
    for kind, table in _TABLES.items():
        for pattern, name in table:
            if found := re.fullmatch(pattern, squeezed):
                return Known(kind, name.format(*found.groups("")))
    for pattern, name in _VARIABLE:
        if re.fullmatch(pattern, squeezed):
            return Known("network", name, variable=True)
    return None


def _shape(detail: str) -> str:
    """Return a remark with the name of the volumes that its sizes mean: only BraTS has 224 x 224 x 160."""
    return re.sub(r"\b224 ?[x*] ?224 ?[x*] ?160(?!\d)", "brats", detail)


class Detail(NamedTuple):
    """What `model_detail` says; 0 where it says nothing.

    Parameters
    ----------
    resolution
        Pixels of a side; -1 where the sides differ.
    sequence
        Tokens of a sequence.
    tp, pp
        Tensor and pipeline parallel devices.
    steps
        Denoising steps of an image.
    """

    resolution: int = 0
    sequence: int = 0
    tp: int = 0
    pp: int = 0
    steps: int = 0


_SIDES = re.compile(r"(?<![\d.])(?<!heads )(\d{2,5}) ?[x*\N{MULTIPLICATION SIGN}] ?(\d{2,5})(?!\d)")
_NUMBERS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "sequence": re.compile(r"\b(?:max(?:imum)? )?seq(?:uence)?(?:[ _-]?len(?:gth)?)?[ =:]+(\d{1,7})\b"),
        "tp": re.compile(r"\b(?:tensor[ -]parallel(?:ism)?|tp)[ =:]*(\d{1,4})\b"),
        "pp": re.compile(r"\b(?:pipeline[ -]parallel(?:ism)?|pp)[ =:]*(\d{1,4})\b"),
        "steps": re.compile(r"\b(\d{1,4}) (?:denoising |inference |unet )?steps\b"),
    }
)
_SQUEEZED_RESOLUTION = re.compile(r"(?:imgsz|size|resolution|res)[ =:]+(\d{2,5})\b")


@cache
def read_detail(text: str) -> Detail:
    """Return what a remark on a model says of its sizes.

    Examples
    --------
    >>> read_detail("640x640x3 COCO").resolution, read_detail("vocab 51200, tensor parallel 8").tp
    (640, 8)
    >>> read_detail("30 steps, 1024x1024")
    Detail(resolution=1024, sequence=0, tp=0, pp=0, steps=30)
    """
    words = text[:_LONGEST_DETAIL].casefold()
    sides = _SIDES.search(words)
    single = _SQUEEZED_RESOLUTION.search(words)
    resolution = 0
    if sides:
        resolution = int(sides[1]) if sides[1] == sides[2] else -1
    elif single:
        resolution = int(single[1])
    found = {name: pattern.search(words) for name, pattern in _NUMBERS.items()}
    return Detail(resolution, **{name: int(match[1]) for name, match in found.items() if match})
