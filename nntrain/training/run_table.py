"""Table of runs: metrics, and the differences of their configurations."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from nntrain.config import Config
from nntrain.config.diff import diff_configs
from nntrain.config.schema import ConfigModel
from nntrain.errors import NNTrainError
from nntrain.training.progress import best, is_finished
from nntrain.training.run import RunFolder


@dataclass(frozen=True)
class RunSummary:
    """Summary of a run or a committee.

    Attributes:
        run: The folder.
        config: The configuration.
        members: The configured number of networks.
        begun: The number of networks that have finished an epoch.
        best_epoch: The best epoch; None before the first epoch, and for a committee.
        train_accuracy: Training accuracy in the best epoch, the mean over the members that have
            finished an epoch; NaN if none has.
        val_accuracy: Validation accuracy after the best epoch, the mean over the same members; NaN
            without validation rows, too.
        epochs: The number of finished epochs of all members.
        planned: The configured number of epochs of all members.
        seconds: Wall time of all finished epochs.
        finished: Whether all members are finished.
        rank: Sort key, greater is better.
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
    """Summaries of all runs.

    Attributes:
        runs: The readable runs, the best first, those without a finished epoch last.
        unreadable: The errors of all others.
    """

    runs: list[RunSummary]
    unreadable: dict[RunFolder, NNTrainError]

    def differences(self) -> dict[str, list[Any]]:
        """The keys whose values differ, and the value of each run; see `nntrain.config.diff`."""
        return diff_configs([summary.config for summary in self.runs])

    def as_dicts(self) -> list[dict[str, Any]]:
        """The table as JSON types, one dictionary per run; None where unknown."""
        differing = self.differences()
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
                "differences": {key: _jsonable(found[number]) for key, found in differing.items()},
            }
            for number, summary in enumerate(self.runs)
        ] + [{"run": str(run), "unreadable": str(error)} for run, error in self.unreadable.items()]


def overview(runs: Sequence[RunFolder]) -> RunTable:
    """Read the folders of these runs, in whatever state they are."""
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
        # A validated run ranks above one that was not, whatever its training accuracy.
        rank=(int(tops[0].validated), *ranks) if tops else (-1, 0.0, 0.0),
    )


def _mean(values: Iterable[float]) -> float:
    """The mean; NaN if there are no values."""
    numbers = list(values)
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


def _jsonable(value: object) -> object:
    """A value of a configuration as JSON types.

    Pydantic 2.13's own to_jsonable_python fails at parts whose serializers are not built yet.
    """
    match value:
        case ConfigModel():
            return value.model_dump(mode="json")
        case tuple():
            return [_jsonable(item) for item in value]
    return value


def _or_none(share: float) -> float | None:
    return None if math.isnan(share) else share
