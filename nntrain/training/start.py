"""Where a training starts: with a folder of its own, or with one that was begun before."""

from functools import partial
from pathlib import Path

from nntrain.config import Config
from nntrain.training import committee
from nntrain.training import fit as single
from nntrain.training.committee import CommitteeOutcome
from nntrain.training.fit import Outcome
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split
from nntrain.training.run import RunFolder, exists_already, newest_named


def begin(
    config: Config,
    folder: Path | None,
    name: str,
    reporter: Reporter,
    threads: int,
    data: Split | None = None,
) -> Outcome | CommitteeOutcome:
    """Train a new run, or a new committee if the configuration asks for members.

    Args:
        config: Complete.
        folder: The run's; None: the next of runs/name, runs/name-2 and so on.
        name: What runs of this configuration are called.
        reporter: Is told what happens.
        threads: How many share the work.
        data: The rows, if they are not to be read from the configuration's CSVs.

    Raises:
        RunError: The folder exists already.
        DataError, DivergenceError, NNTrainError: As in `nntrain.training.fit.fit`.
    """
    if folder is not None and folder.exists():
        raise exists_already(folder)  # before the CSVs are read
    train = committee.fit_committee if config.members > 1 else single.fit
    return train(config, partial(make_run, config, folder, name), reporter, threads, data)


def go_on(
    config: Config,
    folder: Path | None,
    name: str,
    reporter: Reporter,
    threads: int,
    data: Split | None = None,
) -> Outcome | CommitteeOutcome:
    """Go on with the run in a folder, or with the newest one of this name, where it was stopped.

    Args:
        config: As it was begun with; see `nntrain.training.fit.resume`.
        folder: The run's; None: that of the newest run.
        name: As in `begin`.
        reporter: Is told what happens.
        threads: As in `begin`.
        data: Likewise.

    Raises:
        RunError: There is no such run, or another process trains it.
        ConfigError, CheckpointError, DataError, DivergenceError, NNTrainError: As in
            `nntrain.training.fit.resume`.
    """
    run = open_run(folder, name)
    train = committee.resume_committee if run.is_committee() else single.resume
    return train(config, run, reporter, threads, data)


def make_run(config: Config, folder: Path | None, name: str) -> RunFolder:
    """The folder of a new run; arguments and errors as in `begin`."""
    return RunFolder.create(folder, config) if folder else RunFolder.create_next(name, config)


def open_run(folder: Path | None, name: str) -> RunFolder:
    """The folder of a run that was begun before; arguments and errors as in `go_on`."""
    return RunFolder.open(folder) if folder else newest_named(name)
