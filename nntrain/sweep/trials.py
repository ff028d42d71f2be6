"""A sweep's folder: its trials, each a run of its own, and Optuna's record of them.

runs/NAME/
    sweep.yaml     what is searched
    base.yaml      the configuration that is varied, as it was when the sweep began
    study.db       Optuna's record, SQLite
    trial-1 …      the runs
    .lock          locked by the process that conducts the sweep
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from nntrain.config import Config
from nntrain.errors import ConfigError, RunError
from nntrain.files import atomic_write
from nntrain.sweep.definition import Definition, load_sweep
from nntrain.sweep.search import distributions, propose, values_of
from nntrain.training.run import SWEEP, Run

optuna.logging.set_verbosity(optuna.logging.ERROR)

STUDY = "sweep"
STUDY_FILE = "study.db"
BASE = "base.yaml"
MAY_GROW = ("trials", "hours")


@contextmanager
def open_trials(definition: Definition, folder: Path) -> Iterator["Trials"]:
    """A sweep to be begun or gone on with, kept from other processes as long as the context lasts.

    Args:
        definition: What is asked for.
        folder: The sweep's; made if there is none.

    Raises:
        ConfigError: The folder is that of another sweep; only `trials` and `hours` may be others.
        RunError: It is that of something else, or cannot be made, or another process is at work.
    """
    begun = folder / SWEEP
    if not begun.exists() and folder.exists() and any(map(_is_foreign, folder.iterdir())):
        raise RunError(f"{folder}: exists already, but is no sweep; name another folder with --run")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be made: {error.strerror}; name another folder with --run"
        ) from error
    with Run(folder).held("name another folder with --run"):
        if begun.exists():
            _refuse_another(folder, definition, load_sweep(begun, folder / BASE))
        with atomic_write(folder / BASE, "w") as file:
            file.write(definition.base)
        with atomic_write(begun, "w") as file:  # the last: without it, no sweep has begun
            file.write(definition.text)
        yield Trials(
            folder,
            definition,
            _record(folder, optuna.create_study, load_if_exists=True, direction="maximize"),
        )


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
    try:
        trials = Trials(folder, definition, _record(folder, optuna.load_study))
    except KeyError:  # Optuna's, of a record that has only just been made
        raise none from None
    if not trials.all():
        raise none
    return trials


def _record(folder: Path, get: Callable[..., optuna.Study], **options: Any) -> optuna.Study:
    """Optuna's record.

    Raises:
        RunError: It is damaged.
    """
    file = folder / STUDY_FILE
    try:
        return get(study_name=STUDY, storage=f"sqlite:///{file}", **options)
    except (SQLAlchemyError, StorageInternalError) as error:
        raise RunError(
            f"{file}: cannot be read ({type(error).__name__}); remove {folder}, or name another "
            "folder with --run"
        ) from error


def _is_foreign(path: Path) -> bool:
    """Whether a file is none of those that a kill leaves before a sweep has begun."""
    return path.name != BASE and not path.name.startswith(".")


def _refuse_another(folder: Path, asked: Definition, begun: Definition) -> None:
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
    """

    def __init__(self, folder: Path, definition: Definition, study: optuna.Study) -> None:
        self.folder = folder
        self.definition = definition
        self.study = study

    @property
    def seconds(self) -> float:
        """How long the sweep has been conducted so far, all interruptions aside."""
        return float(self.study.user_attrs.get("seconds", 0.0))

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self.study.set_user_attr("seconds", seconds)

    def all(self) -> Sequence[FrozenTrial]:
        """Those begun so far, in order of their numbers."""
        return self.study.get_trials(deepcopy=False)

    def begin(self, trials: Sequence[FrozenTrial]) -> FrozenTrial:
        """Choose the next trial's values, and note that it has begun."""
        sweep, number = self.definition.sweep, len(trials)
        params = propose(sweep, number, trials)
        self.study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params=params,
                distributions=distributions(sweep),
            )
        )
        return self.all()[number]

    def end(
        self,
        trial: FrozenTrial,
        state: TrialState,
        accuracies: Sequence[float],
        fault: str | None = None,
    ) -> None:
        """Note how a trial ended."""
        noted = optuna.trial.Trial(self.study, trial._trial_id)
        for epoch, accuracy in enumerate(accuracies, 1):
            if epoch not in trial.intermediate_values:
                noted.report(accuracy, epoch)
        if fault is not None:
            noted.set_user_attr("fault", fault)
        value = max(accuracies) if state == TrialState.COMPLETE else None
        self.study.tell(trial.number, value, state)

    def run_of(self, trial: FrozenTrial) -> Run:
        """The trial's own run."""
        return Run(self.folder / f"trial-{trial.number + 1}")

    def config_of(self, trial: FrozenTrial) -> Config:
        """The trial's complete configuration.

        Raises:
            ConfigError: Its values do not go together.
        """
        return self.definition.config(self.values_of(trial))

    def values_of(self, trial: FrozenTrial) -> dict[str, Any]:
        """What the trial tries, by keys of the configuration."""
        return values_of(self.definition.sweep, trial.params)
