"""Runs at a glance: how well each one does, and what differs in their configurations."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pydantic_core import to_jsonable_python

from nntrain.config import Config
from nntrain.config.diff import diff_configs
from nntrain.errors import NNTrainError
from nntrain.training.progress import best, is_finished
from nntrain.training.run import RunFolder


@dataclass(frozen=True)
class RunSummary:
    """A run, or a committee, in a few numbers.

    Attributes:
        run: Its folder.
        config: Its configuration.
        members: How many networks it is to have.
        begun: How many of them have finished an epoch.
        best_epoch: None before the first epoch, and for a committee.
        train_accuracy: In the best epoch; the mean of those of the members that have begun, nan if
            none has.
        val_accuracy: Likewise, after the best epoch; nan without validation rows, too.
        epochs: How many are finished, of all members.
        planned: How many there are to be, at most.
        seconds: Wall time of their training.
        finished: Whether nothing is left to train.
        rank: Greater is better.
    """

    run: RunFolder
    config: Config
    members: int
    begun: int
    best_epoch: int | None
    train_accuracy: float
    val_accuracy: float
    epochs: int
    planned: int
    seconds: float
    finished: bool
    rank: tuple[float, ...]


@dataclass(frozen=True)
class RunTable:
    """What has been trained so far.

    Attributes:
        runs: The best first; those without a finished epoch last.
        unreadable: The runs that cannot be read, and why.
    """

    runs: list[RunSummary]
    unreadable: dict[RunFolder, NNTrainError]

    def differences(self) -> dict[str, list[Any]]:
        """What is not the same in all configurations, as `nntrain.config.diff` has it."""
        return diff_configs([summary.config for summary in self.runs])

    def as_dicts(self) -> list[dict[str, Any]]:
        """All of it in JSON's types, a dictionary for each run; what is not known is None."""
        differing = to_jsonable_python(self.differences())
        return [
            {
                "run": str(summary.run),
                "val_accuracy": _or_none(summary.val_accuracy),
                "train_accuracy": _or_none(summary.train_accuracy),
                "best_epoch": summary.best_epoch,
                "epochs": summary.epochs,
                "planned": summary.planned,
                "seconds": summary.seconds,
                "finished": summary.finished,
                "members": summary.members,
                "differences": {key: values[number] for key, values in differing.items()},
            }
            for number, summary in enumerate(self.runs)
        ] + [{"run": str(run), "unreadable": str(why)} for run, why in self.unreadable.items()]


def overview(runs: Sequence[RunFolder]) -> RunTable:
    """Read what the folders of these runs hold.

    Args:
        runs: Whatever state they are in.
    """
    summaries: list[RunSummary] = []
    unreadable: dict[RunFolder, NNTrainError] = {}
    for run in runs:
        try:
            summaries.append(_summary(run))
        except NNTrainError as error:
            unreadable[run] = error
    summaries.sort(key=lambda summary: summary.rank, reverse=True)
    return RunTable(summaries, unreadable)


def _summary(run: RunFolder) -> RunSummary:
    config = run.config()
    training = config.training
    histories = [member.history() for member in run.members()]
    tops = [best(history) for history in histories if history]
    records = list(chain.from_iterable(histories))
    ranks = map(_mean, zip(*(top.rank for top in tops), strict=True))
    return RunSummary(
        run=run,
        config=config,
        members=len(histories),
        begun=len(tops),
        best_epoch=tops[0].epoch if tops and len(histories) == 1 else None,
        train_accuracy=_mean(top.train_accuracy for top in tops),
        val_accuracy=_mean(top.val_accuracy for top in tops),
        epochs=len(records),
        planned=training.epochs * len(histories),
        seconds=math.fsum(record.seconds for record in records),
        finished=all(
            is_finished(history, training.epochs, training.patience) for history in histories
        ),
        # Training rows say less than rows held out, however well they are answered.
        rank=(int(tops[0].validated), *ranks) if tops else (-1, 0.0, 0.0),
    )


def _mean(values: Iterable[float]) -> float:
    """The mean; nan of none."""
    numbers = list(values)
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


def _or_none(share: float) -> float | None:
    return None if math.isnan(share) else share
