"""Where the browser comes from."""

import pytest

from tests.browser.chromium import find_chromium


def test_missing_browser_is_skipped_here_and_fails_in_continuous_integration(monkeypatch):
    """A contributor without Chromium is told so; continuous integration never passes without having looked."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("NPUSDK_CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="install the package chromium"):
        find_chromium()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="install the package chromium"):
        find_chromium()
    monkeypatch.setenv("NPUSDK_CHROMIUM", "/somewhere/chromium")
    assert find_chromium() == "/somewhere/chromium"
