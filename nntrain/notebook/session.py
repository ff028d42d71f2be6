"""The Python interface: `fit` trains a `Run`, `load` loads one."""

from __future__ import annotations  # so that help() shows the types as they are written here

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from nntrain.config import Config, FileFinder
from nntrain.config.finder import CSVS
from nntrain.data.from_arrays import dataset_from_arrays
from nntrain.errors import ChangedError, ConfigError, DataError
from nntrain.notebook.arguments import complete_config, local
from nntrain.notebook.reporter import suitable_reporter
from nntrain.notebook.run import Run
from nntrain.training import committee
from nntrain.training.committee import CommitteeOutcome
from nntrain.training.fit import Outcome
from nntrain.training.initial_weights import InitialWeights, can_begin_with, weights_from
from nntrain.training.logs import Callback, with_logs
from nntrain.training.origin import RunName
from nntrain.training.reporter import QuietReporter, Reporter
from nntrain.training.rows import Split, split
from nntrain.training.run import RUNS, RunFolder, find_run
from nntrain.training.threads import cores
from nntrain.training.weight_files import is_weight_file

ARRAYS = "arrays given to nntrain.fit"


def fit(
    config: str | Path | Mapping[str, Any] | Config,
    X: ArrayLike | None = None,  # noqa: N803
    y: ArrayLike | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    run: str | Path | None = None,
    resume: bool = False,
    init: str | Path | Run | None = None,
    threads: int | None = None,
    callbacks: Sequence[Callback] = (),
    log: str | Sequence[str] = (),
    quiet: bool = False,
) -> Run:
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
        callbacks: Called with the record of each epoch after it has been saved, member by member.
            What one raises ends the training, which can be resumed, and is raised here unchanged.
            A `nntrain.training.reporter.Reporter` is told more, such as the run of each member.
        log: Logs to write: "jsonl", "tensorboard", or both.
        quiet: Show warnings only.

    Raises:
        ConfigError: If the configuration is invalid, or the layers of `init` are of other shapes.
        DataError: If the rows are invalid.
        RunError: If the folder exists, or with `resume` does not.
        DivergenceError: If the loss is no longer finite.
        NNTrainError: If a file cannot be written, or the library of a log is not installed.
        KeyboardInterrupt: If the training was interrupted; it is saved and can be resumed.
    """
    given = X is not None or y is not None
    asked = dict(overrides or {}) | ({"data.train": ARRAYS} if given else {})
    shown = QuietReporter() if quiet else suitable_reporter()
    reporter = with_logs(shown, log, callbacks)
    needed = () if resume else ("validation",) if given else CSVS
    complete, name = complete_config(config, asked, FileFinder(reporter.log, needed))
    data = _arrays(X, y, complete, reporter) if given else None
    folder = None if run is None else Path(local(run))
    arguments = (complete, folder, name, reporter, threads or cores(), data)
    if resume:
        outcome = _resume(*arguments, init)
    else:
        outcome = committee.start(*arguments, _weights(init, complete))
    _tell_what_is_next(outcome, overrides or {}, init, reporter)
    if outcome.signal is not None:
        signal.raise_signal(outcome.signal)
    return Run(outcome.run, data)


def _arrays(X: ArrayLike | None, y: ArrayLike | None, config: Config, reporter: Reporter) -> Split:  # noqa: N803
    """The rows of arrays, of which one may be missing by mistake."""
    if X is None or y is None:
        raise DataError("X and y: one is missing; give rows and their digits, or neither")
    digits = dataset_from_arrays(X, y, config.data.classes, config.data.pixel_range)
    return split(config, digits, reporter)


def _tell_what_is_next(
    outcome: Outcome | CommitteeOutcome,
    overrides: Mapping[str, Any],
    init: str | Path | Run | None,
    reporter: Reporter,
) -> None:
    """Tell the call that continues a training that stopped early, or was interrupted."""
    again = f"run={str(outcome.run)!r}, resume=True{', init=None' * (init is not None)}"
    if outcome.larger:
        raised, keys = {**overrides, **outcome.larger}, " and ".join(outcome.larger)
        reporter.log(f"to go on, raise {keys}: the same call with overrides={raised}, {again}")
    if outcome.signal is not None:
        reporter.log(f"interrupted and saved; resume with the same call and {again}")


def _weights(init: str | Path | Run | None, config: Config) -> list[InitialWeights]:
    if init is None:
        return []
    source = init.folder if isinstance(init, Run) else Path(local(init))
    if not isinstance(init, Run) and not is_weight_file(source):
        source = load(init).folder
    return weights_from(source, config.networks)


def _resume(
    config: Config,
    folder: Path | None,
    name: RunName,
    reporter: Reporter,
    threads: int,
    data: Split | None,
    init: str | Path | Run | None,
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


def load(run: str | Path) -> Run:
    """Load a run that was trained before, here or by `nntrain fit`.

    Args:
        run: The folder, or the name: "quick" for runs/quick.

    Raises:
        RunError: If there is no such run.
    """
    folder, named = Path(local(run)), RUNS / run
    return Run(RunFolder.open(named if not folder.exists() and named.exists() else folder))
