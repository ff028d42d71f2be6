"""Records, the best epoch, early stopping and the position in a training."""

import pytest

from nntrain.training.progress import EpochRecord, Progress, best, is_finished, summary


def record(epoch: int, accuracy: float, loss: float = 1.0) -> EpochRecord:
    return EpochRecord(epoch, 1.0, 0.1, 1.0, 0.5, loss / epoch, accuracy)


def test_the_best_epoch_is_by_accuracy_then_loss_then_the_earliest() -> None:
    history = [record(1, 0.9), record(2, 0.95, 0.8), record(3, 0.95, 0.6), record(4, 0.95, 0.8)]
    assert best(history).epoch == 3


def test_a_summary_says_how_many_epochs_an_interrupted_run_had_planned() -> None:
    history = [record(1, 0.5), record(2, 0.9), record(3, 0.8)]
    text = "90.00% of the validation rows right after epoch 2 (of 3"
    assert summary(history) == f"{text})"
    assert summary(history, planned=7) == f"{text} finished, of 7 planned)"


@pytest.mark.parametrize(
    ("accuracies", "patience", "finished"),
    [
        ([0.5, 0.6], None, False),
        ([0.5, 0.6, 0.7], None, True),
        ([0.6, 0.5], 1, True),
        ([0.6, 0.6], 1, True),
        ([0.6, 0.5], 2, False),
        ([], 1, False),
    ],
)
def test_training_is_finished_when_epochs_or_patience_are_spent(
    accuracies: list[float], patience: int | None, finished: bool
) -> None:
    history = [record(i + 1, accuracy) for i, accuracy in enumerate(accuracies)]
    assert is_finished(history, 3, patience) is finished


def test_progress_counts_rows_not_batches() -> None:
    progress = Progress()
    progress.add_batch(rows=3, loss_sum=3.0, correct=1)
    progress.add_batch(rows=1, loss_sum=5.0, correct=1)
    row = progress.end_epoch(0.1, 0.2, 0.9, [(0.5, 1e-3), (0.25, 2e-3)])
    assert progress.layers == [(1, 1, 0.5, 1e-3), (1, 2, 0.25, 2e-3)]
    assert (row.epoch, row.train_loss, row.train_accuracy) == (1, 2.0, 0.5)
    assert (progress.batch, progress.rows, progress.epoch) == (0, 0, 1)
