"""pytest plugin for the continuous integration of a course: notebooks that use npusdk, checked by nbval.

pytest loads it wherever npusdk is installed. Without `--nbval` or `--nbval-lax` it does nothing. With them

- kernels write plainly (`NPUSDK_PLAIN=1`) and in English, unless the environment or the notebook chooses a language;
- seconds that passed on this machine and addresses of objects are masked; everything else is compared as it is;
- a profile as data is left out of the comparison, because its text and its pictures say the same, rounded;
- `--npusdk-calibration`, or `npusdk_calibration` in pytest's configuration, pins the version of the cost model, as
  `NPUSDK_CALIBRATION` does in the environment; a cell that differs is shown with the versions that predicted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from importlib import import_module
from typing import Any

import pytest

from npusdk.display import PROFILE_MIME
from npusdk.errors import NpuError
from npusdk.language import LANGUAGES, _, current_language, render, translate

CALIBRATION = "NPUSDK_CALIBRATION"

PLAIN = {"NPUSDK_PLAIN": "1", "NPUSDK_LANG": "en"}
"""What kernels find in their environment, unless somebody has set it."""

BEFORE_SECONDS = (_("emulated here in"), _("here {elapsed}"))
"""Texts, in both languages, that end in seconds that passed on this machine."""

_SECONDS = r"\d[\d.,]*\s?(?:ns|us|ms|s|min|h)\b"
_TAGS_AND_BLANKS = r"(?:\s|<[^<>]*>)+"

_BEFORE = pytest.StashKey[dict[str, str | None]]()


def masks() -> Iterator[tuple[str, str]]:
    """Yield (regular expression, replacement) of what differs between two runs that are alike."""
    words = {translate(text, language).partition("{")[0].strip() for text in BEFORE_SECONDS for language in LANGUAGES}
    heads = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    yield rf"(?<!\w)({heads}){_TAGS_AND_BLANKS}{_SECONDS}", r"\1 SECONDS"
    yield r"\bat 0x[0-9a-fA-F]+\b", "at ADDRESS"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that pins the version of the cost model."""
    text = translate(_("version of npusdk's cost model that notebooks predict with; only with --nbval"))
    parser.getgroup("nbval").addoption("--npusdk-calibration", metavar="VERSION", default=None, help=text)
    parser.addini("npusdk_calibration", text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment that kernels inherit; see the module."""
    if not checks_notebooks(config):
        return
    chosen = {name: os.environ.get(name) or value for name, value in PLAIN.items()}
    pins = (config.getoption("npusdk_calibration"), os.environ.get(CALIBRATION), config.getini("npusdk_calibration"))
    if any(pins):
        chosen[CALIBRATION] = next(filter(None, pins))
    config.stash[_BEFORE] = {name: os.environ.get(name) for name in chosen}
    os.environ.update(chosen)
    try:
        cost_model()
    except NpuError as error:
        _restore(config)
        raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the environment as it was."""
    _restore(config)


def _restore(config: pytest.Config) -> None:
    for name, value in config.stash.get(_BEFORE, {}).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def checks_notebooks(config: pytest.Config) -> bool:
    """Return whether nbval is installed and asked for."""
    return bool(config.getoption("nbval", default=False) or config.getoption("nbval_lax", default=False))


def cost_model() -> str:
    """Return the version of the cost model that this run predicts with; loads the pipeline now, not in every run."""
    version: str = import_module("npusdk.pipeline").model_version()
    return version


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which version predicts."""
    if not checks_notebooks(config):
        return None
    pinned = _("npusdk: cost model {version}, pinned; language {language}")
    free = _("npusdk: cost model {version}, not pinned by {variable}; language {language}")
    return render(
        pinned if os.environ.get(CALIBRATION) else free,
        version=cost_model(),
        variable=CALIBRATION,
        language=current_language(),
    )


def pytest_collectstart(collector: Any) -> None:
    """Give a notebook of nbval its masks, and leave the profiles as data out of its comparison."""
    if hasattr(collector, "sanitize_patterns") and hasattr(collector, "skip_compare"):
        collector.sanitize_patterns.update(masks())
        collector.skip_compare = (*collector.skip_compare, PROFILE_MIME)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failing cell which versions of the cost model stand behind the notebook and behind this run."""
    report = yield
    if report.failed and hasattr(item.parent, "sanitize_patterns"):
        saved = sorted(saved_versions(item.parent.nb))
        lines = (
            render(_("cost model of this run: {version}"), version=cost_model()),
            *(render(_("cost model of a saved profile: {version}"), version=name) for name in saved),
        )
        report.sections.append(("npusdk", "\n".join(lines)))
    return report


def saved_versions(notebook: Any) -> set[str]:
    """Return the versions of the cost model that made the profiles kept in a notebook."""
    bundles = (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ()))
    profiles = (bundle[PROFILE_MIME] for bundle in bundles if PROFILE_MIME in bundle)
    return {str(profile["model_version"]) for profile in profiles if "model_version" in profile}
