"""The teacher of a run: finished networks whose probabilities are its targets.

A run keeps a copy of the teacher's weights in its folder, so it can be resumed without the
teacher's runs.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nntrain.config import Config
from nntrain.config.build import build_distillation, build_rescale
from nntrain.config.schema import TeacherConfig
from nntrain.engine import Distillation
from nntrain.errors import CheckpointError, DataError, RunError
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.shell import command_line
from nntrain.training import checkpoint
from nntrain.training.inference import (
    Predictor,
    as_probabilities,
    check_same_classes,
    load_models,
    network_of,
)
from nntrain.training.initial_weights import InitialWeights, checkpoint_of_weights
from nntrain.training.loop import bounded_predict
from nntrain.training.progress import summary
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from nntrain.training.weight_files import named_arrays


class TaughtBy(NamedTuple):
    """One network of a teacher.

    Attributes:
        source: The name of the run that it is from.
        config: The configuration that it was trained with.
        network: With the weights that it predicts with.
        model: The finished run; None if the network is from a copy.
    """

    source: str
    config: Config
    network: Network
    model: Predictor | None = None


class Teacher:
    """The networks that teach another one, and how.

    Attributes:
        networks: The networks; each counts the same.
        distillation: Temperature and weight.
    """

    def __init__(self, networks: Sequence[TaughtBy], distillation: Distillation) -> None:
        self.networks = networks
        self.distillation = distillation
        self._scales = [build_rescale(taught_by.config) for taught_by in networks]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the networks' weights; not of configurations, to which versions add keys."""
        total = hashlib.sha256()
        for taught_by in self.networks:
            total.update(taught_by.network.parameters.tobytes())
        return total.hexdigest()

    def check_fits(self, inputs: int, config: Config) -> None:
        """Check that a network of n_0 = `inputs` pixels and this configuration can be taught.

        Raises:
            DataError: If pictures or classes of the teacher are others.
        """
        for source, own, network, _ in self.networks:
            if network.widths[0] != inputs:
                raise DataError(
                    f"training.teacher.runs: {source} was trained on {network.widths[0]} pixels a "
                    f"row, but the training rows have {inputs}; name runs of the same pictures"
                )
            if own.class_names != config.class_names:
                raise DataError(
                    f"training.teacher.runs: {source} was trained on other classes than those of "
                    f"{config.data.training_source}; name runs of the same classes"
                )

    @np.errstate(over="ignore", invalid="ignore")
    def teach(self, images: Array, y: Array) -> None:
        """Replace targets by those of `Distillation.targets`.

        The result depends on the batch only, so that training can be resumed at any batch.

        Args:
            images: Grey values from 0 to 255 of one batch, shape (B, P).
            y: Targets from the labels, shape (B, n_L); overwritten.
        """
        q = np.zeros(y.shape)
        for (_, config, network, _), scale in zip(self.networks, self._scales, strict=True):
            x = np.empty(images.shape, network.parameters.dtype)
            scale.apply(images, x)
            outputs = bounded_predict(network, x)
            q += as_probabilities(outputs, config.network[-1].activation, config.loss)
        y[...] = self.distillation.targets(y, q / len(self.networks))


def find_teacher(config: Config) -> Teacher | None:
    """The teacher that a configuration names; None if it names none.

    Raises:
        RunError: If a folder is not a run's, or the run is not finished.
        CheckpointError: If a checkpoint is damaged or invalid.
        ConfigError, DataError: If a network is named twice, or the runs have different classes.
    """
    if config.training.teacher is None:
        return None
    runs = [_open(Path(path)) for path in config.training.teacher.runs]
    models = load_models(runs)
    check_same_classes(models)
    networks = [TaughtBy(str(model.run), model.config, model.network, model) for model in models]
    return Teacher(networks, build_distillation(config.training.teacher))


def _open(folder: Path) -> RunFolder:
    """Open a finished run."""
    key = "training.teacher.runs"
    if not folder.exists():
        own = Path("configs") / f"{folder.name}.yaml"
        command = command_line("nntrain", "fit", own if own.exists() else "CONFIG")
        raise RunError(f"{key}: {folder}: no such folder; train the teacher first: {command}")
    try:
        run = RunFolder.open(folder)
    except RunError as error:
        raise RunError(f"{key}: {error}") from None
    if run.unfinished():
        resume = run.resume_command
        raise RunError(f"{key}: {run}: is not finished and cannot teach; resume with: {resume}")
    return run


def log_teacher(teacher: Teacher, validated: str | None, reporter: Reporter) -> None:
    """Log each network that teaches, its result and the time of its training.

    Args:
        teacher: From `find_teacher`.
        validated: The digest of training and validation rows; None without validation rows.
        reporter: Logs a warning, too, if the teacher was trained on other rows.
    """
    for source, _, _, model in teacher.networks:
        if model is None:
            continue
        history = model.run.history()
        minutes = sum(record.seconds for record in history) / 60
        reporter.log(f"taught by {source}: {summary(history, None)}; trained in {minutes:.1f} min")
        if validated not in (None, model.meta.data_digest):
            reporter.log(
                f"warning: {source} was trained on other rows; if it has seen the validation rows, "
                "their accuracy is too good"
            )


def keep_teacher(run: RunFolder, teacher: Teacher | None) -> None:
    """Save the teacher's networks in the folder of a run, unless they are there.

    Raises:
        NNTrainError: If a file cannot be written.
    """
    if teacher is None or keeps_teacher(run):
        return
    # The first one last, as a mark that all are there.
    for number, (source, config, network, _) in reversed([*enumerate(teacher.networks, 1)]):
        weights = InitialWeights(source, named_arrays(network))
        saved = checkpoint_of_weights(weights, config, network.widths[0])
        checkpoint.save(run.teacher_file(number), saved)


def teacher_of(
    run: RunFolder, config: Config, digest: str | None, other: Teacher | None = None
) -> Teacher | None:
    """The teacher that a run keeps; else another one, or the one that its configuration names.

    Args:
        run: The run.
        config: Its configuration.
        digest: The teacher's digest in the run's checkpoint; None without a checkpoint.
        other: The teacher if the run keeps none; None: the one that its configuration names.

    Raises:
        CheckpointError: If a file is damaged or invalid, or is not the one of the checkpoint.
        RunError, ConfigError, DataError: See `find_teacher`.
    """
    if config.training.teacher is None:
        return None
    kept = _kept_teacher(run, config.training.teacher) if keeps_teacher(run) else None
    teacher = kept or other or find_teacher(config)
    if teacher is None or digest not in (None, teacher.digest):
        raise CheckpointError(
            f"{run.teacher_file(1)}: missing, or not the teacher that {run} has learnt from; "
            "restore it from a backup"
        )
    return teacher


def teacher_of_members(members: Sequence[RunFolder], config: Config) -> Teacher | None:
    """The teacher that the first members keep, for those that begin later; else the named one.

    Raises:
        CheckpointError, RunError, ConfigError, DataError: See `teacher_of`.
    """
    first = next((member for member in members if keeps_teacher(member)), members[0])
    return teacher_of(first, config, None)


def keeps_teacher(run: RunFolder) -> bool:
    """Whether a run has all its teacher's networks in its folder."""
    return run.teacher_file(1).exists()  # written last


def _kept_teacher(run: RunFolder, config: TeacherConfig) -> Teacher:
    networks = []
    for file in run.teacher_files():
        saved = checkpoint.load(file)
        networks.append(TaughtBy(saved.meta.init, *network_of(saved, file)))
    return Teacher(networks, build_distillation(config))
