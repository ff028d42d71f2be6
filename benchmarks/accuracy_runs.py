"""Train in a process of its own, and note when each epoch's accuracy was known."""

import csv
import hashlib
import json
import math
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from alternating import HERE, NNTRAIN, PeerError, environment, overriding, reason
from datasets import BenchData

POLL_SECONDS = 0.02
CONFIGS = HERE.parent / "configs"
OUTPUT, ERRORS, RUN = "stdout", "stderr", "run"


class Curve(NamedTuple):
    """How the accuracy of a training grew.

    Attributes:
        points: Seconds since the process's start, and the accuracy; one pair an epoch.
        timed_out: Whether the training was ended because it took too long.
    """

    points: list[tuple[float, float]]
    timed_out: bool

    def reached(self, target: float) -> float:
        """The seconds until the accuracy was the target or better; infinite if it never was."""
        return next((seconds for seconds, accuracy in self.points if accuracy >= target), math.inf)

    @property
    def best(self) -> float:
        """The greatest accuracy; 0 without an epoch."""
        return max((accuracy for _, accuracy in self.points), default=0.0)


class Script(NamedTuple):
    """A competitor's training; prints epoch and accuracy.

    Attributes:
        file: In `jobs/`.
    """

    file: str

    def command(self, data: BenchData, seed: int, folder: Path) -> list[str]:
        """The words of the command line."""
        words = (NNTRAIN[0], HERE / "jobs" / self.file, data.train, data.size.held_out, seed)
        return [str(word) for word in words]

    def accuracies(self, folder: Path) -> list[float]:
        """The accuracy after each epoch so far."""
        complete, _, _ = (folder / OUTPUT).read_text(encoding="utf-8").rpartition("\n")
        return [float(line.split()[1]) for line in complete.splitlines()]

    def source(self) -> str:
        """What the training does, as text."""
        return (HERE / "jobs" / self.file).read_text(encoding="utf-8")


class Fit(NamedTuple):
    """`nntrain fit`.

    Attributes:
        config: In `configs/`.
        changes: Keys of the configuration that are overridden.
        seen: Whether nntrain has read the CSV before.
    """

    config: str
    changes: tuple[str, ...] = ()
    seen: bool = False

    def command(self, data: BenchData, seed: int, folder: Path) -> list[str]:
        """The words of the command line."""
        own = (f"seed={seed}", f"data.train={data.train}", f"data.validation={data.size.held_out}")
        words = [*NNTRAIN, "fit", str(CONFIGS / self.config)]
        return [*words, *overriding(*own, *self.changes), "--run", str(folder / RUN)]

    def accuracies(self, folder: Path) -> list[float]:
        """The accuracy after each epoch so far."""
        metrics = folder / RUN / "metrics.csv"
        if not metrics.exists():
            return []
        with metrics.open(encoding="utf-8", newline="") as file:
            return [float(row["val_accuracy"]) for row in csv.DictReader(file)]

    def source(self) -> str:
        """What the training does, as text: with another nntrain, it is another training."""
        return (CONFIGS / self.config).read_text(encoding="utf-8") + _own_code()


Training = Script | Fit


@cache
def _own_code() -> str:
    files = sorted((HERE.parent / "nntrain").glob("**/*.py"))
    return "".join(file.read_text(encoding="utf-8") for file in files)


class Runs:
    """Trains, or takes a training from a file that was done before.

    Args:
        data: The CSV, and the greatest duration.
        seen: nntrain's cache folder, which has the CSV.
        kept: Holds a JSON object for each training that has ended; None: all are done anew.
    """

    def __init__(self, data: BenchData, seen: Path, kept: Path | None) -> None:
        self.data = data
        self.seen = seen
        self.kept = kept
        self.done: dict[str, dict[str, Any]] = {}
        if kept is not None and kept.exists():
            for line in kept.read_text(encoding="utf-8").splitlines():
                run = json.loads(line)
                self.done[run["key"]] = run

    def curve(self, name: str, training: Training, seed: int, enough: float) -> Curve:
        """Train with this seed until the accuracy is enough, or until the training ends.

        Raises:
            PeerError: The process has failed.
        """
        size = self.data.size
        circumstances = (self.data.origin, size.train, size.held_out, size.minutes, enough, seed)
        described = repr((circumstances, training, training.source()))
        key = hashlib.sha256(described.encode()).hexdigest()[:16]
        run = self.done.get(key)
        if run is None:
            curve = self._train(training, seed, enough)
            run = {"key": key, "name": name, "seed": seed, **curve._asdict()}
            if self.kept is not None:
                with self.kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(run, ensure_ascii=False) + "\n")
        return Curve([(seconds, accuracy) for seconds, accuracy in run["points"]], run["timed_out"])

    def _train(self, training: Training, seed: int, enough: float) -> Curve:
        with TemporaryDirectory(dir=self.data.folder) as name:
            folder = Path(name)
            seen = isinstance(training, Fit) and training.seen
            return _follow(
                training.command(self.data, seed, folder),
                environment(self.seen if seen else folder / "cache"),
                folder,
                lambda: training.accuracies(folder),
                enough,
                60 * self.data.size.minutes,
            )


def _follow(
    command: list[str],
    variables: dict[str, str],
    folder: Path,
    accuracies: Callable[[], list[float]],
    enough: float,
    limit: float,
) -> Curve:
    """Start a process, and end it when its accuracy is enough or after the limit, in seconds."""
    points: list[tuple[float, float]] = []
    with (folder / OUTPUT).open("wb") as output, (folder / ERRORS).open("wb") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=variables, stdout=output, stderr=errors)
        status, timed_out = None, False
        try:
            while status is None and not timed_out and not any(p[1] >= enough for p in points):
                time.sleep(POLL_SECONDS)
                status = process.poll()  # before the accuracies, so that the last is not missed
                seconds = time.perf_counter() - started
                # Some libraries compute the share of right answers in float32.
                points += [(seconds, round(a, 6)) for a in accuracies()[len(points) :]]
                timed_out = status is None and seconds > limit
        finally:
            process.terminate()  # nothing happens to a process that has ended
            process.wait()
    if status or (status == 0 and not points):
        raise PeerError(reason((folder / ERRORS).read_text(encoding="utf-8"), status))
    return Curve(points, timed_out)
