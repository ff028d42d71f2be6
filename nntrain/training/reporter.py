"""Progress of a training: log lines, and a progress bar if there is a terminal."""

import shutil
import sys
from contextlib import AbstractContextManager
from typing import Any, TextIO

from tqdm import tqdm

from nntrain.errors import printable
from nntrain.training.error_bar import ErrorBar, sparkline
from nntrain.training.progress import EpochRecord, Progress

# Columns that an epoch's line takes in full, and the bar with everything that tqdm measures.
WIDE = 110
NARROW_BAR = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
CURVE_CELLS = 30  # at most, of the curve that stays after the bar


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
    """Writes to stderr: a line for each epoch, and a bar if stderr is a terminal.

    Finished epochs are drawn in the bar as the curve of their error, which stays after it.
    """

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._member = ""

    def __exit__(self, *exception: object) -> None:
        self._remove_bar()

    def log(self, text: str) -> None:
        """Write the line above the bar."""
        tqdm.write(printable(text), file=self._stream())

    def on_member_begin(self, number: int, members: int, what: str) -> None:
        """Write a line, and show the member's number in the bar."""
        self._member = f"member {number}/{members}, "
        self.log(f"member {number} of {members}: {what}")

    def on_train_begin(self, epochs: int, batches: int, progress: Progress) -> None:
        """Draw the bar, with the errors of the epochs before an interruption."""
        self._remove_bar()
        self._bar = self.create_bar(
            epochs,
            total=epochs * batches,
            initial=progress.epoch * batches + progress.batch,
            unit="batch",
            leave=False,
            dynamic_ncols=True,
            bar_format=NARROW_BAR if self._is_narrow() else None,
        )
        if isinstance(self._bar, ErrorBar):
            self._bar.errors = list(map(_error, progress.history))

    def on_batch_end(self, progress: Progress) -> None:
        """Advance the bar."""
        # tqdm's `update` returns True when it has redrawn the bar; skip formatting otherwise.
        if self._bar is not None and self._bar.update():
            self._bar.set_description(f"{self._member}epoch {progress.epoch + 1}", refresh=False)
            if progress.rows == 0:
                return
            self._bar.set_postfix_str(
                f"loss {progress.loss_sum / progress.rows:.4f}, "
                f"{'' if self._is_narrow() else 'accuracy '}"
                f"{progress.correct / progress.rows:.2%}",
                refresh=False,
            )

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Write the epoch's line; an asterisk marks the best so far."""
        narrow = self._is_narrow()
        training, validation, accuracy = (
            ("  train", "  val", "") if narrow else ("   training", "   validation", "accuracy ")
        )
        metrics = f"{training}: loss {record.train_loss:.4f}, {accuracy}{record.train_accuracy:.2%}"
        if record.validated:
            metrics += (
                f"{validation}: loss {record.val_loss:.4f}, {accuracy}{record.val_accuracy:.2%}"
            )
        if isinstance(self._bar, ErrorBar):
            self._bar.errors.append(_error(record))
        self.log(
            f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}  {record.seconds:6.2f} s"
            f"{metrics}{' *' if is_best else ''}"
        )

    def _remove_bar(self) -> None:
        """Remove the bar; if it drew the curve of the error, leave the curve."""
        bar, self._bar = self._bar, None
        if bar is None:
            return
        shown = not bar.disable
        bar.close()
        if shown and isinstance(bar, ErrorBar) and len(bar.errors) > 1:
            cells = min(len(bar.errors), CURVE_CELLS)
            curve = sparkline(bar.errors, len(bar.errors), cells, levels=bar.levels)
            self.log(f"loss {bar.errors[0]:.4f} {curve} {bar.errors[-1]:.4f}")

    def _is_narrow(self) -> bool:
        """Whether the stream is a terminal without room for the full lines."""
        return self._stream().isatty() and shutil.get_terminal_size().columns < WIDE

    def _stream(self) -> TextIO:
        """The stream that lines are written to."""
        return sys.stderr

    def create_bar(self, epochs: int, **settings: Any) -> "tqdm[Any]":
        """The bar of so many epochs, from the arguments of `tqdm`."""
        return ErrorBar(epochs=epochs, disable=None, **settings)


def _error(record: EpochRecord) -> float:
    """E on the rows that an epoch is judged by."""
    return record.val_loss if record.validated else record.train_loss
