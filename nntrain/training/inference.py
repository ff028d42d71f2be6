"""What trained networks say about digits: one run, or several as a committee."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nntrain.config import parse_config
from nntrain.config.build import (
    build_augmenter,
    build_layers,
    build_network,
    build_rescale,
)
from nntrain.data.batches import one_hot
from nntrain.data.dataset import Dataset, Subset
from nntrain.errors import ConfigError, DataError, RunError
from nntrain.nn import ACTIVATIONS, LOSSES, parameter_count
from nntrain.nn.arrays import Array
from nntrain.randomness import Purpose, generator
from nntrain.training import checkpoint
from nntrain.training.loop import Distort, outputs_for
from nntrain.training.metrics import Evaluation, confusion_matrix
from nntrain.training.reporter import Reporter
from nntrain.training.rows import digest, read_data
from nntrain.training.run import RunFolder, newest_finished


class Predictor:
    """A trained network, with all that it takes to ask it.

    Attributes:
        config: What it was trained with.
        network: Its parameters are those of the run's best epoch.
        scale: From pixels to inputs.
        distorter: What distorted its training images, if anything did.
    """

    def __init__(self, run: RunFolder) -> None:
        """Load the best checkpoint of a run.

        Raises:
            RunError: There is none yet.
            CheckpointError: It cannot be trusted.
        """
        if not run.best_file.exists():
            raise RunError(
                f"{run}: has not finished an epoch yet; go on with '{run.resume_command}'"
            )
        saved = checkpoint.load(run.best_file)
        self.run = run
        self.config = parse_config(saved.meta.config, str(run.best_file))
        chosen = "parameters" if self.config.training.average is None else "average"
        arrays = {"parameters": saved.parameters, **saved.optimizer_state}
        size = parameter_count((saved.meta.inputs,), build_layers(self.config))
        # Before a network is made, which a file that lies might make as large as it likes.
        checkpoint.check_same_arrays(run.best_file, arrays, {chosen: ((size,), self.config.dtype)})
        self.network = build_network(self.config, saved.meta.inputs)
        self.network.parameters[...] = arrays[chosen]
        self.scale = build_rescale(self.config)
        self.distorter = build_augmenter(self.config, saved.meta.inputs)
        self.data_digest = saved.meta.data_digest

    def outputs(self, rows: Subset, threads: int = 1, distort: Distort | None = None) -> Array:
        """x_L for each row, shape (N, classes).

        Args:
            rows: N images.
            threads: How many share them; the answers do not depend on it.
            distort: Distorts the images first; None: they are shown as they are.

        Raises:
            DataError: The rows have another number of pixels.
        """
        self.check_same_pixels(rows.dataset)
        with threadpool_limits(1, "blas"):  # a thread has rows of its own instead
            return outputs_for(self.network, rows, self.scale, threads, distort)

    def check_same_pixels(self, digits: Dataset) -> None:
        """Images must be as large as those that the network was trained on.

        Raises:
            DataError: They are not.
        """
        inputs, pixels = self.network.widths[0], digits.pixels.shape[1]
        if pixels != inputs:
            raise DataError(
                f"{digits.source}: {pixels} pixels a row, but {self.run} was trained on "
                f"{inputs}; give a CSV of pictures of that size"
            )

    def probabilities(self, rows: Subset, distortions: int = 0, threads: int = 1) -> Array:
        """The probability of each class, shape (N, classes), float64.

        Args:
            rows: N images.
            distortions: How many distorted copies of each image are asked for, besides the image
                itself; the mean of all answers counts.
            threads: As in `outputs`.

        Raises:
            DataError: The rows have another number of pixels.
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
        # Which digit it is remains to be said, so none goes further than the most limited one.
        labels = np.full(len(pixels), self.distorter.strictest_label, np.uint8)
        self.distorter.apply(pixels, self.distorter.sample(rng, labels, len(pixels)), x)


def resolve_runs(folders: Sequence[Path]) -> list[RunFolder]:
    """The runs and committees in these folders; without any, the one that was finished last.

    Raises:
        RunError: A folder is not that of a run, or no run is finished.
    """
    return [RunFolder.open(folder) for folder in folders] or [newest_finished()]


def load_models(runs: Sequence[RunFolder]) -> list[Predictor]:
    """The networks of all these runs and committees, which vote together.

    Raises:
        ConfigError: A network would vote twice.
        RunError: A committee is not finished, or a run has not finished an epoch.
        CheckpointError: A checkpoint cannot be trusted.
    """
    members = [member for run in runs for member in _ensemble_members(run)]
    places = [member.folder.resolve() for member in members]
    for member, place in zip(members, places, strict=True):
        if places.count(place) > 1:
            raise ConfigError(f"{member}: named twice; each member of a committee votes once")
    return [Predictor(member) for member in members]


def _ensemble_members(run: RunFolder) -> list[RunFolder]:
    members = run.members()
    if len(members) > 1 and (unfinished := run.unfinished()):
        raise RunError(
            f"{run}: {len(unfinished)} of its {len(members)} members are not finished yet; "
            f"go on with '{run.resume_command}'"
        )
    return members


def held_out_rows(models: Sequence[Predictor], reporter: Reporter) -> Subset:
    """The validation rows that all the models have in common.

    Raises:
        RunError: They held out different rows, or none.
        DataError: The CSV that they were trained on does not hold what it should.
    """
    first = models[0]
    for model in models[1:]:
        if model.data_digest != first.data_digest:
            raise RunError(
                f"{first.run} and {model.run} held out different rows; name a CSV with --data"
            )
    training, held_out = read_data(first.config, reporter)
    if held_out is None:
        raise RunError(f"{first.run}: held no rows out; name a CSV with --data")
    if digest(training, held_out) != first.data_digest:
        raise DataError(
            f"{first.config.data.train}: not the rows that {first.run} was trained on any more; "
            "name a CSV with --data"
        )
    return held_out


def probabilities(
    models: Sequence[Predictor], rows: Subset, distortions: int = 0, threads: int = 1
) -> Array:
    """The committee's probability of each class, shape (N, classes), float64: the members' mean.

    Args:
        models: At least one.
        rows: N images.
        distortions: How many distorted copies each member is asked, too.
        threads: How many share the rows.

    Raises:
        DataError: The members do not know the same classes, or the rows have other pixels.
        ConfigError: A member was trained without distortions, but there should be some.
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
    """Those that vote together must know the same classes.

    Raises:
        DataError: They do not.
    """
    if len({model.network.widths[-1] for model in models}) > 1:
        raise DataError("the runs were trained on different numbers of classes; name alike ones")


def as_probabilities(outputs: Array, activation: str, loss: str) -> Array:
    """Outputs as shares of 1, shape (N, classes), float64; the greatest output stays the greatest.

    A softmax gives probabilities already. What was trained towards 0 and 1 is divided by its sum,
    after what lies below 0 was moved there; where nothing lies above, the least becomes 0. Of
    anything else a softmax is taken.

    Args:
        outputs: x_L, shape (N, classes).
        activation: The last layer's.
        loss: What the network was trained to lower.
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


def evaluate(
    models: Sequence[Predictor], rows: Subset, distortions: int = 0, threads: int = 1
) -> Evaluation:
    """Hold the answers of a run, or of a committee, against the labels.

    A single run is judged by the error it was trained to lower, means of answers by cross-entropy.

    Args:
        models: At least one.
        rows: With labels.
        distortions: As in `probabilities`.
        threads: Likewise.
    """
    if len(models) == 1 and not distortions:
        outputs, loss_name = models[0].outputs(rows, threads), models[0].config.loss
    else:
        outputs = probabilities(models, rows, distortions, threads)
        loss_name = "cross_entropy"
    classes = outputs.shape[1]
    targets = one_hot(classes, outputs.dtype.name)[rows.labels]
    return Evaluation(
        confusion=confusion_matrix(rows.labels, outputs.argmax(axis=1), classes),
        loss=LOSSES[loss_name].value(outputs, targets),
        loss_name=loss_name,
    )
