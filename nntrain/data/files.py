"""The three CSVs of a data folder: training rows, test rows, and the same test rows labelled."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntrain.data.kaggle import write_csv
from nntrain.errors import DataError

TRAIN, TEST, TEST_LABELLED = NAMES = ("train.csv", "test.csv", "test_labelled.csv")


def write_files(
    folder: Path,
    train: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    test: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> Iterator[str]:
    """Write the three files, each in one step.

    Args:
        folder: Made if it is missing.
        train: Pixels of shape (N, P) and labels of shape (N,).
        test: Likewise.

    Yields:
        What was written, a line a file.

    Raises:
        DataError: The folder cannot be made.
        NNTrainError: A file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}; name another") from error
    for name, pixels, labels in (  # the training rows last: where they are, all are
        (TEST_LABELLED, *test),
        (TEST, test[0], None),
        (TRAIN, *train),
    ):
        write_csv(folder / name, pixels, labels)
        without = "" if labels is not None else ", no labels"
        yield f"{folder / name}: {len(pixels):,} rows{without}"
