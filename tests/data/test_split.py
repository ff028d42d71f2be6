import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.digits import Digits
from nntrain.data.split import hold_out
from nntrain.errors import DataError


def digits_of(labels: list[int]) -> Digits:
    """Each row's one pixel is its own number."""
    pixels = np.arange(len(labels), dtype=np.uint8)[:, None]
    return Digits(pixels, np.array(labels, np.uint8), None, "train.csv", "label", None)


@given(
    labels=st.lists(st.integers(0, 4), min_size=30, max_size=200),
    share=st.floats(0.1, 0.9),
    seed=st.integers(0, 9),
)
def test_a_share_takes_that_share_of_every_digit(
    labels: list[int], share: float, seed: int
) -> None:
    training, held_out = hold_out(digits_of(labels), share, seed)
    assert held_out is not None
    assert training.labels is not None
    assert held_out.labels is not None
    for digit in range(5):
        count = labels.count(digit)
        assert np.count_nonzero(held_out.labels == digit) == round(share * count)
    rows = [*training.pixels[:, 0].tolist(), *held_out.pixels[:, 0].tolist()]
    assert sorted(rows) == list(range(len(labels)))


def test_a_share_depends_on_the_seed_alone() -> None:
    labels = [0, 1] * 50
    first, again, other = (hold_out(digits_of(labels), 0.3, seed)[1] for seed in (0, 0, 1))
    assert first and again and other
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_number_takes_the_last_rows() -> None:
    training, held_out = hold_out(digits_of([0, 1] * 5), 3, seed=0)
    assert held_out
    assert training.pixels[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert held_out.pixels[:, 0].tolist() == [7, 8, 9]


def test_zero_holds_nothing_out() -> None:
    digits = digits_of([0, 1])
    assert hold_out(digits, 0, seed=0) == (digits, None)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (10, "10 rows of 10"),
        (11, "11 rows of 10"),
        (0.01, "nothing held out"),
        (0.99, "nothing to"),
    ],
)
def test_a_split_that_empties_one_side_is_refused(rows: int | float, fault: str) -> None:
    with pytest.raises(DataError, match=f"train.csv: .*{fault}"):
        hold_out(digits_of([0, 1] * 5), rows, seed=0)
