"""Progress of a training: log lines, and a progress bar if there is a terminal."""

import sys
from contextlib import AbstractContextManager
from typing import Any, TextIO

from tqdm import tqdm

from nntrain.errors import printable
from nntrain.training.progress import EpochRecord, Progress


class Reporter(AbstractContextManager["Reporter"]):
    """Callbacks of a training, all of which do nothing here."""

    def __exit__(self, *exception: object) -> None:
        """Remove the progress bar, if there is one."""

    def log(self, text: str) -> None:
        """Show one line of text."""

    def on_member_begin(self, number: int, members: int, what: str) -> None:
        """Called before each member of a committee; `number` counts from 1."""

    def on_train_begin(self, epochs: int, batches: int, progress: Progress) -> None:
        """Called before the first batch; `batches` is the number per epoch."""

    def on_batch_end(self, progress: Progress) -> None:
        """Called after each batch."""

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Called after each epoch has been validated and saved."""


class TerminalReporter(Reporter):
    """Writes to stderr: a line for each epoch, and a tqdm bar if stderr is a terminal."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._member = ""

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def log(self, text: str) -> None:
        """Write the line above the bar."""
        tqdm.write(printable(text), file=self._stream())

    def on_member_begin(self, number: int, members: int, what: str) -> None:
        """Write a line, and show the member's number in the bar."""
        self._member = f"member {number} of {members}, "
        self.log(f"member {number} of {members}: {what}")

    def on_train_begin(self, epochs: int, batches: int, progress: Progress) -> None:
        """Draw the bar."""
        self._bar = self.create_bar(
            total=epochs * batches,
            initial=progress.epoch * batches + progress.batch,
            unit="batch",
            leave=False,
            dynamic_ncols=True,
        )

    def on_batch_end(self, progress: Progress) -> None:
        """Advance the bar."""
        # tqdm's `update` returns True when it has redrawn the bar; skip formatting otherwise.
        if self._bar is not None and self._bar.update():
            self._bar.set_description(f"{self._member}epoch {progress.epoch + 1}", refresh=False)
            if progress.rows == 0:
                return
            self._bar.set_postfix_str(
                f"loss {progress.loss_sum / progress.rows:.4f}, "
                f"accuracy {progress.correct / progress.rows:.2%}",
                refresh=False,
            )

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Write the epoch's line; an asterisk marks the best so far."""
        validation = (
            f"   validation: loss {record.val_loss:.4f}, accuracy {record.val_accuracy:.2%}"
            if record.validated
            else ""
        )
        self.log(
            f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}  {record.seconds:6.2f} s   "
            f"training: loss {record.train_loss:.4f}, accuracy {record.train_accuracy:.2%}"
            f"{validation}{' *' if is_best else ''}"
        )

    def _stream(self) -> TextIO:
        """The stream that lines are written to."""
        return sys.stderr

    def create_bar(self, **settings: Any) -> "tqdm[Any]":
        """The bar, from the arguments of `tqdm`."""
        return tqdm(disable=None, **settings)
