"""The three CSVs of a data folder: training rows, test rows, and the same test rows labelled."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntrain.data.kaggle import write_table
from nntrain.errors import DataError
from nntrain.files import atomic_write

TRAIN, TEST, TEST_LABELLED = NAMES = ("train.csv", "test.csv", "test_labelled.csv")


def write_files(
    folder: Path,
    train: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    test: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    """Write the three files; none of them takes its place before all are written.

    Args:
        folder: Made if it is missing.
        train: Pixels of shape (N, P) and labels of shape (N,).
        test: Likewise.

    Raises:
        DataError: The folder cannot be made.
        NNTrainError: A file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}; name another") from error
    with ExitStack() as replaced_together:
        for name, pixels, labels in (
            (TRAIN, *train),
            (TEST, test[0], None),
            (TEST_LABELLED, *test),
        ):
            file = replaced_together.enter_context(atomic_write(folder / name, "w"))
            write_table(file, pixels, labels)
