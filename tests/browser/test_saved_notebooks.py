"""A saved tutorial shows everything that is in it, to a reader who runs and trusts nothing."""

import nbformat
import pytest
from nbconvert import HTMLExporter

from npusdk.cli.tutorials import find_tutorials
from tests.browser.notebooks import COUNT, HTML_OUTPUT, MEANT, SHOWN, TRUSTED, html_outputs, inaccessible

pytestmark = pytest.mark.filterwarnings("ignore::EncodingWarning")  # nbconvert and nbclient raise it

ROOT = find_tutorials()
TUTORIALS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("??/*.ipynb"))


@pytest.mark.parametrize("path", TUTORIALS)
def test_untrusted_notebook_without_kernel_shows_everything(lab, screenshot, path):
    """Every table, picture and style of a saved notebook is shown by JupyterLab, in its light and its dark theme."""
    pieces = html_outputs(ROOT / path)
    lab.open_without_kernel(path)
    page = lab.page
    assert not any(page.evaluate(TRUSTED))
    page.wait_for_function(COUNT, arg=[HTML_OUTPUT, len(pieces)])
    assert page.evaluate(SHOWN, HTML_OUTPUT) == page.evaluate(MEANT, pieces)
    for theme in ("Light", "Dark"):
        lab.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        page.wait_for_function("dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg=theme == "Dark")
        pictures = lab.pictures(HTML_OUTPUT)
        assert len(pictures) == sum(piece.count("<img") for piece in pieces) > 0
        assert all(picture["width"] and picture["shown"] and picture["alt"] for picture in pictures)
        assert page.locator(f"{HTML_OUTPUT} table").count() == sum(piece.count("<table") for piece in pieces) > 0
        assert inaccessible(page, HTML_OUTPUT, runOnly=["color-contrast", "image-alt"]) == []
        screenshot(page, f"{path.replace('/', '-')}-{theme}")
    assert lab.kernels() == []


@pytest.mark.parametrize("path", TUTORIALS)
def test_exported_page_shows_every_picture(page, screenshot, tmp_path, path):
    """What nbconvert makes of a saved notebook shows all its pictures and tables without a network."""
    pieces = html_outputs(ROOT / path)
    html, _resources = HTMLExporter().from_notebook_node(nbformat.read(ROOT / path, as_version=4))
    exported = tmp_path / "tutorial.html"
    exported.write_text(html, encoding="utf-8")
    page.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
    page.goto(exported.as_uri())
    page.wait_for_function("() => [...document.images].every(img => img.complete)")
    widths = page.evaluate("() => [...document.images].map(img => img.naturalWidth)")
    assert len(widths) == sum(piece.count("<img") for piece in pieces) > 0
    assert all(widths)
    assert page.locator(".jp-OutputArea table").count() == sum(piece.count("<table") for piece in pieces)
    screenshot(page, path.replace("/", "-"))
