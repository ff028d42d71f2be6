"""What is explained: the network of a configuration before training, or that of a run after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nntrain.config import Config, load_config
from nntrain.config.build import build_network, build_rescale, initial_network
from nntrain.data.batches import one_hot
from nntrain.data.dataset import Dataset
from nntrain.errors import ConfigError, RunError, did_you_mean
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.training.inference import Predictor
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_labelled
from nntrain.training.run import RunFolder


class NetworkAndData(NamedTuple):
    """A network and the digits that are shown to it.

    Attributes:
        config: What it is trained with.
        network: In float64, whatever its training computes in, with the very same parameters.
        digits: With labels.
    """

    config: Config
    network: Network
    digits: Dataset

    def rows(self, first: int, count: int = 1) -> tuple[Array, Array]:
        """Inputs x_0, shape (count, n_0), and targets y, shape (count, n_L), as training has them.

        Args:
            first: The first row's number, counted from 1.
            count: How many rows.

        Raises:
            ConfigError: There are not so many.
        """
        last = first + count - 1
        if last > len(self.digits):
            raise ConfigError(
                f"{self.digits.source}: has no row {last}; its rows are 1 to {len(self.digits):,}"
            )
        rows = slice(first - 1, last)
        selection = self.digits.as_subset()
        pixels = np.empty((count, self.network.widths[0]), np.uint8)
        selection.take(rows, pixels)
        x: Array = np.empty(pixels.shape, np.float64)
        build_rescale(self.config).apply(pixels, x)
        smoothing = self.config.training.label_smoothing
        targets = one_hot(self.network.widths[-1], "float64", smoothing)
        return x, targets[selection.labels[rows]]


def resolve_source(path: Path, overrides: Sequence[str] = ()) -> Config | RunFolder:
    """What a path on the command line names: a configuration's file, or a run's folder.

    Raises:
        ConfigError: The configuration asks for what cannot be, or a run's should be overridden.
        RunError: It is neither.
    """
    if path.is_dir():
        run = RunFolder.open(path)
        if overrides:
            raise ConfigError(f"{path}: a run stays as it was trained; --set is for a CONFIG")
        return run
    if path.exists() or path.suffix in (".yaml", ".yml"):
        return load_config(path, overrides)
    near = [*path.parent.glob("*.y*ml"), *(f.parent for f in path.parent.glob("*/config.yaml"))]
    mend = did_you_mean(str(path), [*map(str, near)], "name a YAML file or the folder of a run")
    raise RunError(f"{path}: no such file or folder; {mend}")


def subject(source: Config | RunFolder, csv: str | None, reporter: Reporter) -> NetworkAndData:
    """The network that a configuration begins with, or that of a run's best epoch.

    A committee's configuration begins with its first member.

    Args:
        source: What `resolve_source` gives.
        csv: The digits; None: those that it is trained on.
        reporter: Is told what was read.

    Raises:
        RunError: The run is a committee, or has not finished an epoch.
        CheckpointError: Its checkpoint cannot be trusted.
        DataError: The CSV does not hold what it should.
    """
    if isinstance(source, Config):
        digits = _read(source, csv, reporter)
        config, network = source, initial_network(source, digits.pixels.shape[1])
    else:
        if source.is_committee():
            members = source.members()
            raise RunError(
                f"{source}: a committee of {len(members)} networks; name one, such as {members[0]}"
            )
        model = Predictor(source)
        config, network = model.config, model.network
        digits = _read(config, csv, reporter)
        model.check_same_pixels(digits)
    exact = build_network(config.model_copy(update={"dtype": "float64"}), network.widths[0])
    exact.parameters[...] = network.parameters
    return NetworkAndData(config, exact, digits)


def _read(config: Config, csv: str | None, reporter: Reporter) -> Dataset:
    data = config.data
    return read_labelled(csv or data.train, data.classes, data.label_column, reporter)
