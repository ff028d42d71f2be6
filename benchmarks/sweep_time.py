"""Eight equal trials: as plain `fit`s in a row, and as a sweep on one and on two workers."""

import json
from pathlib import Path

from alternating import HERE, NNTRAIN, Task, Times, alternate, failures, run, table
from datasets import BenchData

HEADING = "Sweeps"
TRIALS = 8
EPOCHS = 3
MOST_ROUNDS = 3
QUICK = HERE.parent / "configs" / "quick.yaml"
PLAIN, ONE, TWO = "eight times nntrain fit", "sweep, one worker", "sweep, two workers"


def measure(data: BenchData) -> list[str]:
    """One table, and what a trial costs beyond its `fit`."""
    folder = data.folder / "sweeps"
    folder.mkdir()
    base = folder / "base.yaml"
    options = [
        f"data.train={data.train}",
        f"data.validation={data.size.held_out}",
        "data.split_seed=0",  # so that the trials' seeds draw weights, but not other rows
        f"training.epochs={EPOCHS}",
    ]
    words = [word for option in options for word in ("--set", option)]
    base.write_text(run(*NNTRAIN, "config", "show", QUICK, *words)[1], encoding="utf-8")
    sweep = folder / "sweep.yaml"
    space = {"seed": {"choice": list(range(1, TRIALS + 1))}}
    sweep.write_text(
        json.dumps({"config": str(base), "strategy": "grid", "space": space}), encoding="utf-8"
    )
    rounds = min(MOST_ROUNDS, data.size.rounds)
    times = alternate(_tasks(folder, base, sweep), rounds)
    return [
        *table(times, (PLAIN,), {"a trial beyond its fit": _overheads(times)}),
        "",
        *failures(times),
        f"Seconds of whole processes, one thread for each training: median of {rounds} alternating "
        f"rounds (least–most). A trial is {EPOCHS} epochs of quick.yaml's network on "
        f"{data.size.train - data.size.held_out:,} rows; reading the CSV, which a "
        f"sweep does once and {TRIALS} fits do {TRIALS} times, is included.",
    ]


def _tasks(folder: Path, base: Path, sweep: Path) -> dict[str, Task]:
    cache = folder / "cache"

    def plain(number: int) -> float:
        return sum(
            run(
                *(*NNTRAIN, "fit", base, "--threads", 1, "--set", f"seed={seed}"),
                *("--run", folder / f"fit-{number}-{seed}"),
                cache=cache,
            )[0]
            for seed in range(1, TRIALS + 1)
        )

    def swept(number: int, workers: int) -> float:
        place = folder / f"sweep-{number}-{workers}"
        options = ("--run", place, "--parallel", workers, "--threads", 1)
        return run(*NNTRAIN, "sweep", sweep, *options, cache=cache)[0]

    return {
        PLAIN: plain,
        ONE: lambda number: swept(number, 1),
        TWO: lambda number: swept(number, 2),
    }


def _overheads(times: dict[str, Times]) -> dict[str, str]:
    """Seconds; on one worker, since two share the machine's memory."""
    plain, one = times[PLAIN].median, times[ONE].median
    return {} if plain is None or one is None else {ONE: f"{(one - plain) / TRIALS:+.2f}"}
