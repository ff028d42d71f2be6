"""Predictions of trained networks: one run, or several as a committee."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntrain.config import Config, parse_config
from nntrain.config.build import (
    build_augmenter,
    build_network,
    build_rescale,
)
from nntrain.config.layers import build_layers, input_shape
from nntrain.data.batches import one_hot
from nntrain.data.dataset import Dataset, Subset, label_dtype
from nntrain.data.labels import MOST_CLASSES
from nntrain.engine import limit_blas
from nntrain.errors import ConfigError, DataError, RunError
from nntrain.nn import ACTIVATIONS, LOSSES, Network, parameter_count
from nntrain.nn.arrays import Array
from nntrain.randomness import Purpose, generator
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.loop import Distort, outputs_for
from nntrain.training.metrics import Evaluation, confusion_matrix
from nntrain.training.reporter import Reporter
from nntrain.training.rows import digest, read_labelled
from nntrain.training.run import RunFolder, newest_finished
from nntrain.training.run_data import read_run_data


class Predictor:
    """A trained network with its preprocessing.

    Attributes:
        run: The run's folder.
        config: The configuration that it was trained with.
        classes: The label of each output.
        greatest_pixel: The greatest pixel of the training rows; None if it is not known.
        network: The network, with the parameters of the run's best epoch.
        scale: Maps pixels to inputs.
        distorter: The distortions of its training images; None if there were none.
        epoch: The best epoch, counted from 1.
        meta: The checkpoint's metadata.
    """

    def __init__(self, run: RunFolder) -> None:
        """Load the best checkpoint of a run.

        Raises:
            RunError: If the run has not finished an epoch.
            CheckpointError: If the checkpoint is damaged or invalid.
        """
        if not run.best_file.exists():
            raise RunError(
                f"{run}: has not finished an epoch yet; resume with: {run.resume_command}"
            )
        saved = checkpoint.load(run.best_file)
        self.run = run
        self.config, self.network = network_of(saved, run.best_file)
        self.classes = self.config.class_names
        self.epoch = saved.progress.epoch
        self.greatest_pixel = saved.meta.greatest_pixel
        self.scale = build_rescale(self.config)
        self.distorter = build_augmenter(self.config, saved.meta.inputs)
        self.meta = saved.meta

    def outputs(self, rows: Subset, threads: int = 1, distort: Distort | None = None) -> Array:
        """x_L for each row, shape (N, classes).

        Args:
            rows: N images.
            threads: Number of threads; the results do not depend on it.
            distort: Distorts the images first; None: no distortion.

        Raises:
            DataError: If the rows have another number of pixels than the training rows.
        """
        self.check_same_pixels(rows.dataset)
        with limit_blas(1):  # the rows are shared among threads instead
            return outputs_for(self.network, rows, self.scale, threads, distort)

    def check_same_pixels(self, digits: Dataset) -> None:
        """Check the size of images.

        Raises:
            DataError: If the rows have another number of pixels than the training rows.
        """
        inputs, pixels = self.network.widths[0], digits.pixels.shape[1]
        if pixels != inputs:
            raise DataError(
                f"{digits.source}: {pixels} pixels a row, but {self.run} was trained on "
                f"{inputs}; give a CSV of pictures of that size"
            )

    @np.errstate(over="ignore", invalid="ignore")
    def probabilities(self, rows: Subset, distortions: int = 0, threads: int = 1) -> Array:
        """The probability of each class, shape (N, classes), float64.

        Args:
            rows: N images.
            distortions: Number of distorted copies of each image whose predictions are averaged
                with the image's own.
            threads: Number of threads.

        Raises:
            DataError: If the rows have another number of pixels than the training rows.
        """
        meaning = self.config.network[-1].activation, self.config.loss
        total = as_probabilities(self.outputs(rows, threads), *meaning)
        for copy in range(distortions):
            answers = self.outputs(rows, threads, partial(self._distort, copy))
            total += as_probabilities(answers, *meaning)
        return total / (1 + distortions)

    def _distort(self, copy: int, pixels: NDArray[np.uint8], part: int, x: Array) -> None:
        assert self.distorter is not None  # noqa: S101 (for the type checker)
        rng = generator(self.config.seed, Purpose.PREDICTION, copy, part)
        # The digit is unknown, so use the limits of the most limited one.
        labels = np.full(len(pixels), self.distorter.strictest_label, label_dtype(MOST_CLASSES))
        self.distorter.apply(pixels, self.distorter.sample(rng, labels, len(pixels)), x)


def network_of(saved: Checkpoint, path: Path) -> tuple[Config, Network]:
    """The configuration of a checkpoint, and the network that it predicts with.

    Args:
        saved: The checkpoint.
        path: Its path, for error messages.

    Raises:
        CheckpointError: If the parameters are not those of the configured network.
    """
    config = parse_config(saved.meta.config, str(path))
    chosen = "parameters" if config.training.average is None else "average"
    arrays = {"parameters": saved.parameters, **saved.optimizer_state}
    size = parameter_count(input_shape(config, saved.meta.inputs), build_layers(config))
    # Check the size before allocating the network: an invalid file may claim a huge one.
    checkpoint.check_same_arrays(path, arrays, {chosen: ((size,), config.dtype)})
    network = build_network(config, saved.meta.inputs)
    network.parameters[...] = arrays[chosen]
    return config, network


def resolve_runs(folders: Sequence[Path]) -> list[RunFolder]:
    """The runs and committees in these folders; without folders, the one that finished last.

    Raises:
        RunError: If a folder is not a run's, or no run is finished.
    """
    return [RunFolder.open(folder) for folder in folders] or [newest_finished()]


def load_models(runs: Sequence[RunFolder]) -> list[Predictor]:
    """The networks of all these runs and committees, to vote together.

    Raises:
        ConfigError: If a network occurs twice.
        RunError: If a committee is not finished, or a run has not finished an epoch.
        CheckpointError: If a checkpoint is damaged or invalid.
    """
    members = [member for run in runs for member in _ensemble_members(run)]
    folders = [member.folder.resolve() for member in members]
    for member, folder in zip(members, folders, strict=True):
        if folders.count(folder) > 1:
            raise ConfigError(f"{member}: named twice; each member of a committee votes once")
    return [Predictor(member) for member in members]


def _ensemble_members(run: RunFolder) -> list[RunFolder]:
    members = run.members()
    if len(members) > 1 and (unfinished := run.unfinished()):
        raise RunError(
            f"{run}: {len(unfinished)} of its {len(members)} members are not finished yet; "
            f"resume with: {run.resume_command}"
        )
    return members


def held_out_rows(models: Sequence[Predictor], reporter: Reporter) -> Subset:
    """The validation rows of the models.

    Raises:
        RunError: If the models have different validation rows, or none.
        DataError: If the training CSV is invalid or has changed.
    """
    first = models[0]
    for model in models[1:]:
        if model.meta.data_digest != first.meta.data_digest:
            raise RunError(
                f"{first.run} and {model.run} held out different rows; name a CSV with --data"
            )
    training, held_out = read_run_data(
        first.run, first.config, reporter, first.meta.data_digest, "name a CSV with --data"
    )
    if held_out is None:
        raise RunError(f"{first.run}: held no rows out; name a CSV with --data")
    if digest(training, held_out) != first.meta.data_digest:
        raise DataError(
            f"{first.config.data.training_source}: not the rows that {first.run} was trained on "
            "any more; name a CSV with --data"
        )
    return held_out


def labelled_rows(
    models: Sequence[Predictor], path: str, label_column: str | int | None, reporter: Reporter
) -> Subset:
    """The rows of a CSV with labels of the models' classes; arguments as in `read_labelled`.

    Raises:
        DataError: If the CSV is invalid.
    """
    first = models[0]
    return read_labelled(
        first.config, path, label_column, reporter, first.greatest_pixel
    ).as_subset()


def probabilities(
    models: Sequence[Predictor], rows: Subset, distortions: int = 0, threads: int = 1
) -> Array:
    """The probability of each class, shape (N, classes), float64: the mean over the models.

    Args:
        models: At least one.
        rows: N images.
        distortions: Number of distorted copies of each image whose predictions are averaged, too.
        threads: Number of threads.

    Raises:
        DataError: If the models have different classes, or the rows another number of pixels.
        ConfigError: If `distortions` > 0, but a model was trained without distortions.
    """
    check_same_classes(models)
    for model in models:
        if distortions and model.distorter is None:
            raise ConfigError(
                f"{model.run}: was trained without data.distortion, which says how far images may "
                "be distorted; leave out --distortions"
            )
    total = sum(model.probabilities(rows, distortions, threads) for model in models)
    return np.asarray(total / len(models))


def check_same_classes(models: Sequence[Predictor]) -> None:
    """Check that models can vote together.

    Raises:
        DataError: If they have different classes.
    """
    if len({model.classes for model in models}) > 1:
        raise DataError("the runs were trained on different classes; name alike ones")


@np.errstate(over="ignore", invalid="ignore")
def as_probabilities(outputs: Array, activation: str, loss: str) -> Array:
    """Convert outputs to probabilities, shape (N, classes), float64, without changing the argmax.

    Outputs of softmax are probabilities already. Outputs trained towards 0 and 1 (sigmoid, or
    squared error) are clipped at 0 and divided by their sum; if no output of a row is positive, its
    least output is subtracted first. To all others, softmax is applied.

    Args:
        outputs: x_L, shape (N, classes).
        activation: The last layer's activation.
        loss: The loss that the network was trained with.
    """
    shares: Array = outputs.astype(np.float64)
    if activation == "sigmoid" or loss == "squared_error":
        least = shares.min(axis=1, keepdims=True)
        shares -= np.where(shares.max(axis=1, keepdims=True) > 0, 0, least)
        np.maximum(shares, 0, out=shares)
        shares += np.finfo(np.float32).tiny  # a row may be all zeros
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))
    if activation != "softmax":
        ACTIVATIONS["softmax"].forward(shares, shares)
    return shares


@np.errstate(over="ignore", invalid="ignore")
def evaluate(
    models: Sequence[Predictor], rows: Subset, distortions: int = 0, threads: int = 1
) -> Evaluation:
    """Evaluate a run or a committee on labelled rows.

    The loss is the one that a single run was trained with, and cross-entropy for averaged
    predictions.

    Args:
        models: At least one.
        rows: Rows with labels.
        distortions: Number of distorted copies of each image; see `probabilities`.
        threads: Number of threads.
    """
    if len(models) == 1 and not distortions:
        outputs, loss_name = models[0].outputs(rows, threads), models[0].config.loss
    else:
        outputs = probabilities(models, rows, distortions, threads)
        loss_name = "cross_entropy"
    return evaluation_of(outputs, rows, models[0].classes, loss_name)


def evaluation_of(
    outputs: Array, rows: Subset, classes: tuple[str, ...], loss_name: str = "cross_entropy"
) -> Evaluation:
    """Evaluate the outputs or probabilities of labelled rows, shape (N, classes)."""
    targets = one_hot(len(classes), outputs.dtype.name)[rows.labels]
    return Evaluation(
        confusion=confusion_matrix(rows.labels, outputs.argmax(axis=1), len(classes)),
        loss=LOSSES[loss_name].value(outputs, targets),
        loss_name=loss_name,
        classes=classes,
    )
