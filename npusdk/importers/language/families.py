"""From the keys of a Hugging Face `config.json` to a geometry: one row for each family.

A family is what `model_type` names. Rotary positions turn a whole head here, also where a family turns a part of it
(`rotary_dim`, `rotary_pct`); the block skip connections of "solar", a few elementwise operations, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from npusdk.errors import ModelFormatError, UnsupportedOpError
from npusdk.importers.language.configuration import LanguageConfig
from npusdk.language import _, plain

REQUIRED: Final = "required"
"""Default of a key that must be there."""

ACTIVATIONS: Mapping[str, str] = MappingProxyType({
    "relu": "relu", "gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_fast": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh",
    "silu": "silu", "swish": "silu",
})  # fmt: skip
"""Hugging Face's name -> ours."""

EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts", "num_experts_per_tok")
"""Keys that only a mixture of experts has."""


@dataclass(frozen=True)
class Family:
    """How a family writes its geometry down.

    Parameters
    ----------
    keys
        Field of `LanguageConfig` -> (key of the file, default); a default that is another key's name in braces is
        that key's value.
    fixed
        Fields that the family decides.
    demands
        Key -> the one value that this geometry describes; a key that is left out has it.
    """

    keys: Mapping[str, tuple[str, object]]
    fixed: Mapping[str, object] = field(default_factory=dict)
    demands: Mapping[str, object] = field(default_factory=dict)


_GPT2_KEYS: Mapping[str, tuple[str, object]] = MappingProxyType({
    "layers": ("n_layer", REQUIRED), "hidden": ("n_embd", REQUIRED), "heads": ("n_head", REQUIRED),
    "ffn": ("n_inner", None), "vocabulary": ("vocab_size", REQUIRED), "max_context": ("n_positions", REQUIRED),
    "activation": ("activation_function", "gelu_new"),
})  # fmt: skip

_COMMON_KEYS: Mapping[str, tuple[str, object]] = MappingProxyType({
    "layers": ("num_hidden_layers", REQUIRED), "hidden": ("hidden_size", REQUIRED),
    "heads": ("num_attention_heads", REQUIRED), "ffn": ("intermediate_size", REQUIRED),
    "vocabulary": ("vocab_size", REQUIRED), "max_context": ("max_position_embeddings", REQUIRED),
})  # fmt: skip

_LLAMA_KEYS: Mapping[str, tuple[str, object]] = MappingProxyType({
    **_COMMON_KEYS, "kv_heads": ("num_key_value_heads", None), "head_dim": ("head_dim", None),
    "activation": ("hidden_act", "silu"), "tied_embeddings": ("tie_word_embeddings", False),
})  # fmt: skip

_LLAMA_FIXED: Mapping[str, object] = MappingProxyType({"gated": True, "norm": "rms", "position": "rotary"})

_LLAMA = Family(
    {
        **_LLAMA_KEYS, "qkv_bias": ("attention_bias", False), "projection_bias": ("attention_bias", False),
        "ffn_bias": ("mlp_bias", False),
    },
    _LLAMA_FIXED,
)  # fmt: skip

FAMILIES: Mapping[str, Family] = MappingProxyType({
    "gpt2": Family(
        {**_GPT2_KEYS, "tied_embeddings": ("tie_word_embeddings", True)},
        {"qkv_bias": True, "projection_bias": True, "ffn_bias": True},
    ),
    "gptj": Family(
        _GPT2_KEYS,
        {"position": "rotary", "parallel_block": True, "ffn_bias": True, "head_bias": True},
        {"tie_word_embeddings": False},
    ),
    "gpt_neox": Family(
        {
            **_COMMON_KEYS, "activation": ("hidden_act", "gelu"), "tied_embeddings": ("tie_word_embeddings", False),
            "parallel_block": ("use_parallel_residual", True), "qkv_bias": ("attention_bias", True),
            "projection_bias": ("attention_bias", True),
        },
        {"position": "rotary", "parallel_norms": 2, "ffn_bias": True},
    ),
    "opt": Family(
        {
            **_COMMON_KEYS, "ffn": ("ffn_dim", REQUIRED), "activation": ("activation_function", "relu"),
            "tied_embeddings": ("tie_word_embeddings", True), "qkv_bias": ("enable_bias", True),
            "projection_bias": ("enable_bias", True), "ffn_bias": ("enable_bias", True),
        },
        {},
        {"do_layer_norm_before": True, "word_embed_proj_dim": "{hidden_size}"},
    ),
    "llama": _LLAMA,
    "solar": _LLAMA,
    "mistral": Family({**_LLAMA_KEYS, "window": ("sliding_window", None)}, _LLAMA_FIXED),
    "qwen2": Family(_LLAMA_KEYS, {**_LLAMA_FIXED, "qkv_bias": True}, {"use_sliding_window": False}),
    "qwen3": Family(
        {**_LLAMA_KEYS, "qkv_bias": ("attention_bias", False), "projection_bias": ("attention_bias", False)},
        {**_LLAMA_FIXED, "query_key_norm": True},
        {"use_sliding_window": False},
    ),
    "exaone": Family(
        {**_LLAMA_KEYS, "layers": ("num_layers", REQUIRED), "activation": ("activation_function", "silu")},
        _LLAMA_FIXED,
    ),
})  # fmt: skip
"""`model_type` -> family."""

LEARNED_OFFSET: Mapping[str, int] = MappingProxyType({"opt": 2})
"""Rows that a family's table of positions has beyond the positions."""


def from_huggingface(config: Mapping[str, object], name: str = "") -> LanguageConfig:
    """Return the geometry that a Hugging Face configuration describes.

    Parameters
    ----------
    config
        What its `config.json` holds.
    name
        What to call the model; by default what the file says of itself.

    Raises
    ------
    UnsupportedOpError
        If the family is not known, has experts, or varies in a way that the geometry does not describe.
    ModelFormatError
        If a key is missing, or has an impossible value.
    """
    kind = config.get("model_type")
    if not isinstance(kind, str):
        raise ModelFormatError(
            _("the configuration has no text under the key {key}"),
            hint=_("Give the config.json of a language model, as Hugging Face publishes it."),
            key="model_type",
        )
    _refuse_experts(config, kind)
    family = FAMILIES.get(kind)
    if family is None:
        raise UnsupportedOpError(
            _("language models of the family {family} are not known; known are {known}"),
            hint=_("Export the model to ONNX, or describe it with one of the known families."),
            family=plain(kind, 40),
            known=", ".join(FAMILIES),
        )
    _check_demands(config, kind, family)
    read = {target: _read(config, key, default) for target, (key, default) in family.keys.items()}
    return _make(kind, family, {**read, **family.fixed}, name or _own_name(config, kind))


def _own_name(config: Mapping[str, object], kind: str) -> str:
    said = config.get("_name_or_path")
    return said.rstrip("/").rpartition("/")[2] or kind if isinstance(said, str) else kind


def _refuse_experts(config: Mapping[str, object], kind: str) -> None:
    found = next((key for key in EXPERTS if config.get(key) not in (None, 0, 1)), None)
    if found is None and not kind.endswith(("_moe", "_oss")) and kind not in ("mixtral", "dbrx"):
        return
    raise UnsupportedOpError(
        _("model {family} is a mixture of experts (key {key}): which experts a token takes is not predicted"),
        hint=_("Use a dense model; {known} are known."),
        family=plain(kind, 40),
        key=found or "model_type",
        known=", ".join(FAMILIES),
    )


def _check_demands(config: Mapping[str, object], kind: str, family: Family) -> None:
    for key, wanted in family.demands.items():
        expected = config.get(wanted[1:-1]) if isinstance(wanted, str) else wanted
        found = config.get(key, expected)
        if found != expected:
            raise UnsupportedOpError(
                _("a model of the family {family} with {key} = {value} is not described; {expected} is"),
                hint=_("Export the model to ONNX instead."),
                family=kind,
                key=key,
                value=plain(repr(found), 40),
                expected=plain(repr(expected), 40),
            )


def _read(config: Mapping[str, object], key: str, default: object) -> object:
    value = config.get(key)
    if value is not None:
        return value
    if default is REQUIRED:
        raise ModelFormatError(
            _("the configuration has no value for the key {key}"),
            hint=_("Give the config.json of the whole model, as Hugging Face publishes it."),
            key=key,
        )
    return default


def _make(kind: str, family: Family, values: dict[str, object], name: str) -> LanguageConfig:
    """Fill in what a file may leave to the others, and check everything."""
    known = dict(values)
    key_of = {target: key for target, (key, _default) in family.keys.items()}
    for target in ("layers", "hidden", "heads", "max_context"):
        _check_whole(known[target], key_of[target])
    hidden, heads, positions = (int(str(known[target])) for target in ("hidden", "heads", "max_context"))
    if known.get("ffn") is None:
        known["ffn"] = 4 * hidden
    if known.get("kv_heads") is None:
        known["kv_heads"] = heads
    if known.get("head_dim") is None:
        known["head_dim"] = _divide(hidden, heads, key_of)
    if known.get("position", "learned") == "learned":
        known["position_rows"] = positions + LEARNED_OFFSET.get(kind, 0)
    said = known.get("activation")
    if not isinstance(said, str) or said not in ACTIVATIONS:
        raise UnsupportedOpError(
            _("activation {activation} is not known in a language model; known are {known}"),
            hint=_("Export the model to ONNX instead."),
            activation=plain(repr(said), 40),
            known=", ".join(ACTIVATIONS),
        )
    known["activation"] = ACTIVATIONS[said]
    try:
        return LanguageConfig(name=name, **known)  # type: ignore[arg-type]  # pydantic checks each value
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=True)[0]
        target = str(problem["loc"][0]) if problem["loc"] else ""
        raise ModelFormatError(
            _("the configuration's key {key} is {value}: {problem}"),
            hint=_("Give the config.json of the whole model, as Hugging Face publishes it."),
            key=key_of.get(target, target) or "model_type",
            value=plain(repr(known.get(target, "-")), 40),
            problem=problem["msg"],
        ) from error


def _check_whole(value: object, key: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1 << 24:
        raise ModelFormatError(
            _("the configuration's key {key} is {value}: it must be a whole number from 1 to {limit}"),
            hint=_("Give the config.json of the whole model, as Hugging Face publishes it."),
            key=key,
            value=plain(repr(value), 40),
            limit=1 << 24,
        )


def _divide(hidden: int, heads: int, key_of: Mapping[str, str]) -> int:
    if hidden % heads:
        raise ModelFormatError(
            _("{hidden_key} = {hidden} cannot be divided among {heads_key} = {heads}"),
            hint=_("Give head_dim in the configuration, or correct one of the two."),
            hidden_key=key_of["hidden"],
            hidden=hidden,
            heads_key=key_of["heads"],
            heads=heads,
        )
    return hidden // heads
