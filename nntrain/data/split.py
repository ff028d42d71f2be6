"""Hold rows out, so that the network is judged by digits it has not seen."""

import numpy as np

from nntrain.data.dataset import Dataset, Subset
from nntrain.errors import DataError
from nntrain.randomness import Purpose, generator


def hold_out(digits: Dataset, rows: int | float, seed: int) -> tuple[Subset, Subset | None]:
    """Split labelled digits into those to train on and those held out.

    Args:
        digits: N labelled rows.
        rows: A whole number: that many of the last rows. A fraction: that share of each digit's
            rows, drawn at random. 0: none.
        seed: Of the random draw.

    Returns:
        The training rows in the file's order, and the held-out rows, or None without any.

    Raises:
        DataError: Nothing would be left to train on, or nothing would be held out.
    """
    if rows == 0:
        return digits.all(), None
    if isinstance(rows, int):
        if rows >= len(digits):
            raise DataError(
                f"{digits.source}: data.validation holds out {rows:,} rows of {len(digits):,}; "
                "leave some to train on"
            )
        training, last = np.split(np.arange(len(digits)), [len(digits) - rows])
        return Subset(digits, training), Subset(digits, last)
    held_out = _stratified_draw(digits, rows, generator(seed, Purpose.SPLIT))
    if held_out.all() or not held_out.any():
        raise DataError(
            f"{digits.source}: data.validation {rows:g} of {len(digits):,} rows leaves "
            f"{'nothing to train on' if held_out.all() else 'nothing held out'}; "
            "give a number of rows"
        )
    return (
        Subset(digits, np.flatnonzero(~held_out)),
        Subset(digits, np.flatnonzero(held_out)),
    )


def _stratified_draw(
    digits: Dataset, share: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the given share of each digit's rows, rounded to whole rows."""
    assert digits.labels is not None  # noqa: S101 (for the type checker: the caller has labels)
    marked = np.zeros(len(digits), np.bool_)
    for label in np.unique(digits.labels):
        rows = np.flatnonzero(digits.labels == label)
        marked[rng.permutation(rows)[: round(share * len(rows))]] = True
    return marked
