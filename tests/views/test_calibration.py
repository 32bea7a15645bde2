"""A calibration as a page: nothing left out, aligned in both languages, and harmless."""

import pytest
from rich.cells import cell_len

from npusdk.display import mimebundle, show
from npusdk.language import language_set_to, translate
from npusdk.pipeline.versions import VARIABLE, current
from npusdk.views.text.calibration_page import WAYS


@pytest.fixture
def shipped(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    return current()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_page_shows_every_chip_stack_and_vendor(shipped, language):
    """The page leaves nothing out, and says how many networks stand behind a vendor's error."""
    with language_set_to(language):
        page = show(shipped)
        assert all(name in page for name in (*shipped.chips, *shipped.stacks))
        assert all(f"{vendor} (n={units})" in page for vendor, units in shipped.vendor_units.items())
        assert all(translate(WAYS[way]) in page for way in shipped.scores)
        assert all(f"{scores.macro_mape:.1%}" in page for scores in shipped.scores.values())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_tables_are_aligned(shipped, language):
    """Numbers end below the end of their heading, as wide as a terminal draws Hangul."""
    with language_set_to(language):
        lines = show(shipped).splitlines()
    rules = [index for index, line in enumerate(lines) if line.strip() and not line.strip("- ")]
    assert len(rules) == 3
    for index in rules:
        body = lines[index + 1 : next((end for end in range(index, len(lines)) if not lines[end].strip()), len(lines))]
        widths = {cell_len(line) for line in body if line.rstrip()[-1].isdigit() or line.rstrip().endswith(("%", "us"))}
        assert len(widths) <= 1
        assert all(cell_len(line) <= cell_len(lines[index]) for line in body)


def test_notebook_keeps_text_and_card(shipped):
    """A cell that ends with a calibration shows it without a kernel."""
    bundle = mimebundle(shipped)
    assert shipped.name in bundle["text/html"]
    assert bundle["text/plain"] == show(shipped)
    assert shipped._repr_mimebundle_() == bundle


def test_stack_that_nobody_measured_has_no_line(shipped):
    """A calibration on one's own measurements alone tells of no software that is not in them."""
    stacks = {name: stack.model_copy(update={"units": 0}) for name, stack in shipped.stacks.items()}
    page = show(shipped.model_copy(update={"stacks": stacks}))
    assert not any(name in page for name in stacks)
