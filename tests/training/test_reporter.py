"""The lines that a training writes to a terminal, a pipe or a file."""

import io
import math
import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nntrain.training.progress import EpochRecord, Progress
from nntrain.training.reporter import TerminalReporter
from tests.support.terminal import Screen, width

LOSSES = st.floats(0, 1e300)
SHARES = st.floats(0, 1)
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e\+\d+)?")


def record(epoch: int, seconds: float, *metrics: float) -> EpochRecord:
    """An epoch with these losses and accuracies."""
    train_loss, train_accuracy, val_loss, val_accuracy = metrics
    return EpochRecord(epoch, seconds, 0.1, train_loss, train_accuracy, val_loss, val_accuracy)


def written(stream: io.StringIO, columns: int, epochs: int, *records: EpochRecord) -> list[str]:
    """The lines for epochs of a training without batches' updates, on a stream as stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        patch.setenv("COLUMNS", str(columns))
        reporter = TerminalReporter()
        for one in records:
            reporter.on_epoch_end(one, epochs, is_best=True)
    return stream.getvalue().splitlines()


@example(10_000, 9999.0, (12_345_678.5, 1.0, 12_345_678.5, 1.0), 80)
@given(
    st.integers(1, 10_000),
    st.floats(0, 9999),
    st.tuples(LOSSES, SHARES, LOSSES, SHARES),
    st.sampled_from([80, 120]),
)
def test_an_epochs_line_fits_and_has_the_numbers_of_a_pipes(
    epoch: int, seconds: float, metrics: tuple[float, ...], columns: int
) -> None:
    one = record(epoch, seconds, *metrics)
    (full,) = written(io.StringIO(), columns, 10_000, one)
    (line,) = written(Screen(), columns, 10_000, one)
    assert width(line) <= columns
    assert "validation: loss" in full
    assert f"loss {metrics[2]:.4f}, accuracy {metrics[3]:.2%} *" in full
    for exact, shown in zip(NUMBER.findall(full), NUMBER.findall(line), strict=True):
        if float(exact) < 9999:
            assert shown == exact
        else:
            assert float(shown) == pytest.approx(float(exact), rel=1e-3)


def test_an_epoch_without_validation_is_written_in_full_in_80_columns() -> None:
    one = record(7, 1.5, 0.25, 0.5, math.nan, math.nan)
    (line,) = written(Screen(), 80, 12, one)
    assert line == "epoch  7/12    1.50 s   training: loss 0.2500, accuracy 50.00% *"


@pytest.mark.parametrize(
    ("validated", "curve"),
    [(True, "validation loss 8.0000 █▆▃▁ 1.0000"), (False, "training loss 1.0000 ▁▃▆█ 8.0000")],
)
def test_a_resumed_trainings_curve_begins_with_the_earlier_epochs(
    monkeypatch: pytest.MonkeyPatch, validated: bool, curve: str
) -> None:
    screen, pipe = Screen(), io.StringIO()
    for stream in (screen, pipe):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("COLUMNS", "80")
        records = [
            record(number, 1, loss, 0.5, 8 / loss if validated else math.nan, 0.5)
            for number, loss in enumerate([1, 2, 4, 8], 1)
        ]
        records = [one if validated else one._replace(val_accuracy=math.nan) for one in records]
        progress = Progress(history=records[:3])
        with TerminalReporter() as reporter:
            reporter.on_train_begin(4, 10, progress)
            begun = stream.getvalue()
            assert ("▁" in begun) == (stream is screen), "drawn before the first epoch's end"
            reporter.on_epoch_end(records[3], 4, is_best=False)
    assert screen.getvalue().splitlines()[-1].split("\r")[-1] == curve
    (line,) = pipe.getvalue().splitlines()
    assert line.startswith("epoch 4/4")
