"""Which language a reader gets, and what fields do to a sentence."""

import locale
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.language import (
    LANGUAGES,
    current_language,
    fill,
    language_set_to,
    plain,
    render,
    set_language,
    translate,
)

VARIABLES = ("NPUSDK_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def environment(monkeypatch):
    """Return a function that sets the environment's language alone."""
    set_language(None)

    def set_to(**variables):
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("ko", "ko"), ("ko_KR.UTF-8", "ko"), ("ko-KR", "ko"), ("KO", "ko"), ("Korean_Korea", "ko"),
        ("Korean_Korea.949", "ko"), ("en_US.UTF-8", "en"), ("C", "en"), ("C.UTF-8", "en"), ("de_DE", "en"),
        ("kok_IN", "en"), ("", "en"),
    ],
)  # fmt: skip
def test_language_follows_a_locale_name(environment, monkeypatch, name, language):
    """POSIX and Windows name Korean in their own ways; every other locale reads English."""
    environment(NPUSDK_LANG=name)
    monkeypatch.setattr(locale, "getlocale", lambda: (None, None))
    assert current_language() == language


def test_language_of_npusdk_comes_before_the_system(environment):
    """NPUSDK_LANG beats LC_ALL, LC_ALL beats LANG."""
    environment(NPUSDK_LANG="en", LC_ALL="ko_KR.UTF-8")
    assert current_language() == "en"
    environment(LC_ALL="ko_KR.UTF-8", LANG="en_US.UTF-8")
    assert current_language() == "ko"


def test_language_of_windows_comes_from_its_locale(environment, monkeypatch):
    """Where no variable names a language, the system's locale does; one that Python does not know is English."""
    environment()
    monkeypatch.setattr(locale, "getlocale", lambda: ("Korean_Korea", "949"))
    assert current_language() == "ko"

    def unknown():
        raise ValueError("unknown locale: UTF-8")

    monkeypatch.setattr(locale, "getlocale", unknown)
    assert current_language() == "en"


def test_chosen_language_beats_the_environment(environment):
    """What a program chooses holds until it returns the choice."""
    environment(NPUSDK_LANG="en")
    with language_set_to("ko"):
        assert current_language() == "ko"
        with language_set_to(None):
            assert current_language() == "en"
        assert current_language() == "ko"
    assert current_language() == "en"


def test_unknown_language_is_refused():
    """A language without a catalogue is an error, and the choice stays as it was."""
    with language_set_to("ko"):
        with pytest.raises(ValueError, match="fr"):
            set_language("fr")
        assert current_language() == "ko"


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_outside_the_catalogue_stays_as_it_is(language):
    """A text that nobody marked is its own translation, the empty one too."""
    assert translate("no such text", language) == "no such text"
    assert translate("", language) == ""


def test_korean_differs_from_english():
    """A marked word has its Korean."""
    assert translate("predicted", "ko") == "예측값"
    assert translate("predicted", "en") == "predicted"


@given(st.text())
def test_plain_text_cannot_move_a_cursor(text):
    """Whatever goes in, one line of visible characters comes out."""
    shown = plain(text)
    assert shown.isprintable()
    assert not any(unicodedata.category(char)[0] == "C" or unicodedata.category(char) in {"Zl", "Zp"} for char in shown)
    assert plain(shown) == shown


@given(st.text(max_size=200), st.integers(min_value=5, max_value=50))
def test_plain_text_keeps_its_limit_head_and_tail(text, limit):
    """A long text keeps its ends and is no longer than asked; a short one is whole."""
    whole, cut = plain(text), plain(text, limit)
    assert len(cut) == min(len(whole), limit)
    assert cut == whole or (cut[-1] == whole[-1] and "..." in cut)


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z")) | st.just(" ")))
def test_plain_text_leaves_visible_text_alone(text):
    """Letters of every script, signs and blanks pass unchanged."""
    assert plain(text) == text


def test_fields_without_a_value_stay_open():
    """A sentence that lacks a value is shown with the field's name, never refused."""
    assert fill("{count} nodes of {op}", {"count": 3}) == "3 nodes of {op}"
    assert fill("{count} nodes", {}) == "{count} nodes"


@given(st.text())
def test_values_of_fields_are_not_read_as_templates(text):
    """Braces inside a value mean nothing, and the sentence stays on its line."""
    assert fill("node {node}.", {"node": text}) == f"node {plain(text, 1000)}."


def test_render_fills_the_translation():
    """Korean and English take the same value."""
    with language_set_to("ko"):
        assert render("{basis} latency", basis="예측값") == "지연 시간(예측값)"
    with language_set_to("en"):
        assert render("{basis} latency", basis="predicted") == "predicted latency"


def test_values_may_be_called_language():
    """No name of a field collides with a parameter of ours."""
    with language_set_to("en"):
        assert render("{language} of {template}", language="ko", template="x") == "ko of x"


@pytest.mark.parametrize("template", ["{", "}", "{x:y}", "{x!z}", "a{display:none}", "{x[}", "{0}{", "{x.__class__}"])
def test_text_that_is_no_template_stands_as_it_is(template):
    """A report that somebody wrote by hand may hold any text for a template; showing it never fails."""
    assert fill(template, {"x": "value"}) in (template, "value")
