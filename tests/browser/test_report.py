"""A report saved as a page: readable by everybody, in both languages and both colour schemes."""

from pathlib import Path

import pytest

import npusdk as npu
from npusdk.language import language_set_to
from tests.browser.notebooks import inaccessible

DIGITS = Path(__file__).parents[2] / "tutorials" / "models" / "digits.onnx"
REPORTS = {
    "profile": lambda model: npu.profile(model, "rngd", batch=64),
    "check": lambda model: npu.check(model, ["warboy", "rngd", "t4"]),
    "compare": lambda model: npu.compare(model, ["rngd", "t4", "bertha", "reference"], batch=8),
}


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", REPORTS)
def test_saved_page_is_accessible(page, screenshot, tmp_path, kind, language):  # noqa: PLR0917 - fixtures
    """axe-core finds nothing wrong with a saved report, which loads nothing from anywhere and shows its pictures."""
    path = tmp_path / "보고서 report.html"
    with language_set_to(language):
        REPORTS[kind](npu.load(DIGITS)).save(path)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(path.as_uri())
        assert inaccessible(page) == []
        assert page.evaluate("() => document.documentElement.lang") == language
        assert page.evaluate("() => [...document.images].every(img => img.complete && img.naturalWidth > 0)")
        screenshot(page, f"{kind}-{language}-{scheme}")
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
