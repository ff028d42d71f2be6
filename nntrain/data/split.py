"""Splits labelled rows into training and validation rows."""

import numpy as np

from nntrain.data.dataset import Dataset, Labels, Subset
from nntrain.errors import DataError
from nntrain.randomness import Purpose, generator


def hold_out(dataset: Dataset, rows: int | float, seed: int) -> tuple[Subset, Subset | None]:
    """Split labelled rows into training and validation rows, both in file order.

    An int `rows` holds out the last rows; a float, that share of each class's rows at random; 0
    none, and the second subset is None. If the rows are of several files, only the first one's are
    held out, and the same as without the others: those may hold copies or uncertain labels.

    Raises:
        DataError: If one of the two would be empty.
    """
    if rows == 0:
        return dataset.as_subset(), None
    source, count = dataset.first_file
    held_out = np.zeros(len(dataset), np.bool_)
    if isinstance(rows, int):
        if rows >= count:
            raise DataError(
                f"{source}: data.validation holds out {rows:,} rows of {count:,}; "
                "leave some to train on"
            )
        held_out[count - rows : count] = True
    else:
        assert dataset.labels is not None  # noqa: S101 (for the type checker: it has labels)
        rng = generator(seed, Purpose.SPLIT)
        held_out[:count] = _stratified_draw(dataset.labels[:count], rows, rng)
        if held_out[:count].all() or not held_out.any():
            raise DataError(
                f"{source}: data.validation {rows:g} of {count:,} rows leaves "
                f"{'nothing held out' if not held_out.any() else 'nothing to train on'}; "
                "give a number of rows"
            )
    return Subset(dataset, np.flatnonzero(~held_out)), Subset(dataset, np.flatnonzero(held_out))


def hold_out_fold(dataset: Dataset, fold: int, folds: int, seed: int) -> tuple[Subset, Subset]:
    """Split labelled rows into those of all other folds, and those of one fold.

    The rows of each class are shuffled and dealt to the folds in turn, where the class before has
    stopped. So two folds differ by at most one row, also of each class (stratified folds). Of
    several files, only the rows of the first one are dealt, as in `hold_out`.

    Args:
        dataset: The rows.
        fold: Which fold, from 1 to `folds`.
        folds: The number of folds.
        seed: The seed of the shuffle; the folds of one seed have no row in common.

    Raises:
        DataError: If there are more folds than rows.
    """
    assert dataset.labels is not None  # noqa: S101 (for the type checker: the caller has labels)
    source, count = dataset.first_file
    if folds > count:
        raise DataError(
            f"{source}: {count:,} rows cannot be divided into {folds} folds; "
            f"give at most {count:,} folds"
        )
    rng, labels = generator(seed, Purpose.FOLDS), dataset.labels[:count]
    dealt = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    held_out = np.sort(np.concatenate(dealt)[fold - 1 :: folds])
    others = np.setdiff1d(np.arange(len(dataset)), held_out)
    return Subset(dataset, others), Subset(dataset, held_out)


def _stratified_draw(
    labels: Labels, share: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the given share of each class's rows, rounded to whole rows, in a mask of shape (N,)."""
    marked = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        marked[rng.permutation(rows)[: round(share * len(rows))]] = True
    return marked
