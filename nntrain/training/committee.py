"""A committee: several networks of one configuration, trained in a row, each from its own seed.

Each member is an ordinary run in the committee's folder. All of them hold out the same rows, so
that the committee can be judged by rows that none of its members has learnt from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nntrain.config import Config, parse_config
from nntrain.config.schema import SEEDS
from nntrain.errors import DivergenceError
from nntrain.training.fit import Outcome, fit, resume
from nntrain.training.inference import evaluate, load_models
from nntrain.training.metrics import Evaluation
from nntrain.training.progress import Progress, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.resume_checks import check_same_config, check_same_rows, newest_checkpoint
from nntrain.training.rows import Split, digest, read_data, split_seed
from nntrain.training.run import RunFolder
from nntrain.training.signals import defer_signals


@dataclass(frozen=True)
class CommitteeOutcome:
    """How the training of a committee ended.

    Attributes:
        run: The committee's own folder.
        members: How each member's training ended; those not begun are missing.
        together: How they answered, voting, on the rows held out; None if some were not trained to
            the end, or no rows were held out.
        signal: The signal that interrupted it; None if nothing did.
    """

    run: RunFolder
    members: list[Outcome]
    together: Evaluation | None
    signal: int | None

    def results(self) -> list[str]:
        """What was reached, as lines for people."""
        lines = [line for member in self.members for line in member.results()]
        if self.together is not None:
            lines.append(
                f"{self.run}: {self.together.accuracy:.2%} of the validation rows right, "
                "voting together"
            )
        if self.signal is None:
            lines.append(
                f"{self.run}: {len(self.members)} members, which vote together in: "
                f"nntrain predict {self.run}"
            )
        return lines


def fit_committee(
    config: Config,
    make_run: Callable[[], RunFolder],
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
) -> CommitteeOutcome:
    """Train a new committee.

    Args:
        config: Complete; asks for several members.
        make_run: Makes the committee's folder; called when the data are known to be good.
        reporter: Is told what happens.
        threads: As in `fit`.
        data: Likewise.

    Raises:
        DataError, RunError, DivergenceError, NNTrainError: As in `fit`.
    """
    data = data or read_data(config, reporter)
    run = make_run()
    with run.lock():
        return _go_through(config, run, {}, data, reporter, threads)


def resume_committee(
    config: Config, run: RunFolder, reporter: Reporter, threads: int = 1, data: Split | None = None
) -> CommitteeOutcome:
    """Keep the finished members, go on with the one that was stopped, and train the missing ones.

    Args:
        config: As the committee was begun with; only `training.epochs` and `members` may be larger.
        run: The committee's folder, whatever stopped its training.
        reporter: Is told what happens.
        threads: As in `fit`.
        data: Likewise.

    Raises:
        ConfigError, CheckpointError, RunError, DataError, DivergenceError, NNTrainError: As in
            `resume`.
    """
    with run.lock():
        return _resume(config, run, reporter, threads, data)


def _resume(
    config: Config, run: RunFolder, reporter: Reporter, threads: int, data: Split | None
) -> CommitteeOutcome:
    check_same_config(run, config, run.config(), may_grow=("training.epochs", "members"))
    data = data or read_data(config, reporter)
    finished: dict[Path, Progress] = {}
    for number, member in enumerate(run.members(), 1):
        file, saved = newest_checkpoint(member, reporter)
        if saved is not None:
            # The committee's own file, which somebody may have edited, does not say how they began.
            begun = parse_config(saved.meta.config, str(file))
            check_same_config(member, _as_long(member_config(config, number), begun), begun)
            check_same_rows(member, config, saved, digest(*data))
            epochs, patience = config.training.epochs, config.training.patience
            if is_finished(saved.progress.history, epochs, patience):
                finished[member.folder] = saved.progress
    run.write_config(config)
    return _go_through(config, run, finished, data, reporter, threads)


def member_config(config: Config, number: int) -> Config:
    """The complete configuration of one member of a committee, counted from 1."""
    return config.model_copy(
        update={
            "seed": (config.seed + number - 1) % SEEDS,
            "members": 1,
            "data": config.data.model_copy(update={"split_seed": split_seed(config)}),
        }
    )


def _as_long(asked: Config, begun: Config) -> Config:
    """A member may have been trained longer by itself."""
    epochs = max(asked.training.epochs, begun.training.epochs)
    training = asked.training.model_copy(update={"epochs": epochs})
    return asked.model_copy(update={"training": training})


def _go_through(
    config: Config,
    run: RunFolder,
    finished: Mapping[Path, Progress],
    data: Split,
    reporter: Reporter,
    threads: int,
) -> CommitteeOutcome:
    outcomes: list[Outcome] = []
    with defer_signals() as interruption:
        for number, member in enumerate(run.members(), 1):
            if interruption.signal is not None:
                break
            if member.folder in finished:
                reporter.on_member_begin(number, config.members, f"{member}, finished already")
                progress = finished[member.folder]
                member.write_progress(
                    progress
                )  # a kill may have come between it and the checkpoint
                outcomes.append(Outcome(member, progress.history, None))
                continue
            its_config = member_config(config, number)
            reporter.on_member_begin(number, config.members, f"{member}, seed {its_config.seed}")
            try:
                outcomes.append(
                    resume(its_config, member, reporter, threads, data)
                    if member.config_file.exists()
                    else fit(
                        its_config, partial(member.prepare, its_config), reporter, threads, data
                    )
                )
            except DivergenceError as error:
                raise DivergenceError(
                    f"{member}: {error}, in a new committee; or let the members that are finished "
                    "vote without it: name them to nntrain predict"
                ) from error
    # A signal that came when the last member was finished already has interrupted nothing.
    whole = len(outcomes) == config.members and outcomes[-1].signal is None
    held_out = data[1] if whole else None
    together = evaluate(load_models([run]), held_out, threads=threads) if held_out else None
    return CommitteeOutcome(run, outcomes, together, None if whole else interruption.signal)
