"""What a configuration of a language model says, and what is refused."""

import json
import os
from contextlib import suppress
from threading import Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.errors import ConfigError, ModelFormatError, NpuError, UnsupportedOpError
from npusdk.importers.language import bundled_models, from_huggingface, read_config

LLAMA = {
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 1000, "max_position_embeddings": 512,
    "hidden_act": "silu",
}  # fmt: skip


def rounded(value, digits):
    return float(f"{value:.{digits - 1}e}")


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_model_has_its_published_number_of_weights(name):
    """Every bundled model has the weights that were published for it: within 1 %, or to the digits that were given."""
    model = bundled_models()[name]
    assert model.source
    assert bool(model.published) == bool(model.counts)
    if not model.published:
        return
    digits = len(f"{model.published:.0f}".rstrip("0"))
    near = model.config.parameters == pytest.approx(model.published, rel=0.01)
    assert near or rounded(model.config.parameters, digits) == model.published


@pytest.mark.parametrize("name", ["gpt-350m", "gpt-1.3b", "gpt-6.7b", "gpt-20b", "gpt-89b", "gpt-175b"])
def test_gpt_has_the_weights_of_megatrons_formula(name):
    """A GPT has 12 l h^2 (1 + 13 / 12h + (V + s) / 12lh) weights (Narayanan et al. 2021, equation 2), and a norm."""
    config = bundled_models()[name].config
    layers, hidden = config.layers, config.hidden
    formula = 12 * layers * hidden**2 + 13 * layers * hidden + (config.vocabulary + config.max_context) * hidden
    assert config.parameters == formula + 2 * hidden


@pytest.mark.parametrize(
    ("name", "published"),
    [("llama-3-8b", 8_030_261_248), ("llama-3-70b", 70_553_706_496), ("gpt-j-6b", 6_050_882_784)],
)
def test_weights_are_counted_to_the_last_one(name, published):
    """Norms, biases and shared tables are counted as in the published files."""
    assert bundled_models()[name].config.parameters == published


def test_aliases_name_the_same_geometry():
    """Llama 3.1 and 3.3 have the geometry of Llama 3; names are read in any case."""
    assert read_config("Llama-3.3-70B") == read_config("llama-3-70b")
    assert read_config("gptj-6b") == read_config("gpt-j-6b")


def test_every_name_means_one_model():
    """No alias is another model's name or alias."""
    models = bundled_models()
    names = [*models, *(alias for model in models.values() for alias in model.aliases)]
    assert len(set(names)) == len(names)


def test_configuration_is_read_from_a_file_a_folder_and_a_dictionary(tmp_path):
    """The three ways to give a config.json agree; a folder gives the model its name."""
    folder = tmp_path / "tiny-llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    from_file, from_folder = read_config(folder / "config.json"), read_config(str(folder))
    assert from_file == from_folder
    assert from_file.name == "tiny-llama"
    assert read_config(LLAMA).model_copy(update={"name": "tiny-llama"}) == from_file


def test_grouped_queries_and_widths_are_read():
    """Key heads and the width of a head come from their keys, or follow from the others."""
    assert (read_config(LLAMA).kv_heads, read_config(LLAMA).head_dim) == (2, 16)
    assert read_config({**LLAMA, "head_dim": 32}).head_dim == 32
    plain = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
    assert read_config(plain).kv_heads == 4


@pytest.mark.parametrize("key", [key for key in LLAMA if key not in ("num_key_value_heads", "hidden_act")])
def test_missing_key_is_named(key):
    """A configuration without one of its keys is refused, naming the key."""
    with pytest.raises(ModelFormatError) as error:
        from_huggingface({name: value for name, value in LLAMA.items() if name != key})
    assert key in str(error.value)


def test_unknown_family_is_named_with_the_known_ones():
    """A family that nobody described is refused, naming it."""
    with pytest.raises(UnsupportedOpError, match=r"mamba.*llama"):
        from_huggingface({**LLAMA, "model_type": "mamba"})


@pytest.mark.parametrize("extra", [{"model_type": "mixtral"}, {"model_type": "qwen3_moe"}, {"num_local_experts": 8}])
def test_mixture_of_experts_is_refused_by_name(extra):
    """A model with experts is refused for that, whatever else it says."""
    with pytest.raises(UnsupportedOpError, match="mixture of experts"):
        from_huggingface({**LLAMA, **extra})


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"model_type": "qwen2", "use_sliding_window": True}, "use_sliding_window"),
        ({"hidden_act": "tanhexp"}, "tanhexp"),
        ({"num_key_value_heads": 3}, "kv_heads"),
        ({"num_attention_heads": 5, "num_key_value_heads": 5}, "num_attention_heads"),
        ({"hidden_size": True}, "hidden_size"),
        ({"vocab_size": "1000"}, "vocab_size"),
        ({"intermediate_size": 1 << 40}, "intermediate_size"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"head_dim": [16]}, "head_dim"),
    ],
)
def test_what_a_geometry_cannot_be_is_named(extra, word):
    """A value that is impossible, or that this geometry does not describe, is refused under its key."""
    with pytest.raises((UnsupportedOpError, ModelFormatError)) as error:
        from_huggingface({**LLAMA, **extra})
    assert word in str(error.value)


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*LLAMA, "head_dim", "sliding_window", "tie_word_embeddings"]), JUNK))
def test_hostile_values_make_a_geometry_or_an_error_of_ours(values):
    """Whatever a file holds, it is a geometry of positive sizes, or refused by an error that npusdk makes."""
    with suppress(NpuError):
        config = from_huggingface({**LLAMA, **values})
        assert min(config.layers, config.hidden, config.kv_heads, config.head_dim, config.parameters) >= 1


def test_wrong_names_and_files_are_refused_with_a_way_out(tmp_path):
    """A misspelt name gets the nearest; a missing file, one that is no object and a number are refused."""
    with pytest.raises(ConfigError, match="llama-3-8b"):
        read_config("llama-3-8")
    with pytest.raises(ConfigError, match="nowhere"):
        read_config(tmp_path / "nowhere.json")
    broken = tmp_path / "config.json"
    for text in ("[1]", "{", "[" * 100_000):
        broken.write_text(text, encoding="utf-8")
        with pytest.raises(ModelFormatError, match="JSON object"):
            read_config(broken)
    with pytest.raises(ConfigError, match="7"):
        read_config(7)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_configuration_is_read_from_files_only(tmp_path):
    """A pipe or a device, which may give bytes without end, is refused and not read."""
    path = tmp_path / "config.json"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    os.write(writer, b"{}")
    closing = Timer(1, os.close, [writer])
    closing.start()
    with pytest.raises(ModelFormatError, match="is not a JSON object"):
        read_config(path)
    closing.join()


def test_name_longer_than_that_of_any_file_is_not_known():
    """A text of any length is a name that is not known."""
    with pytest.raises(ConfigError, match="there is no language model a"):
        read_config("a" * 100_000)
