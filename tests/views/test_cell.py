"""What stands below a cell: one line that says where each number comes from."""

import pytest

from npusdk.language import language_set_to
from npusdk.report import CellReport, Manifest, ManifestItem
from tests.views import samples


def cell(**changes):
    fields = {
        "device": "furiosa-rngd", "device_name": "RNGD", "precision": "bf16", "elapsed_here_s": 0.91, "operations": 12,
        "in_bytes": 24 * 2**20, "out_bytes": 4096, "profile": samples.profile(scale=30.0, bound="memory"),
    }  # fmt: skip
    return CellReport(**{**fields, **changes})


def test_line_is_the_one_that_was_promised():
    """Time here, time there with its interval, what bounds it, the precision, and what crossed."""
    with language_set_to("en"):
        assert str(cell()) == (
            "here 0.9 s; RNGD predicted 1.8 ms [0.9-3.6], memory-bound, bf16; in 24.0 MiB, out 4.0 KiB"
        )
    with language_set_to("ko"):
        assert str(cell()) == (
            "여기 0.9 s; RNGD 예측값 1.8 ms [0.9-3.6], 메모리 병목, bf16; 입력 24.0 MiB, 출력 4.0 KiB"
        )


@pytest.mark.parametrize(
    ("scale", "shown"),
    [(1 / 30, "2.0 us [1.0-4.0]"), (2.0, "120 us [60-240]"), (16.0, "960 us [480-1920]"), (166.7, "10 ms [5.0-20]")],
)
def test_interval_is_in_the_unit_of_the_latency(scale, shown):
    """Low and high can be compared with the latency at a glance."""
    with language_set_to("en"):
        rows = [{**row, "traffic_bytes": 0.0} for row in samples.ROWS]
        assert f"RNGD predicted {shown}, overhead-bound" in str(cell(profile=samples.profile(rows=rows, scale=scale)))


def test_measured_cell_is_not_called_predicted():
    """The word comes from the profile."""
    with language_set_to("en"):
        assert "RNGD measured 60 us" in str(cell(profile=samples.profile(basis="measured")))


def test_loss_and_narrowing_have_a_line_each():
    """A cell that lost precision says by how much, what was narrowed, and how to avoid it."""
    with language_set_to("en"):
        _line, narrowed, loss = str(cell(narrowed=("x", "w"), loss=0.0039)).split("\n")
    assert narrowed == "narrowed from float64: x, w"
    assert loss == "largest relative difference from float32: 3.9e-03; --precision exact computes without rounding"


def test_many_narrowed_names_are_cut():
    """A cell of a hundred arrays does not fill the screen."""
    with language_set_to("en"):
        shown = str(cell(narrowed=tuple(f"x{index}" for index in range(100))))
    assert shown.endswith("x6, x7, ...")


def test_cell_without_a_prediction_says_why():
    """Where the device has no prediction there is no number, and the reason stands below."""
    with language_set_to("en"):
        shown = str(cell(profile=None, refusal=samples.REFUSAL))
    assert "RNGD without a prediction, bf16; in 24.0 MiB" in shown
    assert shown.endswith("\nthe device has no bf16; it has int8")


def test_manifest_is_a_table_with_its_sum():
    """Each name with kind, element type, shape and size; the sum below; and what comes back."""
    items = (
        ManifestItem(name="w", kind="array", dtype="float32", shape=(1024,), size_bytes=4096),
        ManifestItem(name="softmax", kind="function"),
        ManifestItem(name="x", kind="array", dtype="float64", shape=(1024, 1024), size_bytes=8 * 2**20),
    )
    with language_set_to("en"):
        lines = str(Manifest(items=items, writes=("y", "z"))).splitlines()
    assert lines[0] == "Taken along: 3, 8.00 MiB"
    assert [line.split() for line in lines[3:]] == [
        ["w", "array", "float32", "1024", "4.00", "KiB"], ["softmax", "function", "0", "B"],
        ["x", "array", "float64", "1024", "x", "1024", "8.00", "MiB"], ["in", "all", "8.00", "MiB"],
        ["gives", "back", "y,", "z"],
    ]  # fmt: skip


def test_manifest_of_nothing_is_short():
    """A cell that takes nothing along has no table."""
    with language_set_to("en"):
        assert str(Manifest(items=())) == "Taken along: 0, 0 B\n"
        many = tuple(ManifestItem(name=f"x{index}", kind="scalar") for index in range(300))
        assert "and 100 more" in str(Manifest(items=many))
