"""A sweep of the tiny problem, and a dispatcher that trains it in this process."""

import random
from pathlib import Path
from typing import Any, cast

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.segment import Files, Segment, SegmentResult, run_segment
from nntrain.config import load_config
from nntrain.sweep.ranking import ranking
from nntrain.sweep.runner import SweepCallback, run_sweep
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import Trials, open_trials
from nntrain.training import checkpoint
from nntrain.training.progress import EpochRecord
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split, read_data
from tests.support.tiny import SWEEP


def variant(name: str, *changes: tuple[str, str]) -> str:
    """Write the sweep with these replacements to a file, and return its name."""
    text = SWEEP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    Path(name).write_text(text)
    return name


class Killed(BaseException):
    """Stands for the end of the process."""


class InlineDispatcher:
    """Trains on tiny.yaml's rows in this process, and finishes segments in random order."""

    def __init__(
        self,
        workers: int = 2,
        seed: int = 0,
        seconds: float = 1e9,
        killed_after: int | None = None,
        data: Split | None = None,
    ) -> None:
        self.data = data or read_data(load_config("tiny.yaml"), Reporter())
        self.workers = workers
        self.random = random.Random(seed)
        self.seconds = seconds
        self.waiting: list[tuple[Segment, Files]] = []
        self.segments = 0
        self.waits_left = killed_after

    @property
    def busy(self) -> bool:
        return bool(self.waiting)

    @property
    def idle(self) -> int:
        return max(0, self.workers - len(self.waiting))

    def start(self, name: str, config: str, files: Files, until: int | None) -> None:
        self.waiting.append((Segment(name, config, until, 1, self.seconds), files))

    def wait(self) -> list[tuple[str, SegmentResult]]:
        if self.waits_left is not None:
            self.waits_left -= 1
            if self.waits_left < 0:
                raise Killed
        if not self.waiting or self.random.random() < 0.2:
            return []
        segment, files = self.waiting.pop(self.random.randrange(len(self.waiting)))
        self.segments += 1
        return [(segment.name, run_segment(segment, files, self.data, self.on_epoch_end))]

    def on_epoch_end(self, name: str, record: EpochRecord) -> None:
        """Ignore it."""


def swept(
    dispatcher: InlineDispatcher,
    run: str,
    file: str = "sweep.yaml",
    callback: SweepCallback | None = None,
) -> Trials:
    """Start or resume a sweep with this dispatcher, and run it to its end."""
    with open_trials(load_sweep(Path(file)), Path(run)) as trials:
        run_sweep(trials, cast(Dispatcher, dispatcher), callback or SweepCallback())
    return trials


def outcome(trials: Trials) -> list[tuple[Any, ...]]:
    """The result of a sweep: ranks, values, accuracies, and the weights to the last bit."""
    return [
        (
            one.run.folder.name,
            one.values,
            one.accuracy,
            one.epochs,
            one.state,
            checkpoint.load(one.run.last_file).parameters.tobytes(),
        )
        for one in ranking(trials)
    ]
