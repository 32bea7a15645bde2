"""A notebook prints what a shell prints."""

import rich.console

from npusdk.views.page import Page


def test_page_is_the_same_in_a_notebook(monkeypatch, capsys):
    """A page is text also where rich would rather write to the notebook itself."""

    def page():
        made = Page()
        made.heading("title")
        made.bullets(["one", "two"])
        return str(made)

    plain = page()
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    assert page() == plain
    assert "one" in plain
    assert capsys.readouterr().out == ""
