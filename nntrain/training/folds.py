"""Cross-validation: what the networks of all folds predict for the rows they were not trained on.

Each fold is an ordinary run that holds the rows of its fold out. Together, the folds hold every
row out once, so their predictions measure the configuration on all rows.
"""

import csv
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntrain.config.schema import FoldConfig
from nntrain.data.dataset import Dataset, Subset
from nntrain.errors import DataError
from nntrain.files import atomic_write
from nntrain.nn.arrays import Array
from nntrain.training import inference
from nntrain.training.inference import Predictor
from nntrain.training.metrics import Evaluation
from nntrain.training.reporter import Reporter
from nntrain.training.rows import digest, rows_of
from nntrain.training.run_data import read_run_data


@dataclass(frozen=True)
class OutOfFold:
    """The prediction for each row by the networks that were not trained on it.

    Attributes:
        rows: The rows of all folds, in file order; N.
        folds: The fold of each row, counted from 1, shape (N,).
        probabilities: The probability of each class, shape (N, classes).
        classes: The labels.
    """

    rows: Subset
    folds: NDArray[np.intp]
    probabilities: Array
    classes: tuple[str, ...]

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation of all rows, pooled; the loss is cross-entropy."""
        return inference.evaluation_of(self.probabilities, self.rows, self.classes)

    def accuracies(self) -> list[float]:
        """The accuracy on the rows of each fold."""
        right = self.probabilities.argmax(axis=1) == self.rows.labels
        return [float(np.mean(right[self.folds == fold])) for fold in np.unique(self.folds)]

    def describe(self) -> list[str]:
        """Mean and standard deviation over the folds, and the pooled accuracy with its error."""
        accuracies, pooled = self.accuracies(), self.evaluation
        spread = f"{statistics.mean(accuracies):.2%} ± {statistics.stdev(accuracies):.2%}"
        return [
            f"{spread} right, mean ± standard deviation of {len(accuracies)} folds",
            f"{pooled.accuracy:.2%} ± {pooled.standard_error:.2%} of all {pooled.rows:,} rows "
            "right, each predicted by the network that was not trained on it",
        ]

    def write(self, path: Path) -> None:
        """Write a CSV: row or id, label, fold, and the probability of each class.

        Rows are counted from 1. Probabilities have nine digits, which is exact for float32.

        Raises:
            NNTrainError: If the file cannot be written.
        """
        dataset = self.rows.dataset
        names = self.rows.index + 1 if dataset.ids is None else dataset.ids[self.rows.index]
        labels = (self.classes[label] for label in self.rows.labels)
        columns = (names.tolist(), labels, self.folds.tolist(), self.probabilities.tolist())
        with atomic_write(path, "w") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([dataset.id_column or "row", "label", "fold", *self.classes])
            for name, label, fold, shares in zip(*columns, strict=True):
                writer.writerow([name, label, fold, *(f"{share:.9g}" for share in shares)])


def out_of_fold(
    models: Sequence[Predictor], dataset: Dataset, distortions: int = 0, threads: int = 1
) -> OutOfFold:
    """Predict each row of a dataset by the networks of its fold.

    Args:
        models: The networks of all folds; several of one fold vote.
        dataset: The rows that were divided into the folds.
        distortions: See `nntrain.training.inference.probabilities`.
        threads: Number of threads.

    Raises:
        DataError: If the rows are not those that the networks were trained on.
        ConfigError: See `nntrain.training.inference.probabilities`.
    """
    by_fold: dict[int, list[Predictor]] = defaultdict(list)
    for model in models:
        by_fold[_fold_of(model).fold].append(model)
    folds = np.zeros(len(dataset), np.intp)
    probabilities = np.zeros((len(dataset), len(models[0].classes)))
    for fold, own in sorted(by_fold.items()):
        training, held_out = rows_of(own[0].config, (dataset.as_subset(), None))
        for model in own:
            if digest(training, held_out) != model.meta.data_digest:
                raise DataError(
                    f"{dataset.source}: not the rows that {model.run} was trained on any more; "
                    "name a CSV with --data"
                )
        assert held_out is not None  # noqa: S101 (for the type checker)
        folds[held_out.index] = fold
        probabilities[held_out.index] = inference.probabilities(own, held_out, distortions, threads)
    index = np.flatnonzero(folds)
    return OutOfFold(Subset(dataset, index), folds[index], probabilities[index], models[0].classes)


def are_all_folds(models: Sequence[Predictor]) -> bool:
    """Whether networks are those of all folds of one division of the rows."""
    given = [(model.config.data.validation, model.config.data.split_seed) for model in models]
    if not all(isinstance(validation, FoldConfig) for validation, _ in given):
        return False
    folds = {_fold_of(model).fold for model in models}
    divisions = {(_fold_of(model).of, model.config.data.split_seed) for model in models}
    return len(divisions) == 1 and folds == set(range(1, _fold_of(models[0]).of + 1))


def _fold_of(model: Predictor) -> FoldConfig:
    validation = model.config.data.validation
    assert isinstance(validation, FoldConfig)  # noqa: S101 (for the type checker)
    return validation


def read_out_of_fold(
    models: Sequence[Predictor], reporter: Reporter, distortions: int = 0, threads: int = 1
) -> OutOfFold:
    """Read the rows of a cross-validation, and predict each by the networks of its fold.

    Arguments and errors as in `held_out_probabilities`.
    """
    first = min(models, key=lambda model: _fold_of(model).fold)
    # The rows of a cross-validation are logged as such; its digest is that of the first fold.
    config = first.config.model_copy(update={"folds": _fold_of(first).of})
    hint = "name a CSV with --data"
    data = read_run_data(first.run, config, reporter, first.meta.data_digest, hint)
    return out_of_fold(models, data[0].dataset, distortions, threads)


def held_out_probabilities(
    models: Sequence[Predictor], reporter: Reporter, distortions: int = 0, threads: int = 1
) -> tuple[Subset, Array]:
    """The validation rows of networks, and the probability of each class for them.

    Those of a cross-validation are all its rows, each predicted by the networks of its fold.

    Returns:
        The rows, N, and their probabilities, shape (N, classes).

    Raises:
        RunError: If the networks have different validation rows, or none.
        DataError: If the training CSV is invalid or has changed.
        ConfigError: See `nntrain.training.inference.probabilities`.
    """
    if are_all_folds(models):
        pooled = read_out_of_fold(models, reporter, distortions, threads)
        return pooled.rows, pooled.probabilities
    rows = inference.held_out_rows(models, reporter)
    return rows, inference.probabilities(models, rows, distortions, threads)


def evaluate_held_out(
    models: Sequence[Predictor], reporter: Reporter, distortions: int = 0, threads: int = 1
) -> Evaluation:
    """Evaluate networks on their validation rows; arguments as in `held_out_probabilities`."""
    if are_all_folds(models):
        return read_out_of_fold(models, reporter, distortions, threads).evaluation
    rows = inference.held_out_rows(models, reporter)
    return inference.evaluate(models, rows, distortions, threads)
