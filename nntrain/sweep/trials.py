"""A sweep's folder: its trials, each a run of its own, and Optuna's record of them.

runs/NAME/
    sweep.yaml     what is searched
    base.yaml      the configuration that is varied, as it was when the sweep began
    study.db       Optuna's record, SQLite
    trial-1 …      the runs
    .lock          locked by the process that conducts the sweep
"""

import math
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
from nntrain.training.run import SWEEP, RunFolder

optuna.logging.set_verbosity(optuna.logging.ERROR)

STUDY = "sweep"
STUDY_FILE = "study.db"
BASE = "base.yaml"
MAY_GROW = ("trials", "hours")


@contextmanager
def open_trials(definition: SweepSpec, folder: Path) -> Iterator["Trials"]:
    """A sweep to be begun or gone on with, kept from other processes as long as the context lasts.

    Args:
        definition: What is asked for.
        folder: The sweep's; made if there is none.

    Raises:
        ConfigError: The folder is that of another sweep; only `trials` and `hours` may be others.
        RunError: It is that of something else, or cannot be made, or another process is at work, or
            its record is damaged or cannot be written.
    """
    begun = folder / SWEEP
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: a file; name a folder with --run")
    if not begun.exists() and folder.exists() and any(map(_is_foreign, folder.iterdir())):
        raise RunError(f"{folder}: exists already, but is no sweep; name another folder with --run")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be made: {error.strerror}; name another folder with --run"
        ) from error
    with RunFolder(folder).lock("name another folder with --run"):
        if begun.exists():
            _refuse_another(folder, definition, _begun_in(folder, definition))
        with atomic_write(folder / BASE, "w") as file:
            file.write(definition.base)
        with atomic_write(begun, "w") as file:  # the last: without it, no sweep has begun
            file.write(definition.text)
        with _one_line_errors(folder / STUDY_FILE):
            study = optuna.create_study(
                study_name=STUDY,
                storage=_storage(folder),
                load_if_exists=True,
                direction="maximize",
            )
        yield Trials(folder, definition, study)


def read_trials(folder: Path) -> "Trials":
    """A sweep to be looked at, in whatever state it is, also while another process conducts it.

    Raises:
        ConfigError: Its files are damaged.
        RunError: There is none, or its record cannot be read.
    """
    none = RunError(f"{folder}: no trial has begun there; 'nntrain sweep SWEEP.yaml' begins one")
    if not (folder / STUDY_FILE).exists():
        raise none
    definition = load_sweep(folder / SWEEP, folder / BASE)
    with _one_line_errors(folder / STUDY_FILE):
        storage = _storage(folder)
        if STUDY not in optuna.get_all_study_names(storage):  # it has only just been made
            raise none
        study = optuna.load_study(study_name=STUDY, storage=storage)
    trials = Trials(folder, definition, study)
    if not trials.all():
        raise none
    return trials


def _storage(folder: Path) -> RDBStorage:
    """Optuna's record; nothing of it stays open, and its path is part of no URL, to be escaped."""
    file = folder / STUDY_FILE
    connecting = {
        "creator": lambda: sqlite3.connect(file, check_same_thread=False),
        "poolclass": NullPool,
    }
    return RDBStorage("sqlite://", engine_kwargs=connecting)


@contextmanager
def _one_line_errors(file: Path) -> Iterator[None]:
    """Tell errors of SQLite and its readers, who may say anything of a record that was edited.

    Raises:
        RunError: Of any other error than nntrain's own.
    """
    try:
        yield
    except NNTrainError:
        raise
    except Exception as error:
        reason = _reason(error)
        if isinstance(reason, sqlite3.OperationalError) and "no such" not in str(reason):
            mend = "free some space" if "full" in str(reason) else "see that it can be"
            raise RunError(
                f"{file}: cannot be written: {reason}; {mend}, and the same command goes on"
            ) from error
        raise RunError(
            f"{file}: damaged ({' '.join(str(reason).split())}); remove it, and 'nntrain sweep "
            "SWEEP.yaml' makes it anew from the trials' folders"
        ) from error


def _refuse_edited(trials: Sequence[FrozenTrial], sweep: Sweep) -> None:
    """What is built on the record relies on it.

    Raises:
        ValueError: It holds a trial that nntrain cannot have noted.
    """
    states = (TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    drawn_from = distributions(sweep)
    for number, trial in enumerate(trials):
        accuracies = list(trial.intermediate_values.values())
        if trial.state == TrialState.COMPLETE:
            accuracies.append(math.nan if trial.value is None else trial.value)
        if trial.number != number:
            raise ValueError(f"trial {number + 1} is missing")
        if trial.state not in states:
            raise ValueError(f"trial {number + 1} is {trial.state.name}")
        if trial.distributions != drawn_from:
            raise ValueError(f"trial {number + 1} has other keys or ranges than the sweep")
        if not all(0 <= accuracy <= 1 for accuracy in accuracies):
            raise ValueError(f"trial {number + 1} has no accuracy from 0 to 1")
        if any(step < 1 for step in trial.intermediate_values):
            raise ValueError(f"trial {number + 1} has an accuracy before its first epoch")


def _reason(error: BaseException) -> BaseException:
    """What SQLite has said, behind what others made of it."""
    while (cause := getattr(error, "orig", None) or error.__cause__) is not None:
        error = cause
    return error


def _is_foreign(path: Path) -> bool:
    """Whether a file is none of those that a kill leaves before a sweep has begun."""
    return path.name != BASE and not path.name.startswith(".")


def _begun_in(folder: Path, asked: SweepSpec) -> SweepSpec:
    try:
        return load_sweep(folder / SWEEP, folder / BASE)
    except ConfigError as error:
        raise ConfigError(
            f"{str(error).splitlines()[0]} (it notes what was begun; put a copy of your SWEEP.yaml "
            f"in place of {folder / SWEEP}, and of {asked.sweep.config} in that of {folder / BASE})"
        ) from error


def _refuse_another(folder: Path, asked: SweepSpec, begun: SweepSpec) -> None:
    ours, theirs = asked.sweep.model_dump(), begun.sweep.model_dump()
    different = [key for key in ours if key not in MAY_GROW and ours[key] != theirs[key]]
    if asked.config({}) != begun.config({}):
        different.append(f"what {asked.sweep.config} says")
    if different:
        raise ConfigError(
            f"{folder}: was begun as another sweep, which differs in: {', '.join(different)} (only "
            f"{' and '.join(MAY_GROW)} may be changed); begin a new one with --run"
        )


class Trials:
    """The trials of one sweep.

    Args:
        folder: The sweep's.
        definition: What is searched.
        study: Optuna's record.

    Attributes:
        folder: The sweep's.
        definition: What is searched.
        study: Optuna's record.

    Whatever reads or writes the record raises a RunError where that is not possible.
    """

    def __init__(self, folder: Path, definition: SweepSpec, study: optuna.Study) -> None:
        self.folder = folder
        self.definition = definition
        self.study = study
        with self._told():
            _refuse_edited(self.all(), definition.sweep)
            if not math.isfinite(self.seconds):
                raise ValueError(f"{self.seconds} seconds")

    def check_same_rows(self, data_digest: str) -> None:
        """Note which rows the trials share, and let nobody go on with others.

        Args:
            data_digest: What `nntrain.training.rows.digest` says of them.

        Raises:
            DataError: The sweep was begun with others.
        """
        with self._told():
            begun = self.study.user_attrs.get("data_digest")
            if begun is None:
                self.study.set_user_attr("data_digest", data_digest)
        if begun not in (None, data_digest):
            data = self.definition.config({}).data
            files = [file for file in (data.train, data.validation) if isinstance(file, str)]
            raise DataError(
                f"{' or '.join(files)}: not the rows that {self.folder} was begun with; bring "
                "those back, or begin a new sweep with --run"
            )

    @property
    def seconds(self) -> float:
        """How long the sweep has been conducted so far, all interruptions aside."""
        with self._told():
            return float(self.study.user_attrs.get("seconds", 0.0))

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        with self._told():
            self.study.set_user_attr("seconds", seconds)

    def all(self) -> Sequence[FrozenTrial]:
        """Those begun so far, in order of their numbers."""
        with self._told():
            return self.study.get_trials(deepcopy=False)

    def begin(self, trials: Sequence[FrozenTrial]) -> FrozenTrial:
        """Choose the next trial's values, and note that it has begun."""
        sweep, number = self.definition.sweep, len(trials)
        params = propose(sweep, number, trials)
        trial = optuna.trial.create_trial(
            state=TrialState.RUNNING, params=params, distributions=distributions(sweep)
        )
        with self._told():
            self.study.add_trial(trial)
        return self.all()[number]

    def end(
        self,
        trial: FrozenTrial,
        state: TrialState,
        accuracies: Sequence[float],
        fault: str | None = None,
    ) -> None:
        """Note how a trial ended.

        Args:
            trial: Which.
            state: How.
            accuracies: Its val_accuracy after each epoch. The best so far is noted of those epochs
                after which trials are looked at, and of the last: each costs a write of its own.
            fault: Why it failed.
        """
        sweep = self.definition.sweep
        looks = [n for n in range(1, len(accuracies)) if is_rung(sweep, n)]
        value = max(accuracies) if state == TrialState.COMPLETE else None
        with self._told():
            noted = optuna.trial.Trial(self.study, trial._trial_id)
            for epoch in (*looks, len(accuracies)) if accuracies else ():
                if epoch not in trial.intermediate_values:
                    noted.report(max(accuracies[:epoch]), epoch)
            if fault is not None:
                noted.set_user_attr("fault", fault)
            self.study.tell(trial.number, value, state)

    def run_of(self, trial: FrozenTrial) -> RunFolder:
        """The trial's own run."""
        return RunFolder(self.folder / f"trial-{trial.number + 1}")

    def config_of(self, trial: FrozenTrial) -> Config:
        """The trial's complete configuration.

        Raises:
            ConfigError: Its values do not go together.
        """
        return self.definition.config(self.values_of(trial))

    def values_of(self, trial: FrozenTrial) -> dict[str, Any]:
        """What the trial tries, by keys of the configuration."""
        return values_of(self.definition.sweep, trial.params)

    def _told(self) -> AbstractContextManager[None]:
        return _one_line_errors(self.folder / STUDY_FILE)
