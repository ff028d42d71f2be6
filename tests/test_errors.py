"""What a file says comes to the terminal as text, not as commands."""

from hypothesis import given
from hypothesis import strategies as st

from nntrain.errors import DataError


def test_escape_sequences_are_shown_and_not_obeyed() -> None:
    assert str(DataError("a.csv: '\x1b]0;owned\x07' is no digit")) == (
        r"a.csv: '\x1b]0;owned\x07' is no digit"
    )
    assert str(DataError("\ufeffσ\u202e\r\n–")) == "\\ufeffσ\\u202e\\r\\n–"


@given(st.lists(st.text(), min_size=1))
def test_lines_stay_lines_of_printable_text(given: list[str]) -> None:
    lines = str(DataError(*given)).split("\n")
    assert len(lines) == len(given)
    assert all(line.isprintable() for line in lines)
