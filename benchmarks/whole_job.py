"""The whole job as cold processes: CSV in, ten epochs of the lecture's network, submission out."""

from pathlib import Path

from alternating import (
    FIRST,
    HERE,
    NNTRAIN,
    SEEN,
    Task,
    alternate,
    failures,
    overriding,
    run,
    table,
)
from datasets import BenchData
from submissions import agreement

HEADING = "The whole job"
CONFIG = HERE.parent / "configs" / "lecture.yaml"
SCRIPTS = {
    "pandas + PyTorch": "pytorch.py",
    "pandas + JAX": "jax_scan.py",
    "pandas + scikit-learn": "scikit_learn.py",
}


def measure(data: BenchData) -> list[str]:
    """The table of whole jobs, and how far the answers agree."""
    folder = data.folder / "job"
    seen = folder / "seen"
    folder.mkdir()
    tasks = {
        FIRST: _ours(data, folder, FIRST, None),
        SEEN: _ours(data, folder, SEEN, seen),
        **{name: _theirs(data, folder, name, script) for name, script in SCRIPTS.items()},
    }
    times = alternate(tasks, data.size.rounds)
    notes = {name: agreement(folder / f"{FIRST}.csv", folder / f"{name}.csv") for name in tasks}
    return [
        *table(times, (FIRST, SEEN), {"answers as nntrain's": notes}),
        "",
        "Seconds from the first process's start to the last one's end, median of "
        f"{data.size.rounds} alternating rounds (least–most): read {data.size.train:,} "
        "rows, train 784-100-10 (sigmoid, squared error, plain SGD, batch 32, learning rate 3) "
        f"for ten epochs, read {data.size.test:,} test rows, write a submission. nntrain is "
        "two processes, `nntrain fit` and `nntrain predict`, and saves checkpoints; the others are "
        "the scripts in `benchmarks/jobs/`. The first time, nntrain's cache folder is empty; seen, "
        "it has read both CSVs before. scikit-learn has cross-entropy only, and a tenth of the "
        "learning rate.",
        *failures(times),
    ]


def _ours(data: BenchData, folder: Path, name: str, cache: Path | None) -> Task:
    """Fit and predict; without a cache folder, with a new one each round."""

    def task(number: int) -> float:
        trained = folder / f"{name} {number}"
        fresh = folder / f"cache {number}"
        words = overriding("training.epochs=10", f"data.train={data.train}", "data.validation=0")
        fit, _ = run(*NNTRAIN, "fit", CONFIG, *words, "--run", trained, cache=cache or fresh)
        out = folder / f"{name}.csv"
        files = ("--test", data.test, "--out", out)
        predict, _ = run(*NNTRAIN, "predict", trained, *files, cache=cache or fresh)
        return fit + predict

    return task


def _theirs(data: BenchData, folder: Path, name: str, script: str) -> Task:
    def task(number: int) -> float:
        files = (data.train, data.test, folder / f"{name}.csv")
        return run(NNTRAIN[0], HERE / "jobs" / script, *files)[0]

    return task
