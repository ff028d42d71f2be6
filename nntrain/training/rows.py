"""The rows of a training: read from CSVs, split and hashed."""

import hashlib
import os
from collections.abc import Sequence

import numpy as np

from nntrain.config import Config
from nntrain.config.schema import FoldConfig
from nntrain.data.augment import check_square
from nntrain.data.checks import (
    class_warnings,
    file_warnings,
    picture_warnings,
    pixel_warnings,
    repeated_rows,
    split_warnings,
)
from nntrain.data.combine import check_same_pixels, combine
from nntrain.data.dataset import Dataset, Subset
from nntrain.data.kaggle import read_csv
from nntrain.data.labels import Classes
from nntrain.data.split import hold_out, hold_out_fold
from nntrain.errors import DataError
from nntrain.training.reporter import Reporter

_LOOKED_AT = 5_000  # rows
_MOST_LIKELY_LABEL = 100  # a column of larger numbers rather holds pixels

Split = tuple[Subset, Subset | None]  # training rows, validation rows


def read_data(config: Config, reporter: Reporter) -> Split:
    """The training and validation rows of a configuration.

    Raises:
        DataError: If a CSV is invalid, or no row is left for one of the two sets.
        ConfigError: If data.distortion is set, but the images are not square.
    """
    return split(config, _read_training(config, reporter), reporter)


def split(config: Config, digits: Dataset, reporter: Reporter) -> Split:
    """Split labelled rows into training and validation rows, as `data.validation` says.

    The classes of both are those of the training rows; see `classes_of`.

    Raises:
        DataError: If all rows have the same label, no row is left for one of the two sets, or the
            validation CSV is invalid.
        ConfigError: If data.distortion is set, but the images are not square.
    """
    data = config.data
    if len(digits.counts()) == 1:
        raise DataError(
            f"{digits.source}: all labels are {digits.counts()[0][0]}; give a file with at least "
            f"two different digits{_other_label_column(digits)}"
        )
    if data.distortion is not None:
        check_square(digits.pixels.shape[1])  # before any folder is created
    digits = digits.with_classes(classes_of(config, digits))
    _log_training(config, digits, reporter)
    if config.output_layer.dense != len(digits.classes):
        reporter.log(
            f"the last layer has {len(digits.classes)} neurons, one for each class, instead of "
            f"{config.output_layer.dense}"
        )
    if isinstance(data.validation, str):
        complete = config.with_classes(digits.classes)
        validation = read_labelled(
            complete, data.validation, data.label_column, reporter, digits.greatest_pixel
        )
        check_same_pixels(validation, digits)
        parts: Split = digits.as_subset(), validation.as_subset()
    else:
        parts = _hold_out(config, digits)
        if parts[1] is not None:
            several = f"{config.folds} folds, each " if config.folds else ""
            rows = f"training on {len(parts[0]):,} rows, validating on {len(parts[1]):,}"
            of_first = f" of {digits.first_file.source}" if digits.parts else ""
            reporter.log(f"{several}{rows}{of_first}")
    for warning in split_warnings(*parts):
        reporter.log(f"warning: {warning}")
    return parts


def _hold_out(config: Config, digits: Dataset) -> Split:
    """Divide the rows; for a cross-validation, as for its first fold."""
    validation, seed = config.data.validation, split_seed(config)
    assert not isinstance(validation, str)  # noqa: S101 (for the type checker)
    if config.folds:
        return hold_out_fold(digits, 1, config.folds, seed)
    if isinstance(validation, FoldConfig):
        return hold_out_fold(digits, validation.fold, validation.of, seed)
    return hold_out(digits, validation, seed)


def rows_of(config: Config, data: Split) -> Split:
    """The rows of one of several networks.

    Args:
        config: Its configuration; see `nntrain.training.committee.member_config`.
        data: The rows of all, or of another one of them.

    Returns:
        The training and validation rows of its fold; of a member of a committee, `data`.
    """
    if isinstance(config.data.validation, FoldConfig):
        return _hold_out(config, data[0].dataset)
    return data


def classes_of(config: Config, digits: Dataset) -> tuple[str, ...]:
    """The classes of training rows: 0 … K − 1 if that suits the K outputs, else those that occur.

    Args:
        config: A configuration; if it has data.classes, the rows were read with them.
        digits: The training rows.
    """
    if config.data.classes is None and set(digits.classes) <= set(config.class_names):
        return config.class_names
    return digits.classes


def _other_label_column(digits: Dataset) -> str:
    """A hint for labels in another column of a file without a header.

    The column is the one that varies most among those of small numbers.
    """
    if digits.label_column != "column 1":
        return ""
    pixels = digits.pixels[:_LOOKED_AT]
    variety = [
        np.bincount(column).max() if 0 < column.max() < _MOST_LIKELY_LABEL else len(pixels)
        for column in pixels.T
    ]
    likely = int(np.argmin(variety))
    position = likely + 2 if min(variety) < len(pixels) / 2 else -1
    return f", or say which column holds them, such as data.label_column: {position}"


def split_seed(config: Config) -> int:
    """The seed of the validation split."""
    return config.seed if config.data.split_seed is None else config.data.split_seed


def read_labelled(
    config: Config,
    path: str,
    label_column: str | int | None,
    reporter: Reporter,
    trained_on: int | None = None,
) -> Dataset:
    """Read a CSV with labels of the classes of a run.

    Args:
        config: The configuration of the run.
        path: The CSV.
        label_column: Name or position of its label column; None: find it.
        reporter: Receives a summary and warnings.
        trained_on: The greatest pixel of the training rows, if it is known.

    Raises:
        DataError: If the CSV is invalid.
    """
    digits = _read(config, path, config.class_names, label_column)
    log_dataset(digits, file_warnings(digits, config.data.pixel_range, trained_on), reporter)
    return digits


def read_first(config: Config, path: str | None, reporter: Reporter) -> tuple[Config, Dataset]:
    """Read a CSV before any training; its classes are those of the configuration that is returned.

    Args:
        config: The configuration.
        path: The CSV; None: those of the training rows.
        reporter: Receives a summary and warnings.

    Raises:
        DataError: If the CSV is invalid.
    """
    digits = (
        _read_training(config, reporter)
        if path is None
        else _read(config, path, config.data.classes, config.data.label_column)
    )
    classes = classes_of(config, digits)
    digits = digits.with_classes(classes)
    _log_training(config, digits, reporter)
    return config.with_classes(classes), digits


def _read_training(config: Config, reporter: Reporter) -> Dataset:
    """Read the training rows; several files are logged one by one."""
    data = config.data
    if isinstance(data.train, str):
        return _read(config, data.train, data.classes, data.label_column)
    _check_different(data.train)
    # Fewer classes may occur in one of the files than in all.
    classes: Classes = data.classes if isinstance(data.classes, tuple) else "any"
    files = [_read(config, path, classes, data.label_column) for path in data.train]
    combined = combine(files, data.classes)
    first, *others = files
    log_dataset(first, pixel_warnings(first, data.pixel_range), reporter)
    for file in others:
        warnings = pixel_warnings(file, data.pixel_range, first.greatest_pixel)
        log_dataset(file, warnings + picture_warnings(file), reporter)
    return combined


def _check_different(paths: Sequence[str]) -> None:
    """Check that no file is named twice, also by another path.

    Raises:
        DataError: If one is.
    """
    seen: dict[str, str] = {}
    for path in paths:
        place = os.path.realpath(path)
        if place in seen:
            raise DataError(
                f"{path}: is the same file as {seen[place]}; name it once in data.train"
            )
        seen[place] = path


def _log_training(config: Config, digits: Dataset, reporter: Reporter) -> None:
    """Log a summary of the training rows and warnings, but for files that are logged already."""
    if not digits.parts:
        log_dataset(digits, file_warnings(digits, config.data.pixel_range), reporter)
        return
    reporter.log_about(digits.source, f"{len(digits):,} rows in all")
    for warning in (*class_warnings(digits), *repeated_rows(digits)):
        reporter.log(f"warning: {warning}")


def _read(
    config: Config,
    path: str,
    classes: Classes,
    label_column: str | int | None,
) -> Dataset:
    return read_csv(
        path,
        labels="required",
        classes=classes,
        label_column=label_column,
        pixel_range=config.data.pixel_range,
    )


def log_dataset(digits: Dataset, warnings: Sequence[str], reporter: Reporter) -> None:
    """Log a summary of a CSV, what was decided about it, and warnings."""
    reporter.log_about(digits.source, digits.describe())
    for note in digits.annotations.notes:
        reporter.log_about(digits.source, note)
    for warning in warnings:
        reporter.log(f"warning: {warning}")


def digest(training: Subset, validation: Subset | None) -> str:
    """SHA-256 of all rows and of their split into training and validation rows."""
    digests = [rows.digest for rows in (training, validation) if rows is not None]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
