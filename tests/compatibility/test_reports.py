"""Reports that an earlier version wrote, kept as it wrote them, are read by this one."""

import json
from pathlib import Path

import pytest

from npusdk.display import mimebundle
from npusdk.report import SCHEMA_VERSION, Comparison, FitReport, ProfileReport, ServingReport

HERE = Path(__file__).parent
STORED = [
    (path, kind)
    for name, kind in (
        ("profile", ProfileReport),
        ("comparison", Comparison),
        ("fit", FitReport),
        ("serving", ServingReport),
    )
    for path in sorted(HERE.glob(f"{name}-*.json"))
]
EVERY = pytest.mark.parametrize(("path", "kind"), STORED, ids=[path.stem for path, _kind in STORED])


@EVERY
def test_stored_report_is_read_and_shown(path, kind):
    """Its version stays that of the file, and all its views work."""
    data = json.loads(path.read_text(encoding="utf-8"))
    report = kind.from_json(path.read_bytes())
    assert report.schema_version == data["schema_version"] == path.stem.rsplit("-", maxsplit=1)[1]
    assert mimebundle(report)["text/plain"].startswith(data["model"])


def test_profile_of_schema_1_0_has_no_live_bytes():
    """What an older writer did not know stays unknown, and every number that it wrote is kept."""
    text = (HERE / "profile-1.0.json").read_text(encoding="utf-8")
    report = ProfileReport.from_json(text)
    assert report.layers.live_bytes is None
    rows = json.loads(report.to_json())["layers"]
    unknown = {"live_bytes": None, "repeats": None, "terms": None, "explanation": None}
    assert [row | unknown for row in json.loads(text)["layers"]] == rows


def test_profile_of_schema_1_1_has_no_grounds():
    """Nothing is made up for an older report: no terms, no division, no provenance, no advice."""
    report = ProfileReport.from_json((HERE / "profile-1.1.json").read_bytes())
    assert (report.chunk, report.partitions, report.provenance, report.parallel) == (None, None, None, None)
    assert (len(report.advice), len(report.sensitivity)) == (0, 0)
    assert report.layers.terms is None
    assert report.layers.live_bytes is not None
    assert "What would help" not in str(report)


def test_every_minor_version_is_stored():
    """A version that was released has its files here before the next one is made."""
    stored = {path.stem.rsplit("-", maxsplit=1)[1] for path, _kind in STORED}
    major, minor = map(int, SCHEMA_VERSION.split("."))
    assert stored == {f"{major}.{older}" for older in range(minor)}


def test_schema_version_has_grown_since():
    """Fields were added, so that the minor number is higher."""
    assert SCHEMA_VERSION == "1.2"
