"""From a CSV to an accuracy on rows held out: whole cold processes, the same recipe for all."""

import csv
import signal
import statistics
import subprocess
import time
from pathlib import Path

from alternating import (
    FIRST,
    HERE,
    NNTRAIN,
    SEEN,
    PeerError,
    Task,
    alternate,
    environment,
    failures,
    overriding,
    reason,
    run,
    table,
)
from datasets import BenchData

HEADING = "Time to accuracy"
CONFIG = HERE.parent / "configs" / "quick.yaml"
SCRIPTS = {
    "pandas + PyTorch": "pytorch_accuracy.py",
    "pandas + JAX": "jax_scan_accuracy.py",
    "pandas + scikit-learn": "scikit_learn_accuracy.py",
}
EPOCHS = 30
POLL_SECONDS = 0.02
Needed = dict[str, list[int]]


def measure(data: BenchData) -> list[str]:
    """The table of seconds, and of the epochs that were needed."""
    folder = data.folder / "accuracy"
    folder.mkdir()
    size = data.size
    needed: Needed = {name: [] for name in (FIRST, SEEN, *SCRIPTS)}
    tasks = {
        FIRST: _ours(data, folder, FIRST, needed, None),
        SEEN: _ours(data, folder, SEEN, needed, folder / "seen"),
        **{name: _theirs(data, name, script, needed) for name, script in SCRIPTS.items()},
    }
    times = alternate(tasks, size.rounds)
    counted = {name: found[1:] for name, found in needed.items() if found[1:]}  # from round 1 on
    notes = {
        name: f"{statistics.median(found):g} ({min(found)}–{max(found)})"
        for name, found in counted.items()
    }
    return [
        *table(times, (FIRST, SEEN), {"epochs": notes}),
        "",
        f"Seconds from a process's start to its end, median of {size.rounds} alternating rounds "
        f"(least–most), each round with another seed: read {size.train:,} rows of "
        f"{data.origin}, train on all but the last {size.held_out:,}, validate on those "
        f"after each epoch, stop at {size.target:.0%} or after {EPOCHS} epochs. All train "
        "784-300-100-10 (relu, softmax, cross-entropy) in batches of 128 with Nesterov momentum "
        "0.9 at a constant learning rate of 0.05, without weight decay. nntrain is "
        f"`nntrain fit`, whose metrics.csv is read every {POLL_SECONDS * 1000:.0f} ms, stopped by "
        "SIGTERM; its time includes checkpoints and a clean exit. The others are the scripts in "
        "`benchmarks/jobs/`. JAX omits an epoch's last batch if it is not full.",
        *failures(times),
    ]


def _overrides(data: BenchData, seed: int) -> list[str]:
    """The recipe that all competitors have."""
    return overriding(
        f"seed={seed}",
        f"data.train={data.train}",
        f"data.validation={data.size.held_out}",
        f"training.epochs={EPOCHS}",
        "training.optimizer={name: nesterov, learning_rate: 0.05, momentum: 0.9}",
        "training.schedule={name: constant}",
    )


def _ours(data: BenchData, folder: Path, name: str, needed: Needed, cache: Path | None) -> Task:
    """Fit, and end it when it is good enough; without a cache folder, with a new one each round."""

    def task(number: int) -> float:
        trained = folder / f"{name} {number}"
        words = [*NNTRAIN, "fit", str(CONFIG), *_overrides(data, number)]
        started = time.perf_counter()
        process = subprocess.Popen(
            [*words, "--run", str(trained)],
            env=environment(cache or folder / f"cache {number}"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        epoch = None
        while epoch is None and process.poll() is None:
            time.sleep(POLL_SECONDS)
            epoch = _epoch_reached(trained / "metrics.csv", data.size.target)
        process.send_signal(signal.SIGTERM)  # nothing happens to a process that has ended
        _, errors = process.communicate()
        seconds = time.perf_counter() - started
        if epoch is None:
            if process.returncode == 0:
                raise PeerError(f"{data.size.target:.0%} not reached in {EPOCHS} epochs")
            raise PeerError(reason(errors, process.returncode))
        needed[name].append(epoch)
        return seconds

    return task


def _epoch_reached(metrics: Path, target: float) -> int | None:
    """The first epoch that is good enough, if there is one yet."""
    if not metrics.exists():
        return None
    with metrics.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if float(row["val_accuracy"]) >= target:
                return int(row["epoch"])
    return None


def _theirs(data: BenchData, name: str, script: str, needed: Needed) -> Task:
    def task(number: int) -> float:
        size = data.size
        options = (data.train, size.held_out, size.target, number)
        seconds, epochs = run(NNTRAIN[0], HERE / "jobs" / script, *options)
        needed[name].append(int(epochs))
        return seconds

    return task
