"""Progress of a training: log lines, and a progress bar if there is a terminal."""

import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TextIO

from tqdm import tqdm

from nntrain.columns import can_redraw, named_lines, shorten
from nntrain.errors import printable
from nntrain.training.error_bar import MIN_CELLS, ErrorBar, sparkline
from nntrain.training.progress import EpochRecord, Progress
from nntrain.training.run import RunFolder

# The words of an epoch's line: before the losses, and before the accuracies. A terminal gets the
# first that fit.
WORDS = (
    ("   training: loss ", "   validation: loss ", "accuracy "),
    ("  train: loss ", "  val: loss ", ""),
    (" train ", " val ", ""),
)
# Columns of a terminal that has room for the bar with everything that tqdm measures.
WIDE = 110
WARNING = "warning: "  # begins the lines that --quiet shows
BEST = " *"  # marks the best epoch so far
HUGE = 1e4  # losses from here on are written with an exponent in a terminal
NARROW_BAR = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"


class Reporter(AbstractContextManager["Reporter"]):
    """Callbacks of a training, all of which do nothing here."""

    def __exit__(self, *exception: object) -> None:
        """Remove the progress bar, if there is one."""

    def log(self, text: str) -> None:
        """Show one line of text."""

    def log_about(self, name: str, text: str) -> None:
        """Show what is said of a file or a run."""
        self.log(f"{name}: {text}")

    def on_member_begin(self, kind: str, number: int, members: int, what: str) -> None:
        """Called before each member of a committee or fold; `number` counts from 1."""

    def on_run_begin(self, run: RunFolder, progress: Progress) -> None:
        """Called for each run, member or fold, with its live progress.

        It follows `on_member_begin`. Of a member that is finished already, nothing else is called.
        """

    def on_train_begin(self, epochs: int, batches: int, progress: Progress) -> None:
        """Called before the first batch; `batches` is the number per epoch."""

    def on_batch_end(self, progress: Progress) -> None:
        """Called after each batch."""

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Called after each epoch has been validated and saved."""


class Reporters(Reporter):
    """Several reporters, called one after the other."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self._reporters = reporters

    def __exit__(self, *exception: object) -> None:
        for reporter in self._reporters:
            reporter.__exit__(*exception)

    def log(self, text: str) -> None:
        """Show one line of text."""
        for reporter in self._reporters:
            reporter.log(text)

    def log_about(self, name: str, text: str) -> None:
        """Show what is said of a file or a run."""
        for reporter in self._reporters:
            reporter.log_about(name, text)

    def on_member_begin(self, kind: str, number: int, members: int, what: str) -> None:
        """Pass it on."""
        for reporter in self._reporters:
            reporter.on_member_begin(kind, number, members, what)

    def on_run_begin(self, run: RunFolder, progress: Progress) -> None:
        """Pass it on."""
        for reporter in self._reporters:
            reporter.on_run_begin(run, progress)

    def on_train_begin(self, epochs: int, batches: int, progress: Progress) -> None:
        """Pass it on."""
        for reporter in self._reporters:
            reporter.on_train_begin(epochs, batches, progress)

    def on_batch_end(self, progress: Progress) -> None:
        """Pass it on."""
        for reporter in self._reporters:
            reporter.on_batch_end(progress)

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Pass it on."""
        for reporter in self._reporters:
            reporter.on_epoch_end(record, epochs, is_best)


class EpochCallback(Reporter):
    """Calls a function with the record of each epoch."""

    def __init__(self, function: Callable[[EpochRecord], object]) -> None:
        self._function = function

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Call the function; what it raises ends the training, which is saved."""
        self._function(record)


class QuietReporter(Reporter):
    """Writes warnings to stderr, and nothing else."""

    def log(self, text: str) -> None:
        """Write the line if it is a warning."""
        if text.startswith(WARNING):
            tqdm.write(printable(text), file=sys.stderr)


class TerminalReporter(Reporter):
    """Writes to stderr: a line for each epoch, and a bar if stderr can be drawn on again.

    Finished epochs are drawn in the bar as the curve of their error, which stays after it.
    """

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._member = ""
        self._judged_by = "validation"

    def __exit__(self, *exception: object) -> None:
        self._remove_bar()

    def log(self, text: str) -> None:
        """Write the line above the bar."""
        tqdm.write(printable(text), file=self._stream())

    def log_about(self, name: str, text: str) -> None:
        """Write a line; a long name has a line of its own in a terminal."""
        for line in named_lines(name, text, self._stream()):
            self.log(line)

    def on_member_begin(self, kind: str, number: int, members: int, what: str) -> None:
        """Write a line, and show the member's number in the bar."""
        self._member = f"{kind} {number}/{members}, "
        line = printable(f"{kind} {number} of {members}: {what}")
        self.log(shorten(line, self._columns()) if self._stream().isatty() else line)

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
        if progress.history:
            self._draw(progress.history)
            self._bar.refresh()

    def on_batch_end(self, progress: Progress) -> None:
        """Advance the bar."""
        # tqdm's `update` returns True when it has redrawn the bar; skip formatting otherwise.
        if self._bar is not None and self._bar.update():
            self._bar.set_description(f"{self._member}epoch {progress.epoch + 1}", refresh=False)
            if progress.rows == 0:
                return
            self._bar.set_postfix_str(
                f"loss {_loss(progress.loss_sum / progress.rows)}, "
                f"{'' if self._is_narrow() else 'accuracy '}"
                f"{progress.correct / progress.rows:.2%}",
                refresh=False,
            )

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Write the epoch's line; an asterisk marks the best so far."""
        self._draw([record])
        if self._stream().isatty():
            lines = [_epoch_line(record, epochs, *words, _loss) for words in WORDS]
            room = self._columns() - len(BEST)
            line = next((line for line in lines if len(line) <= room), lines[-1])
        else:
            line = _epoch_line(record, epochs, *WORDS[0], "{:.4f}".format)
        self.log(f"{line}{BEST if is_best else ''}")

    def _draw(self, records: Sequence[EpochRecord]) -> None:
        """Append the errors of finished epochs to the curve in the bar."""
        if isinstance(self._bar, ErrorBar):
            self._bar.errors += map(_error, records)
        for record in records[-1:]:
            self._judged_by = "validation" if record.validated else "training"

    def _remove_bar(self) -> None:
        """Remove the bar; if it drew the curve of the error, leave the curve."""
        bar, self._bar = self._bar, None
        if bar is None:
            return
        shown = not bar.disable
        bar.close()
        if shown and isinstance(bar, ErrorBar) and len(bar.errors) > 1:
            begin = f"{self._judged_by} loss {_loss(bar.errors[0])} "
            end = f" {_loss(bar.errors[-1])}"
            room = max(MIN_CELLS, self._columns() - len(begin + end))
            cells = min(len(bar.errors), room)
            curve = sparkline(bar.errors, len(bar.errors), cells, levels=bar.levels)
            self.log(f"{begin}{curve}{end}")

    def _is_narrow(self) -> bool:
        """Whether the stream is a terminal without room for the full lines."""
        return self._stream().isatty() and self._columns() < WIDE

    def _columns(self) -> int:
        """The columns of the terminal."""
        return shutil.get_terminal_size().columns

    def _stream(self) -> TextIO:
        """The stream that lines are written to."""
        return sys.stderr

    def create_bar(self, epochs: int, **settings: Any) -> "tqdm[Any]":
        """The bar of so many epochs, from the arguments of `tqdm`."""
        return ErrorBar(epochs=epochs, disable=not can_redraw(self._stream()), **settings)


def _epoch_line(
    record: EpochRecord,
    epochs: int,
    training: str,
    validation: str,
    accuracy: str,
    loss: Callable[[float], str],
) -> str:
    """An epoch's time and metrics, with these words before the numbers."""
    line = f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}  {record.seconds:6.2f} s"
    line += f"{training}{loss(record.train_loss)}, {accuracy}{record.train_accuracy:.2%}"
    if record.validated:
        line += f"{validation}{loss(record.val_loss)}, {accuracy}{record.val_accuracy:.2%}"
    return line


def _loss(loss: float) -> str:
    """Four decimals, or an exponent where they would take the room of other numbers."""
    return f"{loss:.3e}" if loss >= HUGE else f"{loss:.4f}"


def _error(record: EpochRecord) -> float:
    """E on the rows that an epoch is judged by."""
    return record.val_loss if record.validated else record.train_loss
