import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data import dataset
from nntrain.data.dataset import Dataset, Subset
from nntrain.data.split import hold_out, hold_out_fold
from nntrain.errors import DataError
from tests.support.csvs import make_dataset


def digits_of(labels: list[int]) -> Dataset:
    """Rows of one pixel, which is the row's number."""
    pixels = np.arange(len(labels), dtype=np.uint8)[:, None]
    return make_dataset(pixels, labels)


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
    for digit in range(5):
        count = labels.count(digit)
        assert np.count_nonzero(held_out.labels == digit) == round(share * count)
    assert sorted([*training.index, *held_out.index]) == list(range(len(labels)))


def test_a_share_depends_on_the_seed_alone() -> None:
    labels = [0, 1] * 50
    first, again, other = (hold_out(digits_of(labels), 0.3, seed)[1] for seed in (0, 0, 1))
    assert first and again and other
    np.testing.assert_array_equal(first.index, again.index)
    assert not np.array_equal(first.index, other.index)


def test_a_number_takes_the_last_rows() -> None:
    training, held_out = hold_out(digits_of([0, 1] * 5), 3, seed=0)
    assert held_out
    assert training.index.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert held_out.index.tolist() == [7, 8, 9]


def test_zero_holds_nothing_out() -> None:
    training, held_out = hold_out(digits_of([0, 1]), 0, seed=0)
    assert training.index.tolist() == [0, 1]
    assert held_out is None


@given(
    rows=st.integers(1, 50),
    part=st.integers(1, 60),
    seed=st.integers(0, 99),
)
def test_mapped_rows_are_gathered_as_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, rows: int, part: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (rows, 3), np.uint8)
    path = tmp_path_factory.getbasetemp() / "pixels"
    path.write_bytes(pixels.tobytes())
    mapped = dataset.MappedPixels(path, pixels.shape)
    index = rng.integers(0, rows, 40)
    gathered = np.empty((30, 3), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "MAPPED_PART_BYTES", part)
        chosen = Subset(Dataset(mapped.pixels, "", mapped=mapped), index)
        chosen.take(slice(5, 35), gathered)
    np.testing.assert_array_equal(gathered, pixels[index[5:35]])


def test_a_selection_keeps_pixels_and_labels_together() -> None:
    selection = Subset(digits_of([7, 5, 9, 3]), np.array([3, 0, 1]))
    assert selection.labels.tolist() == [3, 7, 5]
    for rows, expected in ((slice(1, 3), [0, 1]), (np.array([2, 0]), [1, 3])):
        gathered = np.empty((2, 1), np.uint8)
        selection.take(rows, gathered)
        assert gathered[:, 0].tolist() == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (10, "10 rows of 10"),
        (11, "11 rows of 10"),
        (0.01, "nothing held out"),
        (0.99, "nothing to"),
    ],
)
def test_a_split_that_empties_one_side_is_refused(rows: int | float, expected: str) -> None:
    with pytest.raises(DataError, match=f"train.csv: .*{expected}"):
        hold_out(digits_of([0, 1] * 5), rows, seed=0)


@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=120),
    folds=st.integers(2, 12),
    seed=st.integers(0, 9),
)
def test_folds_are_disjoint_complete_and_stratified(
    labels: list[int], folds: int, seed: int
) -> None:
    digits = digits_of(labels)
    if folds > len(labels):
        with pytest.raises(DataError, match=f"{len(labels)} rows cannot be divided into {folds}"):
            hold_out_fold(digits, 1, folds, seed)
        return
    parts = [hold_out_fold(digits, fold, folds, seed) for fold in range(1, folds + 1)]
    everything = np.arange(len(labels))
    dealt = np.concatenate([held_out.index for _, held_out in parts])
    assert sorted(dealt) == everything.tolist()
    for training, held_out in parts:
        assert sorted([*training.index, *held_out.index]) == everything.tolist()
        assert (np.diff(training.index) > 0).all() and (np.diff(held_out.index) > 0).all()
    counts = np.array([np.bincount(held_out.labels, minlength=5) for _, held_out in parts])
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_folds_depend_on_the_seed() -> None:
    digits = digits_of([0, 1] * 50)
    first, again, other = (hold_out_fold(digits, 2, 5, seed)[1].index for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
