"""The Korean catalogue is complete, exact and compiled, and keeps to the style of the glossary."""

import ast
import gettext
import re
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from npusdk.errors import BY_CODE
from tests.language.catalogue import MO, PACKAGE, PO, marked, translations

MARKED = marked()
KOREAN = translations(PO)
ERRORS = {cls.__name__ for cls in BY_CODE.values()}
PARTICLE = re.compile(r"\}['\")]?(은|는|이|가|을|를|와|과|으로|로|이나|나|이라|라)(?![가-힣])")
PAIRED = re.compile(r"은\(는\)|는\(은\)|이\(가\)|가\(이\)|을\(를\)|를\(을\)|와\(과\)|과\(와\)|\(으\)로")


def fields(text):
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}


def error_calls():
    """Yield every call that makes an error of npusdk, with its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                yield path.relative_to(PACKAGE), node


def literals(node):
    """Return the strings marked in an expression: of a mark, of all branches of a choice; None for a variable."""
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in literals(value)]
    if isinstance(node, ast.IfExp):
        return [*literals(node.body), *literals(node.orelse)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
        return [node.args[0].value]
    return [None] if isinstance(node, ast.Name | ast.Attribute) else []


def of_errors(argument):
    """Return the templates, or the hints, of every error in the code."""
    found = set()
    for _path, call in error_calls():
        nodes = (
            call.args[:1] if argument == "template" else [word.value for word in call.keywords if word.arg == "hint"]
        )
        found.update(text for node in nodes for text in literals(node) if text)
    return sorted(found)


def test_every_marked_string_has_a_translation():
    """What the code marks is in the catalogue and not empty."""
    assert [text for text in MARKED if not KOREAN.get(text)] == []


def test_catalogue_has_no_stale_string():
    """What the catalogue has is marked somewhere in the code."""
    assert sorted(set(KOREAN) - set(MARKED)) == []


def test_catalogue_has_nothing_fuzzy_or_obsolete():
    """Every entry is one that somebody vouches for."""
    with PO.open("rb") as file:
        catalog = read_po(file, locale="ko")
    assert [message.id for message in catalog if message.id and message.fuzzy] == []
    assert list(catalog.obsolete) == []


def test_compiled_file_is_that_of_the_catalogue():
    """The .mo beside the .po holds the same texts: `python -m tests.language.catalogue` writes both."""
    with MO.open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog
    assert {text: korean for text, korean in compiled.items() if text} == KOREAN


@pytest.mark.parametrize("text", sorted(MARKED))
def test_both_languages_have_the_same_fields(text):
    """A template and its Korean fill the same fields, by plain names without format or conversion."""
    korean = KOREAN[text]
    assert fields(korean) == fields(text)
    for template in (text, korean):
        for _literal, name, spec, conversion in Formatter().parse(template):
            assert name is None or (name.isidentifier() and not spec and not conversion)


@pytest.mark.parametrize("text", sorted(MARKED))
def test_korean_avoids_particles_that_depend_on_a_value(text):
    """No particle stands right after a field, and none is written both ways: the last sound is not known."""
    assert not PARTICLE.search(KOREAN[text])
    assert not PAIRED.search(KOREAN[text])


@pytest.mark.parametrize("text", of_errors("template"))
def test_korean_messages_of_errors_are_polite_sentences(text):
    """A message of an error ends its sentence in the formal polite form."""
    assert "니다" in KOREAN[text]


@pytest.mark.parametrize("text", of_errors("hint"))
def test_korean_hints_say_what_to_do(text):
    """A hint is a polite request."""
    assert "세요" in KOREAN[text]


@pytest.mark.parametrize("text", of_errors("hint"))
def test_hints_are_sentences(text):
    """An English hint begins with a capital letter."""
    assert text[0].isupper() or not text[0].isalpha()


def test_every_error_has_a_marked_template_and_a_hint():
    """No error is raised with a text that cannot be translated, or without a way out."""
    assert [
        f"{path}:{call.lineno}"
        for path, call in error_calls()
        if not (call.args and literals(call.args[0]))
        or not any(word.arg == "hint" and literals(word.value) for word in call.keywords)
    ] == []


def test_the_tree_of_errors_is_raised_somewhere():
    """The search for errors finds them: the other laws here are about something."""
    assert len(list(error_calls())) > 50
