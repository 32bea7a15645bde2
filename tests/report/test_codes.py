"""Codes and their sentences."""

from string import Formatter

import pytest

from npusdk.language import LANGUAGES
from npusdk.report import CODES, Note, explain


def fields(template):
    return sorted({name for _literal, name, _spec, _conversion in Formatter().parse(template) if name})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_sentence_with_all_its_values(code, language):
    """Each value of a note appears in its sentence, in both languages."""
    params = {name: f"value of {name}" for name in fields(CODES[code])}
    sentence = explain(Note(code=code, params=params), language=language)
    for value in params.values():
        assert value in sentence
    assert "{" not in sentence


def test_unknown_code_is_explained_by_itself():
    """A reader of an older version sees the code of a newer one."""
    assert explain("warp_drive") == "warp_drive"
    assert explain(Note(code="warp_drive", params={"x": 1})) == "warp_drive"


def test_note_without_a_value_is_explained_with_the_field_open():
    """A note that lacks a parameter is shown, not refused."""
    note = Note(code="precision_missing", params={"precision": "fp16"})
    assert explain(note, language="en") == "the device has no fp16; it has {available}"


def test_parameters_cannot_change_the_language():
    """Whatever a note's parameters are called, they are values."""
    note = Note(code="price", params={"language": "xx", "template": "y", "note": "z"})
    assert explain(note, language="en") == "price"


def test_text_that_is_data_has_its_own_korean():
    """A parameter and its Korean sibling: each reader sees one of them."""
    note = Note(code="class_default", params={"parameter": "vector rate", "parameter_ko": "벡터 연산 성능"})
    assert explain(note, language="en").startswith("vector rate")
    assert explain(note, language="ko").startswith("벡터 연산 성능")
