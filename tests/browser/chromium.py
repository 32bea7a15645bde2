"""The system's Chromium, driven by Playwright; a browser that Playwright would download is not used."""

import os
import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb")


def find_chromium():
    """Return the path of Chromium; without one the test is skipped, in continuous integration it fails."""
    found = os.environ.get("NPUSDK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        word = "no Chromium: install the package chromium, or name the program in NPUSDK_CHROMIUM"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(word)
    return found


@contextmanager
def launched():
    """Give a browser."""
    path = find_chromium()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - starts a process of its own when imported late

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
