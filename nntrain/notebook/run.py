"""A trained network or committee, as a Python program sees it."""

from __future__ import annotations  # so that help() shows the types as they are written here

import os
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.config import Config
from nntrain.data.dataset import Subset
from nntrain.data.from_arrays import dataset_from_arrays
from nntrain.data.kaggle import read_csv
from nntrain.data.labels import value_of
from nntrain.errors import ConfigError, DataError, MissingLibraryError, RunError
from nntrain.nn import Network
from nntrain.notebook.arguments import local
from nntrain.notebook.curves import curves, table
from nntrain.notebook.evaluation import ShownEvaluation
from nntrain.notebook.reporter import suitable_reporter
from nntrain.training import inference
from nntrain.training.folds import are_all_folds, evaluate_held_out, out_of_fold
from nntrain.training.inference import Predictor
from nntrain.training.metrics import Evaluation
from nntrain.training.progress import EpochRecord, is_finished, summary
from nntrain.training.rows import Split, rows_of
from nntrain.training.run import RunFolder
from nntrain.training.threads import cores
from nntrain.training.weight_files import named_arrays

if TYPE_CHECKING:
    from nntrain.explain.doctor import Diagnoses
    from nntrain.explain.row_trace import Trace


class Run:
    """A trained network or committee; predictions are those of its best epoch.

    Created by `nntrain.fit` and `nntrain.load`.

    Attributes:
        folder: The folder with its checkpoints.
    """

    def __init__(self, folder: RunFolder, data: Split | None = None) -> None:
        self.folder = folder.folder
        self._folder = folder
        self._data = data

    def __repr__(self) -> str:
        training = self.config.training
        lines = []
        for name, history in self._histories().items():
            if history:
                finished = is_finished(history, training.epochs, training.patience)
                planned = None if finished else training.epochs
                lines.append(f"{name}: {summary(history, planned)}")
        return "\n".join(lines) or f"{self._folder}: no epoch is finished yet"

    def _repr_html_(self) -> str:
        histories = {name: history for name, history in self._histories().items() if history}
        shown = (curves(histories) or table(histories)) if histories else ""
        return f"<pre>{escape(repr(self))}</pre>{shown}"

    @property
    def config(self) -> Config:
        """The complete configuration."""
        return self._folder.config()

    @property
    def history(self) -> list[EpochRecord]:
        """The finished epochs; those of a committee, member by member.

        `pandas.DataFrame(run.history)` makes a table of them.
        """
        return [record for history in self._histories().values() for record in history]

    @property
    def members(self) -> list[Run]:
        """The networks of a committee or of folds, each as a run; of a single one, the run itself.

        Raises:
            RunError: If one of them is not begun yet.
        """
        members = self._folder.members()
        if len(members) == 1:
            return [self]
        opened = [RunFolder.open(member.folder) for member in members]
        data = self._data
        return [Run(run, data and rows_of(run.config(), data)) for run in opened]

    @cached_property
    def network(self) -> Network:
        """The network of the best epoch, as a copy: changing it does not change predictions.

        Its inputs are scaled as in training: by default, grey values divided by 255.

        Raises:
            CheckpointError: If the checkpoint is damaged or invalid.
            RunError: If no epoch is finished yet, or the run is a committee.
        """
        return Predictor(self._single("network")).network

    @property
    def weights(self) -> dict[str, NDArray[np.floating]]:
        """The parameters of the best epoch, read-only: {"W_1": …, "b_1": …, "W_2": …}.

        W_i has the lecture's shape (n_i, n_{i−1}), of a convolution (filters, height, width,
        channels); b_i has the shape (n_i,). Layers without weights have no entry.

        Raises:
            CheckpointError, RunError: See `network`.
        """
        self._single("weights")
        weights = {
            name: array.view() for name, array in named_arrays(self._models[0].network).items()
        }
        for array in weights.values():
            array.flags.writeable = False
        return weights

    def predict(self, X: ArrayLike | str | Path) -> NDArray[np.intp] | NDArray[np.str_]:  # noqa: N803
        """The predicted labels, shape (N,): whole numbers if all classes are.

        Args:
            X: Grey values 0–255, shape (N, pixels), or the path of a CSV.

        Raises:
            DataError: If X is invalid, or has another number of pixels than the training rows.
            CheckpointError: If the checkpoint is damaged or invalid.
            RunError: If no epoch is finished yet.
        """
        labels = np.array([value_of(name) for name in self._models[0].classes])
        return np.asarray(labels[self.predict_proba(X).argmax(axis=1)])

    def predict_proba(self, X: ArrayLike | str | Path) -> NDArray[np.float64]:  # noqa: N803
        """The probability of each digit, shape (N, classes); arguments as in `predict`."""
        pixel_range = self._models[0].config.data.pixel_range
        if isinstance(X, str | os.PathLike):
            rows = read_csv(local(X), pixel_range=pixel_range).as_subset()
        else:
            rows = dataset_from_arrays(X, pixel_range=pixel_range).as_subset()
        return np.asarray(inference.probabilities(self._models, rows, threads=cores()), np.float64)

    def evaluate(
        self,
        X: ArrayLike | str | Path | None = None,  # noqa: N803
        y: ArrayLike | None = None,
    ) -> Evaluation:
        """Compute accuracy, loss and confusion matrix on labelled rows.

        As the last value of a cell, they are shown as `nntrain evaluate` shows them.

        Args:
            X: As in `predict`, but a CSV with labels; None: the validation rows.
            y: The digits, shape (N,), if X is not a CSV.

        Raises:
            DataError, CheckpointError: See `predict`.
            RunError: If no epoch is finished yet, or X is None and there are no validation rows.
        """
        if X is None:
            judged = self._evaluate_held_out()
        else:
            judged = inference.evaluate(self._models, self._labelled(X, y), threads=cores())
        return ShownEvaluation(judged.confusion, judged.loss, judged.loss_name, judged.classes)

    def trace(
        self,
        row: int = 1,
        X: ArrayLike | str | Path | None = None,  # noqa: N803
        y: ArrayLike | None = None,
    ) -> Trace:
        """Follow one row through the network and back, as `nntrain trace` does.

        The result shows the quantities as text, and has them by the lecture's symbols, in float64:
        `run.trace(3)["∂E/∂W_1"]`.

        Args:
            row: The number of the row, counted from 1.
            X: As in `evaluate`; None: the training rows, in the order of their file.
            y: The digits, shape (N,), if X is not a CSV.

        Raises:
            ConfigError: If there is no such row, or `row` is no whole number.
            DataError, CheckpointError: See `predict`.
            RunError: If no epoch is finished yet, or the run is a committee.
        """
        from nntrain.explain.inputs import load_network_and_data, with_digits
        from nntrain.explain.row_trace import trace_row

        if not isinstance(row, int | np.integer):
            raise ConfigError(f"row: must be a whole number, not {row!r}; rows are counted from 1")
        folder = self._single(f"trace({row})")
        if X is not None:
            subject = with_digits(self._models[0], self._labelled(X, y).dataset)
        elif self._data is not None:
            subject = with_digits(self._models[0], self._data[0].dataset)
        else:
            subject = load_network_and_data(folder, None, suitable_reporter())
        return trace_row(subject, row)

    def report(self, path: str | Path | None = None) -> Path:
        """Write an HTML report, as `nntrain report` does.

        Args:
            path: The file; an existing report is replaced. None: report.html in the run's folder.

        Returns:
            The path of the file.

        Raises:
            ConfigError: If another file than a report exists there.
            RunError: If no epoch is finished yet.
            CheckpointError: If a checkpoint is damaged or invalid.
            MissingLibraryError: If Matplotlib, Jinja or Pillow is not installed.
            NNTrainError: If the file cannot be written.
        """
        try:
            from nntrain.report.page import default_place, write_report
        except ModuleNotFoundError as error:
            raise MissingLibraryError(f"reports need {error.name}", "report") from error
        out = default_place([self._folder]) if path is None else Path(local(path))
        reporter = suitable_reporter()
        write_report(out, [self._folder], None, None, reporter, cores(), self._data)
        return out

    def doctor(self) -> Diagnoses:
        """Explain why the run learns badly, as `nntrain doctor` does.

        The result shows the report as text; it is a list of the problems, causes first.

        Raises:
            CheckpointError: If no checkpoint can be trusted.
        """
        from nntrain.explain.doctor import diagnose

        return diagnose(self._folder, suitable_reporter(), cores(), self._data)

    def _single(self, attribute: str) -> RunFolder:
        """The folder of a single network."""
        if self._folder.is_committee():
            raise RunError(
                f"{self._folder}: {len(self._folder.members())} networks; name one, such as "
                f"run.members[0].{attribute}"
            )
        return self._folder

    def _labelled(self, X: ArrayLike | str | Path, y: ArrayLike | None) -> Subset:  # noqa: N803
        config = self._models[0].config
        if isinstance(X, str | os.PathLike):
            return inference.labelled_rows(self._models, local(X), None, suitable_reporter())
        if y is None:
            raise DataError("y: missing; give the digits of X's rows, or a CSV with labels")
        return dataset_from_arrays(X, y, config.class_names, config.data.pixel_range).as_subset()

    def _evaluate_held_out(self) -> Evaluation:
        if self._data is None:
            return evaluate_held_out(self._models, suitable_reporter(), threads=cores())
        if are_all_folds(self._models):
            return out_of_fold(self._models, self._data[0].dataset, threads=cores()).evaluation
        if self._data[1] is None:
            raise RunError(f"{self._folder}: held no rows out; give X and y, or a CSV with labels")
        return inference.evaluate(self._models, self._data[1], threads=cores())

    @cached_property
    def _models(self) -> list[Predictor]:
        return inference.load_models([self._folder])

    def _histories(self) -> dict[str, list[EpochRecord]]:
        return {str(member): member.history() for member in self._folder.members()}
