"""What stands behind %%npu."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusdk.errors import UsageError
from npusdk.notebook.command_line import OPTIONS, CellLine, read_cell_line

NAMES = st.from_regex(r"[a-z가-힣_][a-z0-9가-힣_]{0,8}", fullmatch=True).map(lambda name: f"{name}_")
GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "target": st.sampled_from(["rngd", "rngd:4pe", "furiosa-warboy", "local"]),
        "names_in": st.lists(NAMES, min_size=1, unique=True).map(tuple),
        "names_out": st.lists(NAMES, min_size=1, unique=True).map(tuple),
        "precision": st.sampled_from(["bf16", "exact", "auto"]),
        "timeout_s": st.integers(1, 1000).map(float),
        "dry_run": st.just(True),
        "quiet": st.just(True),
    },
)
WORDS = {option.field: word for word, option in OPTIONS.items()}


def written(field, value, glue):
    """Return the words of one option, its value in the same word if `glue` is "="."""
    text = ",".join(value) if isinstance(value, tuple) else f"{value:.0f}s" if field == "timeout_s" else str(value)
    if field == "target":
        return text
    return WORDS[field] if value is True else f"{WORDS[field]}{glue}{text}"


@given(GIVEN, st.randoms(use_true_random=False), st.sampled_from("= "))
def test_line_means_what_is_written_in_any_order(given, random, glue):
    """A line sets exactly the fields that it names, whatever their order, and whether "=" or a blank is between."""
    parts = [written(field, value, glue) for field, value in given.items()]
    random.shuffle(parts)
    assert read_cell_line(" ".join(parts)) == CellLine(**given)


@pytest.mark.parametrize("line", ["--in x,w", "--in x, w", "--in=x ,w", "--in 'x, w'", "--in x,w,x", "--in x,w # y"])
def test_names_may_be_written_as_people_write_lists(line):
    """Blanks around commas, quotation marks, repetitions and comments do not matter."""
    assert read_cell_line(line).names_in == ("x", "w")


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("60s", 60), ("2m", 120), ("1h", 3600)])
def test_timeout_takes_units(text, seconds):
    """A limit is a duration with its unit."""
    assert read_cell_line(f"--timeout {text}").timeout_s == seconds


REFUSED = {
    "--prec bf16": ("--prec", "--precision"),
    "--dryrun": ("--dryrun", "--dry-run"),
    "-q": ("-q", "--in, --out"),
    "--in": ("--in", "NAMES"),
    "--in --quiet": ("--in", "NAMES"),
    "--timeout=": ("--timeout", "TIME"),
    "--in x-y": ("'x-y'", "commas"),
    "--out for": ("'for'", "commas"),
    "--in ,": ("','", "commas"),
    "--timeout 60": ("'60'", "60s"),
    "--timeout 0s": ("'0s'", "60s"),
    "--quiet=yes": ("--quiet", "alone"),
    "--quiet --quiet": ("--quiet", "once"),
    "--in x --in y": ("--in", "once"),
    "rngd atom": ("'atom'", "TARGET"),
    "--in 'x": ("quotation mark", "Close"),
    "--budget 500krw": ("--budget", "Leave"),
    "--background": ("--background", "Leave"),
    "--keep x": ("--keep", "Leave"),
}


@pytest.mark.parametrize("line", REFUSED)
def test_line_that_cannot_be_read_says_why_and_what_to_write(line):
    """The message names what is wrong, and the hint the way out."""
    with pytest.raises(UsageError) as caught:
        read_cell_line(line)
    message, _blank, hint = caught.value.text("en").partition("\n\n")
    what, way_out = REFUSED[line]
    assert what in message
    assert way_out in hint
    assert caught.value.text("ko") != caught.value.text("en")
