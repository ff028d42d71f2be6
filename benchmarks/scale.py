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
from material import Material, distorted, write_csv
from rounds import HERE, NNTRAIN, PeerError, environment, reason

HEADING = "Scale"
CONFIG = HERE.parent / "configs" / "lecture.yaml"
EPOCHS = 3
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


def measure(material: Material) -> list[str]:
    """A line for each number of rows."""
    lines = [
        "| rows | CSV | first time, s | CSV seen, s | first time, all but the epochs, s "
        "| CSV seen, all but the epochs, s | epoch, s | epoch per 60,000 rows, relative "
        "| peak memory, first time | peak memory, CSV seen |",
        "|" + " --- |" * 10,
    ]
    base: float | None = None
    for rows, rounds in material.extent.sizes:
        try:
            cells, epoch = _size(material, rows, rounds)
        except PeerError as failure:
            cells = [str(failure), *["–"] * 8]
        else:
            per_row = epoch / rows
            base = base or per_row
            cells.insert(6, f"{per_row / base:.2f}")
        lines.append("| " + " | ".join([f"{rows:,}", *cells]) + " |")
        print(lines[-1], flush=True)
    rounds_said = ", ".join(f"{rounds}" for _, rounds in material.extent.sizes)
    lines += [
        "",
        f"`nntrain fit` of 784-100-10 (sigmoid, squared error, SGD, batch 128) for {EPOCHS} epochs "
        f"on {material.origin}, from row {len(material.pixels):,} on moved by up to two pixels and "
        f"with noisy ink; medians of {rounds_said} rounds of first time and seen. An epoch is the "
        f"median of the second and later ones of all rounds. Peak memory is the greatest VmHWM, "
        "which counts pages of files that are mapped; behind it the greatest RssAnon, which does "
        "not.",
    ]
    return lines


def _size(material: Material, rows: int, rounds: int) -> tuple[list[str], float]:
    """All cells but the relative one, and the seconds of an epoch."""
    needed = rows * DISK_BYTES_PER_ROW + OTHER_DISK_BYTES
    free = shutil.disk_usage(material.folder).free
    if free < needed:
        raise PeerError(f"not run: {free / 1e9:.0f} GB of disk free, {needed / 1e9:.0f} needed")
    first, seen = [], []
    with TemporaryDirectory(dir=material.folder) as folder:
        path = Path(folder) / "train.csv"
        write_csv(path, distorted(material.pixels, material.labels, rows))
        size = path.stat().st_size
        for number in range(rounds):
            cache = Path(folder) / f"cache {number}"
            first.append(_fit(path, cache, Path(folder) / f"first {number}"))
            seen.append(_fit(path, cache, Path(folder) / f"seen {number}"))
            shutil.rmtree(cache, ignore_errors=True)
            print(f"  {rows:,}: {first[-1].seconds:.2f} s, {seen[-1].seconds:.2f} s", flush=True)
    epoch = statistics.median(second for fit in first + seen for second in fit.epochs[1:])
    cells = [
        f"{size / 1e9:.2f} GB",
        f"{statistics.median(fit.seconds for fit in first):.2f}",
        f"{statistics.median(fit.seconds for fit in seen):.2f}",
        f"{statistics.median(fit.rest for fit in first):.2f}",
        f"{statistics.median(fit.rest for fit in seen):.2f}",
        f"{epoch:.3f}",
        _memory(first),
        _memory(seen),
    ]
    return cells, epoch


def _fit(train: Path, cache: Path, trained: Path) -> Fit:
    """Run the process and watch its memory.

    Raises:
        PeerError: Its exit status is not 0.
    """
    overrides = (
        f"training.epochs={EPOCHS}",
        "training.batch_size=128",
        f"data.train={train}",
        "data.validation=0",
    )
    words = [word for override in overrides for word in ("--set", override)]
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
