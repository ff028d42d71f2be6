"""Interrupted training runs, and comparison of their results."""

import csv
import signal
from dataclasses import replace
from pathlib import Path

from nntrain.config import Config
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.fit import Outcome, fit
from nntrain.training.progress import Progress
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder


def without_seconds(run: Path) -> list[list[str]]:
    names, *rows = csv.reader((run / "metrics.csv").read_text("utf-8").splitlines())
    at = names.index("seconds")
    return [[*row[:at], *row[at + 1 :]] for row in (names, *rows)]


def rows_without_time(run: RunFolder) -> list[tuple[float, ...]]:
    return [(record.epoch, *record[2:]) for record in run.history()]


BATCHES = 4 * 10  # four epochs of 150 rows in batches of 16
# A network with layers of every kind, for the tiny problem's pictures of 4×4 pixels.
CONVOLUTIONAL = (
    "network=[{conv: 3, kernel: 3, padding: same, activation: relu}, {max_pool: 2, stride: 1}, "
    "{conv: 4, kernel: 2, activation: tanh}, {mean_pool: 2}, {dense: 3, activation: softmax}]"
)


class Interrupting(Reporter):
    """Presses Ctrl-C after the given batches, counted over the whole process."""

    def __init__(self, *at: int) -> None:
        self.at = set(at)
        self.count = 0

    def on_batch_end(self, progress: Progress) -> None:
        self.count += 1
        if self.count in self.at:
            signal.raise_signal(signal.SIGINT)


class Listening(Reporter):
    heard = ""

    def log(self, text: str) -> None:
        self.heard += f"{text}\n"


def start_run(config: Config, folder: Path, reporter: Reporter | None = None) -> Outcome:
    """Train a new run in a folder."""
    return fit(config, lambda: RunFolder.create(folder, config), reporter or Reporter())


def assert_same(run: RunFolder, undisturbed: RunFolder) -> None:
    for name in ("last.npz", "best.npz"):
        ours = checkpoint.load(run.folder / name)
        theirs = checkpoint.load(undisturbed.folder / name)
        assert ours.parameters.tobytes() == theirs.parameters.tobytes()
        assert ours.optimizer_state.keys() == theirs.optimizer_state.keys()
        for key, array in ours.optimizer_state.items():
            assert array.tobytes() == theirs.optimizer_state[key].tobytes()
    assert rows_without_time(run) == rows_without_time(undisturbed)
    assert run.layers() == undisturbed.layers()


def remains(run: Path) -> list[str]:
    return [path.name for path in run.glob(".*") if path.name != ".lock"]


def assert_as_if_undisturbed(run: Path, undisturbed: Path) -> None:
    """Weights and metrics, byte for byte; only times may differ."""
    assert_same(RunFolder(run), RunFolder(undisturbed))
    assert without_seconds(run) == without_seconds(undisturbed)
    assert remains(run) == []


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def with_meta(saved: Checkpoint, **changed: object) -> Checkpoint:
    return replace(saved, meta=saved.meta.model_copy(update=changed))
