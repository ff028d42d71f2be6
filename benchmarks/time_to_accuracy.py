"""From a CSV to several accuracies on rows held out: whole cold processes, many recipes."""

import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from accuracy_runs import POLL_SECONDS, Curve, Fit, Runs, Script, Training
from alternating import FIRST, NNTRAIN, SEEN, PeerError, run
from datasets import BenchData, BenchSize

HEADING = "Time to accuracy"
MOST_ROUNDS = 3
FIRST_SEED = 101  # the configurations below were chosen with others

# For each target, the fastest of our configurations; with a one-cycle schedule, the accuracy is
# reached at the end, so the fewest epochs that suffice.
OURS = (
    Fit("quick.yaml", ("training.epochs=2",)),
    Fit("quick.yaml", ("training.epochs=4",)),
    Fit("conv-quick.yaml"),
    Fit("conv.yaml", ("training.epochs=8",)),
    Fit("conv.yaml", ("training.epochs=20",)),
)
DENSE = Fit(
    "quick.yaml",
    (
        "training.epochs=30",
        "training.optimizer={name: nesterov, learning_rate: 0.05, momentum: 0.9}",
        "training.schedule={name: constant}",
    ),
)
CONVOLUTIONAL = Fit("conv.yaml", ("data.distortion=null",))
ONE_FOR_ALL: dict[str, Training] = {
    "same dense: nntrain": DENSE,
    "same dense: PyTorch": Script("pytorch_accuracy.py"),
    "same dense: JAX": Script("jax_scan_accuracy.py"),
    "same dense: scikit-learn": Script("scikit_learn_accuracy.py"),
    "same conv.: nntrain": CONVOLUTIONAL,
    "same conv.: PyTorch": Script("pytorch_conv_accuracy.py"),
    "same conv.: Keras on JAX": Script("keras_conv_accuracy.py"),
    "usual: PyTorch's example": Script("pytorch_example_accuracy.py"),
    "usual: Keras' example on JAX": Script("keras_example_accuracy.py"),
    "usual: JAX's example": Script("jax_example_accuracy.py"),
    "usual: scikit-learn's defaults": Script("scikit_learn_defaults_accuracy.py"),
}


class Job(NamedTuple):
    """A training, and the cells of the table that it fills.

    Attributes:
        row: The row's name.
        training: What is run.
        targets: Of the columns.
    """

    row: str
    training: Training
    targets: tuple[float, ...]


class Found(NamedTuple):
    """What was measured of a job.

    Attributes:
        curves: One a round.
        failures: Why there are no more, if the process has failed.
    """

    curves: list[Curve]
    failures: list[str]


def measure(data: BenchData) -> list[str]:
    """The table of seconds, and what they are."""
    size = data.size
    seen = data.folder / "accuracy-seen"
    _warm_up(data, seen)
    rounds = min(MOST_ROUNDS, size.rounds)
    jobs = list(_jobs(size))
    found = _alternate(Runs(data, seen, data.kept), jobs, rounds)
    return [
        *_table(jobs, found, size),
        "",
        *_text(data, rounds),
        *(
            f"{job.row} failed: {failure}."
            for job, one in zip(jobs, found, strict=True)
            for failure in one.failures
        ),
    ]


def _warm_up(data: BenchData, seen: Path) -> None:
    """Let nntrain see the CSV, and bring the libraries from the disk into the system's memory."""
    once = Fit("quick.yaml", ("training.epochs=1",))
    with TemporaryDirectory(dir=data.folder) as folder:
        run(*once.command(data, FIRST_SEED, Path(folder)), cache=seen)
    imports = "keras, pandas, sklearn.neural_network, torch"
    run(NNTRAIN[0], "-c", f"import os; os.environ['KERAS_BACKEND'] = 'jax'; import {imports}")


def _jobs(size: BenchSize) -> Iterator[Job]:
    for row, seen in ((FIRST, False), (SEEN, True)):
        for fit, target in zip(OURS, size.targets, strict=True):
            yield Job(row, fit._replace(seen=seen), (target,))
    for row, training in ONE_FOR_ALL.items():
        yield Job(row, training, size.targets)


def _alternate(runs: Runs, jobs: Sequence[Job], rounds: int) -> list[Found]:
    """Do all jobs one after the other, and that several times; who was too slow is not repeated."""
    found = [Found([], []) for _ in jobs]
    for number in range(rounds):
        for job, (curves, failures) in zip(jobs, found, strict=True):
            if failures or any(curve.timed_out for curve in curves):
                continue
            start = f"  round {number + 1}, {job.row}: "
            try:
                curve = runs.curve(job.row, job.training, FIRST_SEED + number, max(job.targets))
            except PeerError as failure:
                failures.append(str(failure))
                print(f"{start}{failure}", flush=True)
                continue
            curves.append(curve)
            reached = (f"{_percent(t)} {_seconds(curve.reached(t))}" for t in job.targets)
            print(f"{start}{', '.join(reached)}; best {_percent(curve.best)}", flush=True)
    return found


def _table(jobs: Sequence[Job], found: Sequence[Found], size: BenchSize) -> list[str]:
    """A line a row, a column a target."""
    rows: dict[str, dict[float, list[Curve]]] = {}
    for job, (curves, _) in zip(jobs, found, strict=True):
        rows.setdefault(job.row, {}).update(dict.fromkeys(job.targets, curves))
    lines = [
        "| " + " | ".join(["", *map(_percent, size.targets), "best"]) + " |",
        "|" + " --- |" * (2 + len(size.targets)),
    ]
    for name, row in rows.items():
        cells = [_cell(row[target], target, size) for target in size.targets]
        best = max((curve.best for curves in row.values() for curve in curves), default=0.0)
        lines.append("| " + " | ".join([name, *cells, _percent(best) if best else "–"]) + " |")
    return lines


def _cell(curves: Sequence[Curve], target: float, size: BenchSize) -> str:
    """The median over all rounds, where those that have not reached the target count as longest."""
    if not curves:
        return "–"
    seconds = [curve.reached(target) for curve in curves]
    reached = [one for one in seconds if math.isfinite(one)]
    if not reached:
        return f"> {_limit(size)}" if any(curve.timed_out for curve in curves) else "not reached"
    median = statistics.median(seconds)
    text = _seconds(median) if math.isfinite(median) else ""
    if len(reached) > 1:
        text += f" ({_seconds(min(reached))}–{_seconds(max(reached))})"
    if len(reached) < len(seconds):
        text += f" in {len(reached)} of {len(seconds)}"
    return text.strip()


def _text(data: BenchData, rounds: int) -> list[str]:
    """What the table shows, and what is the same in its rows."""
    size = data.size
    chosen = "; ".join(
        f"{_percent(target)}: `{fit.config}`"
        + "".join(f" with `{change.replace('=', ': ')}`" for change in fit.changes)
        for fit, target in zip(OURS, size.targets, strict=True)
    )
    return [
        "Seconds from a process's start until the column's accuracy on rows held out is reached: "
        f"median of {rounds} alternating rounds (least–most), each with another seed, on all "
        "cores. Every process starts Python, imports its libraries, reads "
        f"{size.train:,} rows of {data.origin} from the CSV, trains on all but the last "
        f"{size.held_out:,}, and predicts those after each epoch; its output is read every "
        f"{POLL_SECONDS * 1000:.0f} ms. It is ended at the last target. It is also ended after "
        f"{_limit(size)}: where nothing else stands, > {_limit(size)}, and the row has no more "
        'rounds. "not reached": its recipe ended before. "in 2 of 3": one of three rounds did not '
        'reach it, and counts as the longest. "best" is the greatest accuracy after any epoch.',
        "",
        f"**{FIRST}** (its cache folder is empty) and **{SEEN}** (it has read the CSV before): "
        "`nntrain fit`, with checkpoints, in a run of its own for each target, with the "
        "configuration that was the fastest of ours on the same held-out rows with other seeds: "
        f"{chosen}. In the rows below, one run fills all columns, and nntrain's cache is empty.",
        "",
        "**Same dense**: 784-300-100-10 (relu, softmax, cross-entropy) in batches of 128 with "
        "Nesterov momentum 0.9 at a constant learning rate of 0.05, without weight decay, for 30 "
        "epochs. JAX omits an epoch's last batch if it is not full. **Same conv.**: `conv.yaml` "
        "without its distortions, that is 32 and 64 kernels of 5×5, each with 2×2 max-pooling, 128 "
        "neurons with dropout 0.3 (relu, softmax, cross-entropy) in batches of 128 with AdamW, "
        "weight decay 0.01 and a one-cycle learning rate up to 0.003, for 12 epochs. PyTorch, in "
        "its channels-last layout, and Keras decay biases, too. Initial weights are each "
        "library's own. scikit-learn has no convolutions.",
        "",
        "**Usual**, with pandas to read the CSV, else as published: PyTorch's mnist/main.py "
        "(3×3 convolutions of 32 and 64 kernels, dropout, Adadelta, batches of 64, 14 epochs); "
        "Keras' mnist_convnet.py (the same kernels with pooling after each, dropout, Adam, "
        "batches of 128, 15 epochs); JAX's mnist_classifier.py (784-1024-1024-10, momentum, "
        "batches of 128, 10 epochs); scikit-learn's `MLPClassifier()` (784-100-10, Adam, batches "
        "of 200, until the loss no longer falls). The scripts are in `benchmarks/jobs/`.",
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _seconds(seconds: float) -> str:
    if math.isinf(seconds):
        return "not"
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"


def _limit(size: BenchSize) -> str:
    return f"{size.minutes:g} min" if size.minutes >= 1 else f"{60 * size.minutes:g} s"
