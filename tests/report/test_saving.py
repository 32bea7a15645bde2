"""A report to a file: the suffix says how."""

import json

import pytest

from npusdk.errors import ConfigError
from npusdk.report import Comparison, FitReport, ProfileReport
from tests.views import samples

REPORTS = {ProfileReport: samples.profile, FitReport: samples.fit, Comparison: samples.comparison}


@pytest.mark.parametrize("kind", REPORTS)
def test_json_file_is_read_back_equal(tmp_path, kind):
    """`save` and `from_json` are inverses, also in a folder with Hangul and blanks in its name."""
    folder = tmp_path / "내 폴더"
    folder.mkdir()
    report = REPORTS[kind]()
    path = report.save(folder / "report.JSON")
    assert kind.from_json(path.read_text(encoding="utf-8")) == report


@pytest.mark.parametrize("kind", REPORTS)
def test_csv_file_names_the_basis_first(tmp_path, kind):
    """Every CSV begins with the column that says what its numbers are."""
    path = REPORTS[kind]().save(str(tmp_path / "report.csv"))
    assert path.read_text(encoding="utf-8").startswith("basis,")


@pytest.mark.parametrize("name", ["report.png", "report", ".json", ".trace.json", "report.json.gz"])
def test_unknown_suffix_is_refused_before_anything_is_written(tmp_path, name):
    """A suffix of no known form is named, and there is no half-written file."""
    with pytest.raises(ConfigError, match=r"\.json"):
        samples.profile().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", REPORTS)
def test_str_is_the_text_view(kind):
    """Printing a report shows it, its model first."""
    assert str(REPORTS[kind]()).startswith("small net")


@pytest.mark.parametrize("kind", REPORTS)
def test_html_file_is_a_whole_page(tmp_path, kind):
    """A page that is mailed to somebody opens by itself."""
    page = REPORTS[kind]().save(tmp_path / "보고서.HTML").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")


@pytest.mark.parametrize("kind", [ProfileReport, Comparison])
def test_trace_file_is_told_from_json_by_its_longer_suffix(tmp_path, kind):
    """Two suffixes end with the same letters; the longer one decides."""
    trace = REPORTS[kind]().save(tmp_path / "report.trace.json")
    assert "traceEvents" in json.loads(trace.read_text(encoding="utf-8"))
    with pytest.raises(ConfigError, match="not a ProfileReport"):
        ProfileReport.from_json(trace.read_bytes())


def test_fit_has_no_times_to_trace(tmp_path):
    """A report without times is not written as a trace, and not as JSON under a trace's name either."""
    with pytest.raises(ConfigError, match="trace"):
        samples.fit().save(tmp_path / "fit.trace.json")


def test_table_of_layers_goes_into_a_file(tmp_path):
    """The rows of a profile, all of them, as CSV or as a page."""
    table = samples.profile().layers_table()
    assert table.save(tmp_path / "layers.csv").read_text(encoding="utf-8").count("\n") == 5
    assert "flatten" in table.save(tmp_path / "layers.html").read_text(encoding="utf-8")
    assert [row.name for row in table] == ["conv1", "pool", "fc", "flatten"]
    assert (len(table), table[-1].name) == (4, "flatten")
    assert repr(table) == "LayerListing(4 layers, predicted 60.0 us in all)"
    with pytest.raises(ConfigError, match="csv"):
        table.save(tmp_path / "layers.json")
