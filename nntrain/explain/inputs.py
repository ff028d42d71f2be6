"""The network to explain: that of a configuration before training, or of a run after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nntrain.config import Config, FileFinder, load_config
from nntrain.config.build import build_network, build_rescale, initial_network
from nntrain.data.batches import one_hot
from nntrain.data.dataset import Dataset
from nntrain.errors import ConfigError, RunError, did_you_mean
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.training.inference import Predictor
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_first, read_labelled
from nntrain.training.run import RunFolder
from nntrain.training.run_data import read_run_data


class NetworkAndData(NamedTuple):
    """A network and the digits to show it.

    Attributes:
        config: Its configuration.
        network: A float64 copy of it.
        digits: Labelled digits.
    """

    config: Config
    network: Network
    digits: Dataset

    def rows(self, first: int, count: int = 1) -> tuple[Array, Array]:
        """Inputs x_0, shape (count, n_0), and targets y, shape (count, n_L), as in training.

        Args:
            first: Number of the first row, counted from 1.
            count: Number of rows.

        Raises:
            ConfigError: If the digits have no row `first` or `first + count - 1`.
        """
        last = first + count - 1
        if missing := [row for row in (first, last) if not 1 <= row <= len(self.digits)]:
            raise ConfigError(
                f"{self.digits.source}: has no row {missing[0]}; its rows are 1 to "
                f"{len(self.digits):,}"
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

    def labels(self, row: int, x: Array) -> tuple[str, str]:
        """The label of a row, counted from 1, and the network's answer to its inputs."""
        truth = self.digits.as_subset().labels[row - 1]
        return self.digits.classes[truth], self.digits.classes[self.network.predict(x)[0].argmax()]


def resolve_source(
    path: Path, overrides: Sequence[str] = (), finder: FileFinder | None = None
) -> Config | RunFolder:
    """The configuration or the run that a path on the command line names.

    Args:
        path: The path.
        overrides: See `load_config`.
        finder: See `load_config`.

    Raises:
        ConfigError: If the configuration is invalid, or there are overrides for a run.
        RunError: If the path is neither.
    """
    if path.is_dir():
        run = RunFolder.open(path)
        if overrides:
            raise ConfigError(f"{path}: a run stays as it was trained; --set is for a CONFIG")
        return run
    if path.exists() or path.suffix in (".yaml", ".yml"):
        return load_config(path, overrides, finder)
    others = [*path.parent.glob("*.y*ml"), *(f.parent for f in path.parent.glob("*/config.yaml"))]
    hint = did_you_mean(str(path), [*map(str, others)], "name a YAML file or the folder of a run")
    raise RunError(f"{path}: no such file or folder; {hint}")


def load_network_and_data(
    source: Config | RunFolder, csv: str | None, reporter: Reporter
) -> NetworkAndData:
    """The initial network of a configuration, or that of a run's best epoch.

    For a committee's configuration it is that of the first member.

    Args:
        source: The result of `resolve_source`.
        csv: The digits; None for the training rows.
        reporter: Receives notices about what was read.

    Raises:
        RunError: If the run is a committee, or has not finished an epoch.
        CheckpointError: If its checkpoint cannot be trusted.
        DataError: If the CSV is invalid.
    """
    if isinstance(source, Config):
        config, digits = read_first(source, csv, reporter)
        network = initial_network(config, digits.pixels.shape[1])
    else:
        if source.is_committee():
            members = source.members()
            raise RunError(f"{source}: {len(members)} networks; name one, such as {members[0]}")
        model = Predictor(source)
        label_column = model.config.data.label_column
        digits = (
            read_labelled(model.config, csv, label_column, reporter)
            if csv
            else _own_digits(model, reporter)
        )
        return with_digits(model, digits)
    return _exact(config, network, digits)


def with_digits(model: Predictor, digits: Dataset) -> NetworkAndData:
    """The network of a run, and digits to show it.

    Raises:
        DataError: If the digits have another number of pixels than its training rows.
    """
    model.check_same_pixels(digits)
    return _exact(model.config, model.network, digits)


def _exact(config: Config, network: Network, digits: Dataset) -> NetworkAndData:
    exact = build_network(config.model_copy(update={"dtype": "float64"}), network.widths[0])
    exact.parameters[...] = network.parameters
    return NetworkAndData(config, exact, digits)


def _own_digits(model: Predictor, reporter: Reporter) -> Dataset:
    """The rows of `data.train` of a run."""
    rows, _ = read_run_data(
        model.run, model.config, reporter, model.meta.data_digest, "name a CSV with --data"
    )
    return rows.dataset
