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


def _stratified_draw(
    labels: Labels, share: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the given share of each class's rows, rounded to whole rows, in a mask of shape (N,)."""
    marked = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        marked[rng.permutation(rows)[: round(share * len(rows))]] = True
    return marked
