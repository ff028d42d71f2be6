"""What a training tells while it runs: notices, and a bar where there is a terminal."""

import sys
from contextlib import AbstractContextManager
from typing import Any, TextIO

from tqdm import tqdm

from nntrain.errors import printable
from nntrain.training.progress import EpochRecord, Progress


class Reporter(AbstractContextManager["Reporter"]):
    """Tells nothing; the base of those that tell something."""

    def __exit__(self, *exception: object) -> None:
        """Clear away whatever is on the screen."""

    def notice(self, text: str) -> None:
        """One line that people should know."""

    def member(self, number: int, members: int, what: str) -> None:
        """What follows is about one member of a committee, counted from 1."""

    def begin(self, epochs: int, batches: int, progress: Progress) -> None:
        """The training begins, or goes on from `progress`, with so many batches an epoch."""

    def batch(self, progress: Progress) -> None:
        """One more batch is done."""

    def epoch(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """One more epoch is done."""


class TerminalReporter(Reporter):
    """Writes to stderr: a line for each epoch, and a tqdm bar if stderr is a terminal."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._member = ""

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def notice(self, text: str) -> None:
        """Write the line above the bar."""
        tqdm.write(printable(text), file=self._stream())

    def member(self, number: int, members: int, what: str) -> None:
        """Write a line, and keep the member's number beside the bar."""
        self._member = f"member {number} of {members}, "
        self.notice(f"member {number} of {members}: {what}")

    def begin(self, epochs: int, batches: int, progress: Progress) -> None:
        """Draw the bar."""
        self._bar = self._make_bar(
            total=epochs * batches,
            initial=progress.epoch * batches + progress.batch,
            unit="batch",
            leave=False,
            dynamic_ncols=True,
        )

    def batch(self, progress: Progress) -> None:
        """Move the bar."""
        # tqdm's update is true when it has just drawn the bar: only then are words worth making.
        if self._bar is not None and self._bar.update():
            self._bar.set_description(f"{self._member}epoch {progress.epoch + 1}", refresh=False)
            if progress.rows == 0:
                return
            self._bar.set_postfix_str(
                f"loss {progress.loss_sum / progress.rows:.4f}, "
                f"accuracy {progress.correct / progress.rows:.2%}",
                refresh=False,
            )

    def epoch(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Write the epoch's line; a star marks the best so far."""
        validation = (
            f"   validation: loss {record.val_loss:.4f}, accuracy {record.val_accuracy:.2%}"
            if record.validated
            else ""
        )
        self.notice(
            f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}  {record.seconds:6.2f} s   "
            f"training: loss {record.train_loss:.4f}, accuracy {record.train_accuracy:.2%}"
            f"{validation}{' *' if is_best else ''}"
        )

    def _stream(self) -> TextIO:
        """Where lines are written."""
        return sys.stderr

    def _make_bar(self, **settings: Any) -> "tqdm[Any]":
        return tqdm(disable=None, **settings)
