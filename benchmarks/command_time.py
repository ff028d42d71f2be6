"""What nntrain's commands cost beyond the plain calls that they rest on, as cold processes."""

import sys
from pathlib import Path

from alternating import HERE, NNTRAIN, Task, alternate, failures, overriding, run, table
from datasets import BenchData, write_csv
from submissions import agreement

HEADING = "Commands"
CONFIG = HERE.parent / "configs" / "lecture.yaml"
OURS = "from nntrain.data.kaggle import read_csv; import sys; read_csv(sys.argv[1])"
OURS_OUT, PLAIN_OUT = "ours.csv", "plain.csv"
PANDAS = "import pandas, sys; pandas.read_csv(sys.argv[1]).to_numpy()"


def measure(data: BenchData) -> list[str]:
    """Three tables: predicting, starting, reading."""
    folder = data.folder / "commands"
    folder.mkdir()
    lines = []
    for what, tasks, ours in (
        (
            f"Predicting {data.size.predicted:,} rows with 784-100-10",
            _predicting(data, folder),
            ("nntrain predict, first time", "nntrain predict, CSV seen"),
        ),
        ("Starting", _starting(), ("nntrain --help",)),
        (
            f"Reading a training CSV of {data.size.train:,} rows",
            _reading(data, folder),
            ("nntrain's read_csv, first time", "nntrain's read_csv, CSV seen"),
        ),
    ):
        print(what, flush=True)
        times = alternate(tasks, data.size.rounds)
        lines += [f"{what}:", "", *table(times, ours, {}), "", *failures(times)]
    return [
        *lines,
        f"Seconds of a whole process: median of {data.size.rounds} alternating rounds "
        "(least–most). The first time, nntrain's cache folder is empty. Of the rows, "
        f"{agreement(folder / OURS_OUT, folder / PLAIN_OUT)} are predicted alike.",
    ]


def _predicting(data: BenchData, folder: Path) -> dict[str, Task]:
    """`nntrain predict` with a run that it makes, and `jobs/plain_predict.py`."""
    test, trained, seen = folder / "test.csv", folder / "run", folder / "predict seen"
    write_csv(test, [(data.pixels[: data.size.predicted], None)])
    words = overriding("training.epochs=1", f"data.train={data.train}", "data.validation=0")
    run(*NNTRAIN, "fit", CONFIG, *words, "--run", trained, cache=folder / "fit")

    def predict(cache: Path) -> float:
        files = ("--test", test, "--out", folder / OURS_OUT)
        return run(*NNTRAIN, "predict", trained, *files, cache=cache)[0]

    def plain(number: int) -> float:
        files = (trained / "best.npz", test, folder / PLAIN_OUT)
        return run(sys.executable, HERE / "jobs" / "plain_predict.py", *files)[0]

    return {
        "nntrain predict, first time": lambda number: predict(folder / f"predict {number}"),
        "nntrain predict, CSV seen": lambda number: predict(seen),
        "pandas.read_csv, NumPy, to_csv": plain,
    }


def _starting() -> dict[str, Task]:
    return {
        "nntrain --help": lambda number: run(*NNTRAIN, "--help")[0],
        "import click": lambda number: run(sys.executable, "-c", "import click")[0],
    }


def _reading(data: BenchData, folder: Path) -> dict[str, Task]:
    def read(code: str, cache: Path | None = None) -> float:
        return run(sys.executable, "-c", code, data.train, cache=cache)[0]

    seen = folder / "read seen"
    return {
        "nntrain's read_csv, first time": lambda number: read(OURS, folder / f"read {number}"),
        "nntrain's read_csv, CSV seen": lambda number: read(OURS, seen),
        "pandas.read_csv(…).to_numpy()": lambda number: read(PANDAS),
    }
