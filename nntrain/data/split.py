"""Splits labelled rows into training and validation rows."""

import numpy as np

from nntrain.data.dataset import Dataset, Subset
from nntrain.errors import DataError
from nntrain.randomness import Purpose, generator


def hold_out(dataset: Dataset, rows: int | float, seed: int) -> tuple[Subset, Subset | None]:
    """Split labelled rows into training and validation rows, both in file order.

    An int `rows` holds out the last rows; a float, that share of each class's rows at random; 0
    none, and the second subset is None.

    Raises:
        DataError: If one of the two would be empty.
    """
    if rows == 0:
        return dataset.as_subset(), None
    if isinstance(rows, int):
        if rows >= len(dataset):
            raise DataError(
                f"{dataset.source}: data.validation holds out {rows:,} rows of {len(dataset):,}; "
                "leave some to train on"
            )
        training, last = np.split(np.arange(len(dataset)), [len(dataset) - rows])
        return Subset(dataset, training), Subset(dataset, last)
    held_out = _stratified_draw(dataset, rows, generator(seed, Purpose.SPLIT))
    if held_out.all() or not held_out.any():
        raise DataError(
            f"{dataset.source}: data.validation {rows:g} of {len(dataset):,} rows leaves "
            f"{'nothing to train on' if held_out.all() else 'nothing held out'}; "
            "give a number of rows"
        )
    return Subset(dataset, np.flatnonzero(~held_out)), Subset(dataset, np.flatnonzero(held_out))


def hold_out_fold(dataset: Dataset, fold: int, folds: int, seed: int) -> tuple[Subset, Subset]:
    """Split labelled rows into those of all other folds, and those of one fold.

    The rows of each class are shuffled and dealt to the folds in turn, where the class before has
    stopped. So two folds differ by at most one row, also of each class (stratified folds).

    Args:
        dataset: The rows.
        fold: Which fold, from 1 to `folds`.
        folds: The number of folds.
        seed: The seed of the shuffle; the folds of one seed have no row in common.

    Raises:
        DataError: If there are more folds than rows.
    """
    assert dataset.labels is not None  # noqa: S101 (for the type checker: the caller has labels)
    if folds > len(dataset):
        raise DataError(
            f"{dataset.source}: {len(dataset):,} rows cannot be divided into {folds} folds; "
            f"give at most {len(dataset):,} folds"
        )
    rng = generator(seed, Purpose.FOLDS)
    dealt = [
        rng.permutation(np.flatnonzero(dataset.labels == label))
        for label in np.unique(dataset.labels)
    ]
    held_out = np.sort(np.concatenate(dealt)[fold - 1 :: folds])
    return Subset(dataset, np.setdiff1d(np.arange(len(dataset)), held_out)), Subset(
        dataset, held_out
    )


def _stratified_draw(
    dataset: Dataset, share: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the given share of each class's rows, rounded to whole rows, in a mask of shape (N,)."""
    assert dataset.labels is not None  # noqa: S101 (for the type checker: the caller has labels)
    marked = np.zeros(len(dataset), np.bool_)
    for label in np.unique(dataset.labels):
        rows = np.flatnonzero(dataset.labels == label)
        marked[rng.permutation(rows)[: round(share * len(rows))]] = True
    return marked
