"""A browser and a JupyterLab for all tests of this folder, which run one after the other in one process."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from npusdk.cli.tutorials import find_tutorials
from tests.browser.chromium import launched
from tests.browser.jupyter import lab_command, serving
from tests.browser.notebooks import Lab

SIZE = {"width": 1300, "height": 1000}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Keep the tests of this folder together: one server, one browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser():
    """Chromium."""
    with launched() as made:
        yield made


@pytest.fixture
def page(browser):
    """A fresh page that remembers nothing, with short patience."""
    context = browser.new_context(viewport=SIZE, locale="en-US")
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory, browser):
    """JupyterLab on a copy of the tutorials, in a home folder with Hangul and a blank."""
    home = tmp_path_factory.mktemp("jupyter") / "홍 길동"
    root = home / "tutorials"
    shutil.copytree(find_tutorials(), root, ignore=shutil.ignore_patterns("__pycache__", "sources", "solutions"))
    with serving(home, lab_command(root)) as (address, token, _process):
        yield SimpleNamespace(address=address, token=token, root=root)


@pytest.fixture
def lab(page, server):
    """JupyterLab in a fresh page; its kernels end with the test."""
    made = Lab(page, server)
    yield made
    made.end_kernels()


@pytest.fixture
def screenshot(tmp_path, request):
    """Return a function that keeps a picture for people, in NPUSDK_SCREENSHOTS or the test's temporary folder."""
    folder = Path(os.environ.get("NPUSDK_SCREENSHOTS", tmp_path))

    def keep(page, name):
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{request.node.originalname}-{name}.png", full_page=True)

    return keep
