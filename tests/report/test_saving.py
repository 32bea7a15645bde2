"""A report to a file: the suffix says how."""

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


@pytest.mark.parametrize("name", ["report.html", "report", ".json", "report.json.gz"])
def test_unknown_suffix_is_refused_before_anything_is_written(tmp_path, name):
    """A suffix of no known form is named, and there is no half-written file."""
    with pytest.raises(ConfigError, match=r"\.json"):
        samples.profile().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", REPORTS)
def test_str_is_the_text_view(kind):
    """Printing a report shows it, its model first."""
    assert str(REPORTS[kind]()).startswith("small net")
