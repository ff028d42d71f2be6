"""The rows of a training: read from CSVs, split and hashed."""

import hashlib

from nntrain.config import Config
from nntrain.data.augment import check_square
from nntrain.data.dataset import Dataset, Subset
from nntrain.data.kaggle import read_csv
from nntrain.data.split import hold_out
from nntrain.errors import DataError
from nntrain.training.reporter import Reporter

Split = tuple[Subset, Subset | None]  # training rows, validation rows


def read_data(config: Config, reporter: Reporter) -> Split:
    """The training and validation rows of a configuration.

    Raises:
        DataError: If a CSV is invalid, or no row is left for one of the two sets.
        ConfigError: If data.distortion is set, but the images are not square.
    """
    data = config.data
    digits = read_csv(
        data.train, labels="required", classes=data.classes, label_column=data.label_column
    )
    return split(config, digits, reporter)


def split(config: Config, digits: Dataset, reporter: Reporter) -> Split:
    """Split labelled rows into training and validation rows, as `data.validation` says.

    Raises:
        DataError: If all rows have the same label, no row is left for one of the two sets, or the
            validation CSV is invalid.
        ConfigError: If data.distortion is set, but the images are not square.
    """
    data = config.data
    if len(digits.counts()) == 1:
        raise DataError(
            f"{digits.source}: all labels are {digits.counts()[0][0]}; "
            "give a file with at least two different digits"
        )
    if data.distortion is not None:
        check_square(digits.pixels.shape[1])  # before any folder is created
    _describe(digits, data.classes, reporter)
    if isinstance(data.validation, str):
        validation = read_labelled(data.validation, data.classes, data.label_column, reporter)
        if validation.pixels.shape[1] != digits.pixels.shape[1]:
            raise DataError(
                f"{validation.source}: {validation.pixels.shape[1]} pixels a row, but "
                f"{digits.source} has {digits.pixels.shape[1]}; both must show the same pictures"
            )
        return digits.as_subset(), validation.as_subset()
    training, held_out = hold_out(digits, data.validation, split_seed(config))
    if held_out is not None:
        reporter.log(f"training on {len(training):,} rows, validating on {len(held_out):,}")
    return training, held_out


def split_seed(config: Config) -> int:
    """The seed of the validation split."""
    return config.seed if config.data.split_seed is None else config.data.split_seed


def read_labelled(path: str, classes: int, label_column: str | None, reporter: Reporter) -> Dataset:
    """Read a CSV with labels 0 … classes − 1.

    Raises:
        DataError: If the CSV is invalid.
    """
    digits = read_csv(path, labels="required", classes=classes, label_column=label_column)
    _describe(digits, classes, reporter)
    return digits


def _describe(digits: Dataset, classes: int, reporter: Reporter) -> None:
    """Log a summary of a labelled CSV, and warnings."""
    reporter.log(f"{digits.source}: {digits.describe()}")
    for warning in digits.warnings(classes):
        reporter.log(f"warning: {warning}")


def digest(training: Subset, validation: Subset | None) -> str:
    """SHA-256 of all rows and of their split into training and validation rows."""
    digests = [rows.digest for rows in (training, validation) if rows is not None]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
