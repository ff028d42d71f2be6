"""The folder of a sweep: its trials, each an ordinary run, and Optuna's study.

runs/NAME/
    sweep.yaml     the sweep
    base.yaml      a copy of the configuration that it varies
    study.db       Optuna's study, SQLite
    trial-1 …      the runs
    .lock          locked by the process that runs the sweep
"""

import math
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.pool import NullPool

from nntrain.config import Config
from nntrain.errors import ConfigError, DataError, NNTrainError, RunError
from nntrain.files import atomic_write
from nntrain.sweep.search import distributions, is_rung, propose, values_of
from nntrain.sweep.spec import Sweep, SweepSpec, load_sweep
from nntrain.training.run import SWEEP, RunFolder, make_folder, remove_empty

optuna.logging.set_verbosity(optuna.logging.ERROR)

STUDY = "sweep"
STUDY_FILE = "study.db"
BASE = "base.yaml"
MAY_GROW = ("trials", "hours")
ERROR_ATTRIBUTE = "fault"  # of a failed trial, in the study


@contextmanager
def open_trials(definition: SweepSpec, folder: Path) -> Iterator["Trials"]:
    """Start or resume a sweep in a folder, and lock it against other processes.

    Raises:
        ConfigError: If the folder belongs to a sweep that differs in more than `trials` or `hours`.
        RunError: If the folder holds something else, cannot be created or is locked, or if the
            study is damaged or cannot be written.
    """
    started = folder / SWEEP
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: a file; name a folder with --run")
    if not started.exists() and folder.exists() and any(map(_is_foreign, folder.iterdir())):
        raise RunError(f"{folder}: exists already, but is no sweep; name another folder with --run")
    new = RunFolder(folder, make_folder(folder))
    with _removed_if_nothing_is_saved(new), new.lock("name another folder with --run"):
        if started.exists():
            _check_same_sweep(folder, definition)
        with atomic_write(folder / BASE, "w") as file:
            file.write(definition.base)
        with atomic_write(started, "w") as file:  # last: it marks the folder as a sweep's
            file.write(definition.text)
        with _one_line_errors(folder / STUDY_FILE):
            study = optuna.create_study(
                study_name=STUDY,
                storage=_storage(folder),
                load_if_exists=True,
                direction="maximize",
            )
        yield Trials(folder, definition, study)


@contextmanager
def _removed_if_nothing_is_saved(sweep: RunFolder) -> Iterator[None]:
    """Remove the folder of a new sweep at an error before the first checkpoint of a trial."""
    try:
        yield
    except BaseException:
        if sweep.made and not any(sweep.folder.glob("trial-*/*.npz")):
            shutil.rmtree(sweep.folder, ignore_errors=True)
            remove_empty(sweep.made)
        raise


def read_trials(folder: Path) -> "Trials":
    """Open a sweep for reading, also while another process runs it.

    Raises:
        ConfigError: If its configuration files are damaged.
        RunError: If it has no trials, or the study cannot be read.
    """
    none = RunError(f"{folder}: no trial has started; start one with 'nntrain sweep SWEEP.yaml'")
    if not (folder / STUDY_FILE).exists():
        raise none
    definition = load_sweep(folder / SWEEP, folder / BASE)
    with _one_line_errors(folder / STUDY_FILE):
        storage = _storage(folder)
        if STUDY not in optuna.get_all_study_names(storage):  # the file is just being created
            raise none
        study = optuna.load_study(study_name=STUDY, storage=storage)
    trials = Trials(folder, definition, study)
    if not trials.all():
        raise none
    return trials


def _storage(folder: Path) -> RDBStorage:
    """SQLite storage that keeps no connection open; any path works, as it is not part of a URL."""
    file = folder / STUDY_FILE
    options = {
        "creator": lambda: sqlite3.connect(file, check_same_thread=False),
        "poolclass": NullPool,
    }
    return RDBStorage("sqlite://", engine_kwargs=options)


@contextmanager
def _one_line_errors(file: Path) -> Iterator[None]:
    """Raise a RunError for any exception but nntrain's own: edited files cause all types."""
    try:
        yield
    except NNTrainError:
        raise
    except Exception as error:
        reason: BaseException = error
        while cause := getattr(reason, "orig", None) or reason.__cause__:
            reason = cause
        if isinstance(reason, sqlite3.OperationalError) and "no such" not in str(reason):
            hint = "free some space" if "full" in str(reason) else "make it writable"
            raise RunError(
                f"{file}: cannot be written: {reason}; {hint}, then repeat the command to continue"
            ) from error
        raise RunError(
            f"{file}: damaged ({' '.join(str(reason).split())}); remove it, and 'nntrain sweep "
            "SWEEP.yaml' rebuilds it from the trials' folders"
        ) from error


def _check_study(trials: Sequence[FrozenTrial], sweep: Sweep) -> None:
    """Raise a ValueError if a study holds something that nntrain cannot have written."""
    states = (TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    expected = distributions(sweep)
    for number, trial in enumerate(trials):
        accuracies = list(trial.intermediate_values.values())
        if trial.state == TrialState.COMPLETE:
            accuracies.append(math.nan if trial.value is None else trial.value)
        if trial.number != number:
            raise ValueError(f"trial {number + 1} is missing")
        if trial.state not in states:
            raise ValueError(f"trial {number + 1} is {trial.state.name}")
        if trial.distributions != expected:
            raise ValueError(f"trial {number + 1} has other keys or ranges than the sweep")
        if not all(0 <= accuracy <= 1 for accuracy in accuracies):
            raise ValueError(f"trial {number + 1} has no accuracy from 0 to 1")
        if any(step < 1 for step in trial.intermediate_values):
            raise ValueError(f"trial {number + 1} has an accuracy before its first epoch")


def _is_foreign(path: Path) -> bool:
    """Whether a file cannot be from a sweep that was killed while it started."""
    return path.name != BASE and not path.name.startswith(".")


def _check_same_sweep(folder: Path, definition: SweepSpec) -> None:
    base = definition.source
    try:
        started = load_sweep(folder / SWEEP, folder / BASE)
    except ConfigError as error:
        raise ConfigError(
            f"{str(error).splitlines()[0]} (a copy made when the sweep was started; restore it: "
            f"copy your SWEEP.yaml to {folder / SWEEP}, and {base} to {folder / BASE})"
        ) from error
    ours, theirs = definition.sweep.model_dump(), started.sweep.model_dump()
    different = [key for key in ours if key not in MAY_GROW and ours[key] != theirs[key]]
    started = started._replace(classes=definition.classes)
    if definition.as_written().config({}) != started.config({}):
        different.append(f"what {base} and --set say")
    if different:
        raise ConfigError(
            f"{folder}: belongs to another sweep, which differs in: {', '.join(different)} (only "
            f"{' and '.join(MAY_GROW)} may be changed); start a new one with --run"
        )


class Trials:
    """The trials of a sweep; all methods raise a RunError if its study cannot be used."""

    def __init__(self, folder: Path, definition: SweepSpec, study: optuna.Study) -> None:
        self.folder = folder
        self.definition = definition
        self.study = study
        with self._one_line_errors():
            _check_study(self.all(), definition.sweep)
            if not math.isfinite(self.seconds):
                raise ValueError(f"{self.seconds} seconds")

    def check_same_rows(self, data_digest: str) -> None:
        """Store a new sweep's `nntrain.training.rows.digest`, or compare it with the stored one.

        Raises:
            DataError: If the sweep was started with other rows.
        """
        with self._one_line_errors():
            stored = self.study.user_attrs.get("data_digest")
            if stored is None:
                self.study.set_user_attr("data_digest", data_digest)
        if stored not in (None, data_digest):
            files = " or ".join(self.definition.config({}).data.files)
            raise DataError(
                f"{files}: not the rows that {self.folder} was started with; "
                "restore them, or start a new sweep with --run"
            )

    @property
    def seconds(self) -> float:
        """Seconds that the sweep has run, without interruptions."""
        with self._one_line_errors():
            return float(self.study.user_attrs.get("seconds", 0.0))

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        with self._one_line_errors():
            self.study.set_user_attr("seconds", seconds)

    def all(self) -> Sequence[FrozenTrial]:
        """All trials, in order of their numbers."""
        with self._one_line_errors():
            return self.study.get_trials(deepcopy=False)

    def ask(self, trials: Sequence[FrozenTrial]) -> FrozenTrial:
        """Choose the values of the next trial after these, and add it to the study."""
        sweep, number = self.definition.sweep, len(trials)
        trial = optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=propose(sweep, number, trials),
            distributions=distributions(sweep),
        )
        with self._one_line_errors():
            self.study.add_trial(trial)
        return self.all()[number]

    def tell(
        self,
        trial: FrozenTrial,
        state: TrialState,
        accuracies: Sequence[float],
        error: str | None = None,
    ) -> None:
        """Store a trial's final state, its val_accuracy after each epoch, and why it failed.

        Only the best accuracy so far at each rung and after the last epoch is stored, because each
        value is a write of its own.
        """
        sweep, epochs = self.definition.sweep, len(accuracies)
        with self._one_line_errors():
            stored = optuna.trial.Trial(self.study, trial._trial_id)
            for epoch in range(1, epochs + 1):
                if epoch not in trial.intermediate_values and (
                    epoch == epochs or is_rung(sweep, epoch)
                ):
                    stored.report(max(accuracies[:epoch]), epoch)
            if error is not None:
                stored.set_user_attr(ERROR_ATTRIBUTE, error)
            value = max(accuracies) if state == TrialState.COMPLETE else None
            self.study.tell(trial.number, value, state)

    def run_of(self, trial: FrozenTrial) -> RunFolder:
        """The folder of a trial's run."""
        return RunFolder(self.folder / f"trial-{trial.number + 1}")

    def config_of(self, trial: FrozenTrial) -> Config:
        """The complete configuration of a trial.

        Raises:
            ConfigError: If its values contradict each other.
        """
        return self.definition.config(self.values_of(trial))

    def values_of(self, trial: FrozenTrial) -> dict[str, Any]:
        """A trial's values by keys of the configuration."""
        return values_of(self.definition.sweep, trial.params)

    def _one_line_errors(self) -> AbstractContextManager[None]:
        return _one_line_errors(self.folder / STUDY_FILE)
