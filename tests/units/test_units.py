"""Quantities to text and back."""

import re
from datetime import timedelta
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.units import (
    format_bytes,
    format_count,
    format_krw,
    format_number,
    format_seconds,
    parse_bytes,
    parse_duration,
)

SECONDS = st.floats(min_value=1e-9, max_value=1e6)
SIZES = st.integers(min_value=0, max_value=2**62)
RATES = st.floats(min_value=1e-3, max_value=9e20)
DIGITS = re.compile(r"[\d.,]+")


def digits(text):
    """Return the significant digits of a number as it is written."""
    return DIGITS.match(text)[0].replace(".", "").replace(",", "").lstrip("0")


@given(SECONDS)
def test_seconds_come_back_from_their_text(time_s):
    """Reading a duration that was written gives it back to three digits."""
    assert isclose(parse_duration(format_seconds(time_s)), time_s, rel_tol=0.0051)


@given(SIZES)
def test_bytes_come_back_from_their_text(size_bytes):
    """Reading a size that was written gives it back to three digits."""
    assert isclose(parse_bytes(format_bytes(size_bytes)), size_bytes, rel_tol=0.0051)


@given(SECONDS)
def test_seconds_have_three_digits_and_no_exponent(time_s):
    """A time is short to read in every unit; only hours grow longer."""
    text = format_seconds(time_s)
    assert re.fullmatch(r"\d+(\.\d+)? (ns|us|ms|s|min|h)", text)
    assert len(digits(text)) == 3 or text.endswith(" h")


@given(RATES)
def test_counts_have_three_digits_and_a_decimal_prefix(value):
    """A rate is short to read whatever its size."""
    text = format_count(value, "B/s")
    assert re.fullmatch(r"\d+(\.\d+)? [KMGTPE]?B/s", text)
    assert len(digits(text)) == 3


@given(SIZES)
def test_bytes_have_a_binary_prefix(size_bytes):
    """A size is below 1024 of its unit, and three or four digits long."""
    text = format_bytes(size_bytes)
    assert re.fullmatch(r"\d+(\.\d+)? ([KMGTPE]i)?B", text)
    assert len(digits(text)) <= 4
    assert float(text.split()[0]) < 1024


@given(SECONDS, SECONDS)
def test_longer_times_never_read_as_shorter(one, other):
    """Text keeps the order of times."""
    shorter, longer = sorted((one, other))
    assert parse_duration(format_seconds(shorter)) <= parse_duration(format_seconds(longer)) * (1 + 1e-12)


@given(st.floats(min_value=1e-3, max_value=1e15))
def test_numbers_are_rounded_to_three_digits(value):
    """No number shows more than is known, and thousands are separated."""
    text = format_number(value)
    assert isclose(float(text.replace(",", "")), value, rel_tol=0.0051)
    assert len(digits(text).rstrip("0")) <= 3
    assert re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d+)?", text)


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0, "0 s"), (9.999e-7, "1.00 us"), (0.0009999, "1.00 ms"), (0.9999, "1.00 s"), (9.999, "10.0 s"),
        (99.96, "100 s"), (119.99, "2.00 min"), (3600, "60.0 min"), (7199.9, "2.00 h"), (360_000, "100 h"),
    ],
)  # fmt: skip
def test_time_at_the_border_of_a_unit_rounds_into_the_next(time_s, text):
    """No "1000 us" and no "10.00 s": rounding comes before the choice of unit."""
    assert format_seconds(time_s) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999.4, "999"), (999.6, "1.00 K"), (9.996, "10.0"), (0.5, "0.500")]
)
def test_count_at_the_border_of_a_prefix_rounds_into_the_next(value, text):
    """The same holds for counts."""
    assert format_count(value) == text


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("48GiB", 48 * 2**30), ("48 gib", 48 * 2**30), ("16 GB", 16_000_000_000), (" 1.5 KiB ", 1536), ("7 B", 7),
        ("0.29 KB", 290), (512, 512),
    ],
)  # fmt: skip
def test_size_is_read_in_binary_and_decimal_units(text, size_bytes):
    """GiB is binary, GB is decimal, a number is bytes."""
    assert parse_bytes(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "time_s"),
    [("30m", 1800.0), ("4h", 14400.0), ("500 ms", 0.5), ("2 min", 120.0), ("1d", 86400.0), ("7 ns", 7e-9)],
)
def test_duration_is_read_in_every_unit(text, time_s):
    """A duration is a number and a unit."""
    assert parse_duration(text) == pytest.approx(time_s)


def test_duration_may_be_a_timedelta():
    """Python's own durations are taken as they are."""
    assert parse_duration(timedelta(minutes=2)) == 120.0


@pytest.mark.parametrize("text", ["", "48", "GiB", "-1 GiB", "1 s", "1e3 B", "1 GiBs", "1.2.3 B", "9" * 400 + " B"])
def test_text_that_is_no_size_is_refused(text):
    """What is not understood is named, never guessed."""
    with pytest.raises(ValueError, match="size"):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["", "4", "h", "-1 s", "4 GiB", "1h30m", "inf s"])
def test_text_that_is_no_duration_is_refused(text):
    """What is not understood is named, never guessed."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**15))
def test_won_are_whole_and_separated(amount):
    """An amount of won loses nothing."""
    assert int(format_krw(amount).removesuffix(" KRW").replace(",", "")) == amount
