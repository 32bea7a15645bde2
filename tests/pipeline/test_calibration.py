"""A course pins the version of the cost model, and every prediction says which version made it."""

import pytest

import npusdk as npu
from npusdk.display import show
from npusdk.pipeline.versions import VARIABLE, VERSIONS, model_version


@pytest.fixture(autouse=True)
def _no_pin(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def test_newest_version_predicts_unless_one_is_pinned(monkeypatch):
    """Without a pin, or with an empty one, the newest version is used."""
    assert model_version() == VERSIONS[-1]
    monkeypatch.setenv(VARIABLE, "")
    assert model_version() == VERSIONS[-1]


@pytest.mark.parametrize("version", VERSIONS)
def test_pinned_version_is_named_by_every_report(digits, monkeypatch, version):
    """A profile, a comparison and a program predict with the pinned version and say so, in text and in data."""
    monkeypatch.setenv(VARIABLE, version)
    report = npu.profile(digits, "rngd")
    assert report.model_version == version
    assert version in show(report)
    assert npu.compile(digits, "rngd").profile() == report
    assert {profile.model_version for profile in npu.compare(digits).profiles} == {version}


@pytest.mark.parametrize(
    "predict",
    [
        lambda model: npu.profile(model, "rngd"),
        npu.compare,
        lambda model: npu.compile(model, "rngd").profile(),
    ],
    ids=["profile", "compare", "program"],
)
def test_version_that_is_not_there_is_refused(digits, monkeypatch, predict):
    """A version of another release is an error that names the ones of this release, never a silent other number."""
    monkeypatch.setenv(VARIABLE, "measured-99")
    with pytest.raises(npu.ConfigError) as caught:
        predict(digits)
    assert caught.value.params == {"variable": VARIABLE, "asked": "'measured-99'", "versions": ", ".join(VERSIONS)}


def test_version_matters_to_predictions_alone(digits, heldout, monkeypatch):
    """Loading, checking and running a model ask for no version."""
    monkeypatch.setenv(VARIABLE, "measured-99")
    assert len(npu.check(digits, "rngd")) == 1
    assert npu.compile(digits, "rngd")(heldout[0][:1]).shape == (1, 10)
