"""Numbers and null as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config.notation import is_null_word, number_in


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("20%", 0.2),
        ("12.5 %", 0.125),
        ("7%", 0.07),
        ("1,000", 1000),
        ("1 000 000", 1_000_000),
        ("1'000", 1000),
        ("60k", 60_000),
        ("1.5M", 1_500_000),
        ("0,1", 0.1),
        ("1,5e-3", 0.0015),
        ("1e−3", 0.001),
        ("1/4", 0.25),
        ("10^-3", 0.001),
        ("2**10", 1024),
        ("10 epochs", 10),
        ("12°", 12),
        ("10,", 10),
    ],
)
def test_a_number_is_recognised(text: str, number: float) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["", "ten", "1/0", "1:30", "2001-01-01", "1.2.3", "9" * 500, "%"])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert number_in(text) is None


@given(st.text(max_size=60) | st.from_regex(r"[0-9eE.,/%^*k ]{1,60}", fullmatch=True))
def test_no_text_raises_an_error(text: str) -> None:
    number = number_in(text)
    assert number is None or abs(number) < 1e309


@pytest.mark.parametrize("text", ["None", "none", "nil", "N/A", "NaN", " None "])
def test_words_for_nothing(text: str) -> None:
    assert is_null_word(text)
