"""Several networks of one configuration: committees and cross-validations.

The members of a committee differ only in their seeds, and hold out the same validation rows. The
networks of a cross-validation differ only in the fold that they hold out. Each is an ordinary run
in a subfolder of the folder of all, here called a member in both cases.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nntrain.config import Config, parse_config
from nntrain.config.memory import check_network_fits
from nntrain.config.schema import SEEDS, FoldConfig
from nntrain.errors import DivergenceError, printable
from nntrain.shell import command_line
from nntrain.training.fit import Outcome, fit
from nntrain.training.fit import resume as resume_run
from nntrain.training.folds import out_of_fold
from nntrain.training.inference import evaluate, load_models
from nntrain.training.initial_weights import (
    InitialWeights,
    check_initial_weights,
    keep_for_more_members,
    keep_initial_weights,
    read_initial_weights,
)
from nntrain.training.origin import RunName
from nntrain.training.progress import Progress, is_finished, to_continue, why_finished
from nntrain.training.reporter import Reporter
from nntrain.training.resume_checks import (
    check_same_config,
    check_same_rows,
    may_grow,
    newest_checkpoint,
    patience_limit,
)
from nntrain.training.rows import Split, digest, read_data, rows_of, split_seed
from nntrain.training.run import RunFolder, create_run, exists_already, find_run
from nntrain.training.run_data import NAME_THE_DATA, read_run_data
from nntrain.training.signals import defer_signals
from nntrain.training.teacher import teacher_of_members


@dataclass(frozen=True)
class CommitteeOutcome:
    """The result of a committee's training.

    Attributes:
        run: The committee's folder.
        members: The result of each member whose training was started.
        together: The results of all members on the validation rows, as names and texts; none if a
            member is not finished or there are no validation rows.
        signal: The signal that interrupted the training; None if it was not interrupted.
        larger: The keys to raise for a resume to continue the training of members that stopped
            early, or of all if all were finished already, with values that are large enough.
    """

    run: RunFolder
    members: list[Outcome]
    together: list[tuple[str, str]]
    signal: int | None
    larger: dict[str, int] = field(default_factory=dict)

    def results(self) -> list[tuple[str, str]]:
        """The names of the members and of the committee, each with a result."""
        name = str(self.run)
        results = [result for member in self.members for result in member.results()]
        results += self.together
        if self.signal is None:
            command = command_line("nntrain", "predict", self.run.folder)
            members = f"{len(self.members)} {self.run.config().part}s"
            results.append((name, f"{members}, which vote together in: {command}"))
        return results


def start(
    config: Config,
    folder: Path | None,
    name: RunName,
    reporter: Reporter,
    threads: int,
    data: Split | None = None,
    init: Sequence[InitialWeights] = (),
) -> Outcome | CommitteeOutcome:
    """Train a new run, or a new committee if the configuration has several members or folds.

    Args:
        config: The complete configuration.
        folder: The folder to create; None: the next of runs/name, runs/name-2 and so on.
        name: The name of runs with this configuration, and its file.
        reporter: Its callbacks are called during the training.
        threads: Number of threads.
        data: The rows from `read_data`; None: read them from the configured CSVs.
        init: The initial weights of each network; none: they are drawn from the seed.

    Raises:
        RunError: If the folder exists already.
        ConfigError: If the initial weights do not fit.
        DataError, DivergenceError, NNTrainError: See `nntrain.training.fit.fit`.
    """
    if folder is not None and folder.exists():
        raise exists_already(folder)  # before the CSVs are read
    data = data or read_data(config, reporter)
    config = config.with_classes(data[0].dataset.classes)
    keep = partial(keep_initial_weights, init, config, data[0].dataset.pixels.shape[1])
    create = partial(create_run, config, folder, name, keep)
    if config.networks > 1:
        return fit_committee(config, create, reporter, threads, data, init)
    return fit(config, create, reporter, threads, data, init=init[0] if init else None)


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
    init: Sequence[InitialWeights] = (),
) -> CommitteeOutcome:
    """Train a new committee.

    Arguments and errors as in `nntrain.training.fit.fit`, but `init` has the initial weights of
    each member, or none.
    """
    data = data or read_data(config, reporter)
    check_network_fits(config, data[0].dataset.pixels.shape[1], trained=True)
    check_initial_weights(init, config, data[0].dataset.pixels.shape[1])
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
        config = config.with_classes_of(run.config())
        check_same_config(run, config, run.config(), may_grow(run.config()))
        _, first = newest_checkpoint(run.members()[0], Reporter())
        trained_on = first.meta.data_digest if first else None
        data = data or read_run_data(run, config, reporter, trained_on, NAME_THE_DATA)
        finished = check_members(config, run, data, reporter)
        keep_for_more_members(run, config)
        run.write_config(config)
        return _train_members(config, run, finished, data, reporter, threads)


def check_members(
    config: Config, run: RunFolder, data: Split, reporter: Reporter
) -> dict[Path, Progress]:
    """Check that a run, or each member of a committee, can be resumed from its checkpoint.

    Returns:
        The progress of those that are finished, by their folder.

    Raises:
        ChangedConfigError, ChangedRowsError: If one was trained otherwise.
        CheckpointError: If none of its checkpoints is valid.
    """
    finished: dict[Path, Progress] = {}
    members = run.members()
    for number, member in enumerate(members, 1):
        file, saved = newest_checkpoint(member, reporter)
        if saved is not None:
            # The configuration in the folder may have been edited; the checkpoint's is original.
            before = parse_config(saved.meta.config, str(file))
            asked = config
            if len(members) > 1:
                asked = _at_least(before, member_config(config, number))
            check_same_config(member, asked, before)
            check_same_rows(member, config, saved, digest(*rows_of(asked, data)))
            epochs, patience = config.training.epochs, config.training.patience
            if is_finished(saved.progress.history, epochs, patience):
                finished[member.folder] = saved.progress
    return finished


def member_config(config: Config, number: int) -> Config:
    """The complete configuration of a member; `number` counts from 1."""
    data: dict[str, object] = {"split_seed": split_seed(config)}
    seed = config.seed
    if config.folds:
        data["validation"] = FoldConfig(fold=number, of=config.folds)
    else:
        seed = (config.seed + number - 1) % SEEDS
    return config.model_copy(
        update={
            "seed": seed,
            "members": 1,
            "folds": None,
            "data": config.data.model_copy(update=data),
        }
    )


def _at_least(before: Config, asked: Config) -> Config:
    """The configuration with at least the epochs and patience a member was given by itself."""
    trainings = asked.training, before.training
    longer = {
        "epochs": max(training.epochs for training in trainings),
        "patience": max((training.patience for training in trainings), key=patience_limit),
    }
    return asked.model_copy(update={"training": asked.training.model_copy(update=longer)})


def _train_members(
    config: Config,
    run: RunFolder,
    finished: Mapping[Path, Progress],
    data: Split,
    reporter: Reporter,
    threads: int,
) -> CommitteeOutcome:
    outcomes: list[Outcome] = []
    teacher = teacher_of_members(run.members(), config)
    with defer_signals() as signals:
        for number, member in enumerate(run.members(), 1):
            if signals.signal is not None:
                break
            if member.folder in finished:
                progress, epochs = finished[member.folder], config.training.epochs
                what = f"{member}, finished already"
                if progress.epoch < epochs:
                    why = why_finished(progress.history, epochs, config.training.patience)
                    what = f"{what}, {why}"
                reporter.on_member_begin(config.part, number, config.networks, what)
                # Its metrics.csv may be older, after a kill between the two writes.
                member.write_progress(progress)
                reporter.on_run_begin(member, progress)
                outcomes.append(Outcome(member, progress.history, None, epochs))
                continue
            own_config = member_config(config, number)
            own = f"{member}" if config.folds else f"{member}, seed {own_config.seed}"
            reporter.on_member_begin(config.part, number, config.networks, own)
            rows = rows_of(own_config, data)
            try:
                outcomes.append(
                    resume_run(own_config, member, reporter, threads, rows, teacher=teacher)
                    if member.config_file.exists()
                    else fit(
                        *(own_config, partial(member.prepare, own_config), reporter, threads, rows),
                        init=read_initial_weights(member),
                        teacher=teacher,
                    )
                )
            except DivergenceError as error:
                raise DivergenceError(
                    f"{member}: {error}, in a new committee; or let the members that are finished "
                    "vote without it: name them to nntrain predict"
                ) from error
    # A signal after the end of the last member has interrupted nothing.
    complete = len(outcomes) == config.networks and outcomes[-1].signal is None
    together = _evaluate_together(config, run, data, threads) if complete else []
    signal = None if complete else signals.signal
    larger = _larger(config, outcomes, len(finished) == config.networks) if complete else {}
    return CommitteeOutcome(run, outcomes, together, signal, larger)


def _evaluate_together(
    config: Config, run: RunFolder, data: Split, threads: int
) -> list[tuple[str, str]]:
    """The results of all finished members on the rows that they held out; none without such rows.

    Of a cross-validation, writes the predictions for these rows, too.
    """
    if config.folds:
        pooled = out_of_fold(load_models([run]), data[0].dataset, threads=threads)
        pooled.write(run.out_of_fold_file)
        written = printable(str(run.out_of_fold_file)), "the probabilities for these rows"
        return [*((str(run), text) for text in pooled.describe()), written]
    if data[1] is None:
        return []
    accuracy = evaluate(load_models([run]), data[1], threads=threads).accuracy
    return [(str(run), f"{accuracy:.2%} of the validation rows right, voting together")]


def _larger(config: Config, outcomes: Sequence[Outcome], all_finished: bool) -> dict[str, int]:
    larger: dict[str, int] = {}
    epochs, patience = config.training.epochs, config.training.patience
    for outcome in outcomes:
        if all_finished or len(outcome.history) < epochs:
            for key, value in to_continue(outcome.history, epochs, patience).items():
                larger[key] = max(value, larger.get(key, 0))
    return larger
