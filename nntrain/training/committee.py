"""Committees: several networks of one configuration that differ only in their seeds.

Each member is an ordinary run in a subfolder of the committee's folder. All members hold out the
same validation rows, so the committee can be evaluated on rows that no member was trained on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nntrain.config import Config, parse_config
from nntrain.config.schema import SEEDS
from nntrain.errors import DivergenceError
from nntrain.shell import command_line
from nntrain.training.fit import Outcome, fit
from nntrain.training.fit import resume as resume_run
from nntrain.training.inference import evaluate, load_models
from nntrain.training.metrics import Evaluation
from nntrain.training.origin import RunName
from nntrain.training.progress import Progress, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.resume_checks import check_same_config, check_same_rows, newest_checkpoint
from nntrain.training.rows import Split, digest, read_data, split_seed
from nntrain.training.run import RunFolder, create_run, exists_already, find_run
from nntrain.training.run_data import NAME_THE_DATA, read_run_data
from nntrain.training.signals import defer_signals


@dataclass(frozen=True)
class CommitteeOutcome:
    """The result of a committee's training.

    Attributes:
        run: The committee's folder.
        members: The result of each member whose training was started.
        together: The evaluation of all members, voting, on the validation rows; None if a member is
            not finished or there are no validation rows.
        signal: The signal that interrupted the training; None if it was not interrupted.
    """

    run: RunFolder
    members: list[Outcome]
    together: Evaluation | None
    signal: int | None

    def results(self) -> list[str]:
        """The results as lines of text."""
        lines = [line for member in self.members for line in member.results()]
        if self.together is not None:
            lines.append(
                f"{self.run}: {self.together.accuracy:.2%} of the validation rows right, "
                "voting together"
            )
        if self.signal is None:
            lines.append(
                f"{self.run}: {len(self.members)} members, which vote together in: "
                f"{command_line('nntrain', 'predict', self.run.folder)}"
            )
        return lines


def start(
    config: Config,
    folder: Path | None,
    name: RunName,
    reporter: Reporter,
    threads: int,
    data: Split | None = None,
) -> Outcome | CommitteeOutcome:
    """Train a new run, or a new committee if the configuration has several members.

    Args:
        config: The complete configuration.
        folder: The folder to create; None: the next of runs/name, runs/name-2 and so on.
        name: The name of runs with this configuration, and its file.
        reporter: Its callbacks are called during the training.
        threads: Number of threads.
        data: The rows from `read_data`; None: read them from the configured CSVs.

    Raises:
        RunError: If the folder exists already.
        DataError, DivergenceError, NNTrainError: See `nntrain.training.fit.fit`.
    """
    if folder is not None and folder.exists():
        raise exists_already(folder)  # before the CSVs are read
    train = fit_committee if config.members > 1 else fit
    return train(config, partial(create_run, config, folder, name), reporter, threads, data)


def resume(
    config: Config,
    folder: Path | None,
    name: RunName,
    reporter: Reporter,
    threads: int,
    data: Split | None = None,
) -> Outcome | CommitteeOutcome:
    """Continue a run or a committee where it was stopped.

    Args:
        config: The configuration that it was started with; see `nntrain.training.fit.resume`.
        folder: Its folder; None: that of the newest run of the configuration's file.
        name: The name of runs with this configuration, and its file.
        reporter: Its callbacks are called during the training.
        threads: Number of threads.
        data: The rows from `read_data`; None: read them from the configured CSVs.

    Raises:
        RunError: If there is no such run, or another process is training it.
        ConfigError, CheckpointError, DataError, DivergenceError, NNTrainError: See
            `nntrain.training.fit.resume`.
    """
    run = find_run(config, folder, name)
    train = resume_committee if run.is_committee() else resume_run
    return train(config, run, reporter, threads, data)


def fit_committee(
    config: Config,
    create_run: Callable[[], RunFolder],
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
) -> CommitteeOutcome:
    """Train a new committee; arguments and errors as in `nntrain.training.fit.fit`."""
    data = data or read_data(config, reporter)
    run = create_run()
    with run.removed_if_nothing_is_saved(), run.lock():
        return _train_members(config, run, {}, data, reporter, threads)


def resume_committee(
    config: Config, run: RunFolder, reporter: Reporter, threads: int = 1, data: Split | None = None
) -> CommitteeOutcome:
    """Keep the finished members, resume the one that was stopped, and train the missing ones.

    Arguments and errors as in `nntrain.training.fit.resume`, but `members` may be larger, too.
    """
    with run.lock():
        check_same_config(run, config, run.config(), may_grow=("training.epochs", "members"))
        _, first = newest_checkpoint(run.members()[0], Reporter())
        trained_on = first.meta.data_digest if first else None
        data = data or read_run_data(run, config, reporter, trained_on, NAME_THE_DATA)
        finished: dict[Path, Progress] = {}
        for number, member in enumerate(run.members(), 1):
            file, saved = newest_checkpoint(member, reporter)
            if saved is not None:
                # The committee's config.yaml may have been edited; the checkpoint's is original.
                before = parse_config(saved.meta.config, str(file))
                check_same_config(member, _as_long(member_config(config, number), before), before)
                check_same_rows(member, config, saved, digest(*data))
                epochs, patience = config.training.epochs, config.training.patience
                if is_finished(saved.progress.history, epochs, patience):
                    finished[member.folder] = saved.progress
        run.write_config(config)
        return _train_members(config, run, finished, data, reporter, threads)


def member_config(config: Config, number: int) -> Config:
    """The complete configuration of a member; `number` counts from 1."""
    return config.model_copy(
        update={
            "seed": (config.seed + number - 1) % SEEDS,
            "members": 1,
            "data": config.data.model_copy(update={"split_seed": split_seed(config)}),
        }
    )


def _as_long(asked: Config, before: Config) -> Config:
    """The configuration with at least as many epochs as a member was trained by itself."""
    epochs = max(asked.training.epochs, before.training.epochs)
    training = asked.training.model_copy(update={"epochs": epochs})
    return asked.model_copy(update={"training": training})


def _train_members(
    config: Config,
    run: RunFolder,
    finished: Mapping[Path, Progress],
    data: Split,
    reporter: Reporter,
    threads: int,
) -> CommitteeOutcome:
    outcomes: list[Outcome] = []
    with defer_signals() as signals:
        for number, member in enumerate(run.members(), 1):
            if signals.signal is not None:
                break
            if member.folder in finished:
                reporter.on_member_begin(number, config.members, f"{member}, finished already")
                progress, epochs = finished[member.folder], config.training.epochs
                # Its metrics.csv may be older, after a kill between the two writes.
                member.write_progress(progress)
                outcomes.append(Outcome(member, progress.history, None, epochs))
                continue
            own_config = member_config(config, number)
            reporter.on_member_begin(number, config.members, f"{member}, seed {own_config.seed}")
            try:
                outcomes.append(
                    resume_run(own_config, member, reporter, threads, data)
                    if member.config_file.exists()
                    else fit(
                        own_config, partial(member.prepare, own_config), reporter, threads, data
                    )
                )
            except DivergenceError as error:
                raise DivergenceError(
                    f"{member}: {error}, in a new committee; or let the members that are finished "
                    "vote without it: name them to nntrain predict"
                ) from error
    # A signal after the end of the last member has interrupted nothing.
    complete = len(outcomes) == config.members and outcomes[-1].signal is None
    held_out = data[1] if complete else None
    together = evaluate(load_models([run]), held_out, threads=threads) if held_out else None
    return CommitteeOutcome(run, outcomes, together, None if complete else signals.signal)
