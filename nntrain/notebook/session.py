"""The Python interface: `fit` trains a `Run`, `load` loads one."""

import json
import os
import signal
from collections.abc import Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.config import Config, FileFinder, load_config, make_config, parse_config
from nntrain.config.finder import CSVS
from nntrain.data.dataset import Subset
from nntrain.data.from_arrays import dataset_from_arrays
from nntrain.data.kaggle import read_csv
from nntrain.data.labels import value_of
from nntrain.errors import ChangedError, ConfigError, DataError, RunError
from nntrain.notebook.curves import curves, table
from nntrain.notebook.reporter import suitable_reporter
from nntrain.paths import expand, url_problem
from nntrain.training import committee, inference
from nntrain.training.committee import CommitteeOutcome
from nntrain.training.fit import Outcome
from nntrain.training.inference import Predictor
from nntrain.training.initial_weights import InitialWeights, can_begin_with, weights_from
from nntrain.training.metrics import Evaluation
from nntrain.training.origin import RunName
from nntrain.training.progress import EpochRecord, is_finished, summary
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split, split
from nntrain.training.run import RUNS, RunFolder, find_run, name_for
from nntrain.training.threads import cores
from nntrain.training.weight_files import is_weight_file

Text: TypeAlias = str | os.PathLike[str]

NAME = RunName("notebook", None)  # of runs whose configuration is not a file
ARRAYS = "arrays given to nntrain.fit"


def fit(
    config: Text | Mapping[str, Any] | Config,
    X: ArrayLike | None = None,  # noqa: N803
    y: ArrayLike | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    run: Text | None = None,
    resume: bool = False,
    init: "Text | Run | None" = None,
    threads: int | None = None,
) -> "Run":
    """Train a network, as `nntrain fit` does.

    Args:
        config: The path of a YAML file; or its text, of several lines; or a mapping with its keys.
        X: The training rows, if they are not to be read from `data.train`: grey values 0–255,
            shape (N, pixels). Some are used for validation, as `data.validation` says.
        y: Their digits, shape (N,).
        overrides: Values that override the configuration, by dotted key, such as
            `{"training.epochs": 3}`.
        run: The run's folder; None: the next of runs/<name of the file>, or of runs/notebook.
        resume: Continue the run in that folder, or the newest one, where it was stopped.
        init: The run whose best weights the training begins with, as for `load`, or an `.npz` or
            `.safetensors` file with weights; None: they are drawn from the seed.
        threads: Number of threads; None: one per core.

    Raises:
        ConfigError: If the configuration is invalid, or the layers of `init` are of other shapes.
        DataError: If the rows are invalid.
        RunError: If the folder exists, or with `resume` does not.
        DivergenceError: If the loss is no longer finite.
        NNTrainError: If a file cannot be written.
        KeyboardInterrupt: If the training was interrupted; it is saved and can be resumed.
    """
    given = X is not None or y is not None
    asked = dict(overrides or {}) | ({"data.train": ARRAYS} if given else {})
    reporter = suitable_reporter()
    needed = () if resume else ("validation",) if given else CSVS
    complete, name = _complete(config, asked, FileFinder(reporter.log, needed))
    data: Split | None = None
    if given:
        if X is None or y is None:
            raise DataError("X and y: one is missing; give rows and their digits, or neither")
        digits = dataset_from_arrays(X, y, complete.data.classes, complete.data.pixel_range)
        data = split(complete, digits, reporter)
    folder = None if run is None else Path(_local(run))
    arguments = (complete, folder, name, reporter, threads or cores(), data)
    if resume:
        outcome = _resume(*arguments, init)
    else:
        outcome = committee.start(*arguments, _weights(init, complete))
    again = f"run={str(outcome.run)!r}, resume=True{', init=None' * (init is not None)}"
    if outcome.larger:
        raised, keys = {**(overrides or {}), **outcome.larger}, " and ".join(outcome.larger)
        reporter.log(f"to go on, raise {keys}: the same call with overrides={raised}, {again}")
    if outcome.signal is not None:
        reporter.log(f"interrupted and saved; resume with the same call and {again}")
        signal.raise_signal(outcome.signal)
    return Run(outcome.run, data)


def _weights(init: "Text | Run | None", config: Config) -> list[InitialWeights]:
    if init is None:
        return []
    source = init.folder if isinstance(init, Run) else Path(_local(init))
    if not isinstance(init, Run) and not is_weight_file(source):
        source = load(init).folder
    return weights_from(source, config.members)


def _resume(
    config: Config,
    folder: Path | None,
    name: RunName,
    reporter: Reporter,
    threads: int,
    data: Split | None,
    init: "Text | Run | None",
) -> Outcome | CommitteeOutcome:
    """Resume a run; errors say the call that begins a new one instead."""
    if init is not None:
        raise ConfigError(
            "init begins a new run, but resume continues one; leave out resume to begin, or init "
            "to continue"
        )
    try:
        return committee.resume(config, folder, name, reporter, threads, data)
    except ChangedError as error:
        old = find_run(config, folder, name)
        inputs = data[0].dataset.pixels.shape[1] if data else None
        hint = "or begin a new run by the same call without run and resume"
        if can_begin_with(old, config, inputs):
            hint = f"{hint}, with its weights by init={str(old)!r}"
        raise error.with_hint(hint) from error


def load(run: Text) -> "Run":
    """Load a run that was trained before, here or by `nntrain fit`.

    Args:
        run: The folder, or the name: "quick" for runs/quick.

    Raises:
        RunError: If there is no such run.
    """
    folder, named = Path(_local(run)), RUNS / run
    return Run(RunFolder.open(named if not folder.exists() and named.exists() else folder))


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

    def predict(self, X: ArrayLike | Text) -> NDArray[np.intp] | NDArray[np.str_]:  # noqa: N803
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

    def predict_proba(self, X: ArrayLike | Text) -> NDArray[np.float64]:  # noqa: N803
        """The probability of each digit, shape (N, classes); arguments as in `predict`."""
        pixel_range = self._models[0].config.data.pixel_range
        if isinstance(X, str | os.PathLike):
            rows = read_csv(_local(X), pixel_range=pixel_range).as_subset()
        else:
            rows = dataset_from_arrays(X, pixel_range=pixel_range).as_subset()
        return np.asarray(inference.probabilities(self._models, rows, threads=cores()), np.float64)

    def evaluate(
        self,
        X: ArrayLike | Text | None = None,  # noqa: N803
        y: ArrayLike | None = None,
    ) -> Evaluation:
        """Compute accuracy, loss and confusion matrix on labelled rows.

        Args:
            X: As in `predict`, but a CSV with labels; None: the validation rows.
            y: The digits, shape (N,), if X is not a CSV.

        Raises:
            DataError, CheckpointError: See `predict`.
            RunError: If no epoch is finished yet, or X is None and there are no validation rows.
        """
        return inference.evaluate(self._models, self._labelled(X, y), threads=cores())

    def _labelled(self, X: ArrayLike | Text | None, y: ArrayLike | None) -> Subset:  # noqa: N803
        config = self._models[0].config
        if X is None:
            return self._held_out()
        if isinstance(X, str | os.PathLike):
            return inference.labelled_rows(self._models, _local(X), None, suitable_reporter())
        if y is None:
            raise DataError("y: missing; give the digits of X's rows, or a CSV with labels")
        return dataset_from_arrays(X, y, config.class_names, config.data.pixel_range).as_subset()

    def _held_out(self) -> Subset:
        if self._data is None:
            return inference.held_out_rows(self._models, suitable_reporter())
        if self._data[1] is None:
            raise RunError(f"{self._folder}: held no rows out; give X and y, or a CSV with labels")
        return self._data[1]

    @cached_property
    def _models(self) -> list[Predictor]:
        return inference.load_models([self._folder])

    def _histories(self) -> dict[str, list[EpochRecord]]:
        return {str(member): member.history() for member in self._folder.members()}


def _complete(
    config: Text | Mapping[str, Any] | Config, overrides: Mapping[str, Any], finder: FileFinder
) -> tuple[Config, RunName]:
    """The configuration with the overrides, and the name of its runs."""
    assignments = [f"{key}={_as_yaml(value)}" for key, value in overrides.items()]
    match config:
        case Config():
            return make_config(config.model_dump(), "config", assignments, finder), NAME
        case str() if "\n" in config:
            return parse_config(config, "config", assignments, finder), NAME
        case str() | os.PathLike():
            path = _local(config)
            return load_config(path, assignments, finder), name_for(Path(path))
    return make_config(config, "config", assignments, finder), NAME


def _local(path: Text) -> str:
    """Expand ~ and $NAME in a path.

    Raises:
        ConfigError: If it is a URL.
    """
    expanded = expand(os.fspath(path))
    if problem := url_problem(expanded):
        raise ConfigError(f"{expanded}: {problem}")
    return expanded


def _as_yaml(value: object) -> str:
    """A value as JSON, which is also YAML."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
