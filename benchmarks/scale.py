"""How `nntrain fit` fares when there are ten and fifty times as many rows: time and memory."""

import csv
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil
from alternating import HERE, NNTRAIN, PeerError, environment, overriding, reason
from datasets import BenchData, distorted, write_csv

HEADING = "Scale"
CONFIG = HERE.parent / "configs" / "lecture.yaml"
EPOCHS = 4
POLL_SECONDS = 0.05
DISK_BYTES_PER_ROW = 3_200  # a CSV's row, some 1,900, and what the cache keeps of it
OTHER_DISK_BYTES = 2e9
STATUS = Path("/proc/self/status")


class Fit(NamedTuple):
    """What was seen of one process.

    Attributes:
        seconds: From start to end.
        epochs: Seconds of each epoch.
        peak: Bytes of memory at most.
        anonymous: Bytes at most that are the process's own, not a file's; 0 where none can tell.
    """

    seconds: float
    epochs: list[float]
    peak: int
    anonymous: int

    @property
    def rest(self) -> float:
        """Seconds for all but the epochs."""
        return self.seconds - sum(self.epochs)


def measure(data: BenchData) -> list[str]:
    """A line for each number of rows."""
    sizes, refused = _affordable(data)
    fits = _all_fits(data, sizes)
    lines = [
        "| rows | CSV | first time, s | CSV seen, s | first time, all but the epochs, s "
        "| CSV seen, all but the epochs, s | epoch, s | epoch per 60,000 rows, relative "
        "| peak memory, first time | peak memory, CSV seen |",
        "|" + " --- |" * 10,
    ]
    base: float | None = None
    for rows, (size, first, seen) in fits.items():
        epoch = statistics.median(second for fit in first + seen for second in fit.epochs[1:])
        base = base or epoch / rows
        cells = [
            f"{rows:,}",
            f"{size / 1e9:.2f} GB",
            f"{statistics.median(fit.seconds for fit in first):.2f}",
            f"{statistics.median(fit.seconds for fit in seen):.2f}",
            f"{statistics.median(fit.rest for fit in first):.2f}",
            f"{statistics.median(fit.rest for fit in seen):.2f}",
            f"{epoch:.3f}",
            f"{epoch / rows / base:.2f}",
            _memory(first),
            _memory(seen),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    rounds_said = ", ".join(f"{rounds}" for _, rounds in data.size.sizes)
    lines += [
        "",
        f"`nntrain fit` of 784-100-10 (sigmoid, squared error, SGD, batch 128) for {EPOCHS} epochs "
        f"on {data.origin}, from row {len(data.pixels):,} on moved by up to two pixels and "
        f"with noisy ink; medians of {rounds_said} alternating rounds of first time and seen. An "
        "epoch is the median of the second and later ones of all rounds. Peak memory is the "
        "greatest VmHWM, which counts pages of files that are mapped; behind it the greatest "
        "RssAnon, which does not.",
        *refused,
    ]
    return lines


def _affordable(data: BenchData) -> tuple[list[tuple[int, int]], list[str]]:
    """The sizes there is room for on the disk, and why not the others."""
    free = shutil.disk_usage(data.folder).free - OTHER_DISK_BYTES
    sizes, refused = [], []
    for rows, rounds in data.size.sizes:
        free -= rows * DISK_BYTES_PER_ROW
        if free < 0:
            refused.append(f"{rows:,} rows were not run: there is no room for them on the disk.")
        else:
            sizes.append((rows, rounds))
    return sizes, refused


def _all_fits(
    data: BenchData, sizes: list[tuple[int, int]]
) -> dict[int, tuple[int, list[Fit], list[Fit]]]:
    """For each number of rows the CSV's size, and what was seen the first time and afterwards."""
    with TemporaryDirectory(dir=data.folder) as folder:
        fits: dict[int, tuple[int, list[Fit], list[Fit]]] = {}
        for rows, _ in sizes:
            path = Path(folder) / f"{rows}.csv"
            write_csv(path, distorted(data.pixels, data.labels, rows))
            fits[rows] = path.stat().st_size, [], []
        for number in range(max((rounds for _, rounds in sizes), default=0)):
            for rows, rounds in sizes:
                if number >= rounds:
                    continue
                path, cache = Path(folder) / f"{rows}.csv", Path(folder) / "cache"
                _, first, seen = fits[rows]
                first.append(_fit(path, cache, Path(folder) / f"{rows} {number} first"))
                seen.append(_fit(path, cache, Path(folder) / f"{rows} {number} seen"))
                shutil.rmtree(cache)
                print(
                    f"  {rows:,}: {first[-1].seconds:.2f} s, {seen[-1].seconds:.2f} s; epochs "
                    + ", ".join(f"{second:.2f}" for second in first[-1].epochs + seen[-1].epochs),
                    flush=True,
                )
    return fits


def _fit(train: Path, cache: Path, trained: Path) -> Fit:
    """Run the process and watch its memory.

    Raises:
        PeerError: Its exit status is not 0.
    """
    words = overriding(
        f"training.epochs={EPOCHS}",
        "training.batch_size=128",
        f"data.train={train}",
        "data.validation=0",
    )
    started = time.perf_counter()
    process = subprocess.Popen(
        [*NNTRAIN, "fit", str(CONFIG), *words, "--run", str(trained)],
        env=environment(cache),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = anonymous = 0
    while process.poll() is None:
        now_peak, now_anonymous = _memory_of(process.pid)
        peak, anonymous = max(peak, now_peak), max(anonymous, now_anonymous)
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - started
    _, errors = process.communicate()
    if process.returncode != 0:
        raise PeerError(f"failed: {reason(errors, process.returncode)}")
    with (trained / "metrics.csv").open(encoding="utf-8", newline="") as file:
        epochs = [float(row["seconds"]) for row in csv.DictReader(file)]
    return Fit(seconds, epochs, peak, anonymous)


def _memory_of(pid: int) -> tuple[int, int]:
    """The peak so far and the anonymous part now, in bytes; zeros when it has just ended."""
    if not STATUS.exists():
        try:
            return psutil.Process(pid).memory_info().rss, 0
        except psutil.Error:
            return 0, 0
    found = {"VmHWM:": 0, "RssAnon:": 0}
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0, 0
    for line in text.splitlines():
        name, _, value = line.partition("\t")
        if name in found:
            found[name] = int(value.split()[0]) * 1024
    return found["VmHWM:"], found["RssAnon:"]


def _memory(fits: list[Fit]) -> str:
    peak = max(fit.peak for fit in fits)
    anonymous = max(fit.anonymous for fit in fits)
    return (
        f"{peak / 1e6:,.0f} MB ({anonymous / 1e6:,.0f})" if anonymous else f"{peak / 1e6:,.0f} MB"
    )
