"""Epoch times of nntrain and its competitors.

Each competitor is one process that lives as long as the section; in every round all of them run the
same case one after the other, so that drifts of the machine affect all alike.
"""

import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from alternating import HERE
from competitors import CASES, COMPETITORS
from datasets import BenchData

from nntrain.data.demo import demo_digits

HEADING = "Epoch time"
SLOW = {
    "torch.compile"
}  # it compiles for minutes; the large networks, where it gains nothing, wait


def measure(data: BenchData) -> list[str]:
    """The table of epoch times; on demo digits always, since time does not depend on them."""
    data = data.folder / "digits.npz"
    pixels, labels = demo_digits(data.size.train)
    np.savez(data, pixels=pixels, labels=labels)
    rounds = data.size.rounds
    processes = {competitor: _start(competitor, data) for competitor in COMPETITORS}
    lines = [
        "| network | "
        + " | ".join(COMPETITORS)
        + " | PyTorch / ours | JAX / ours | sklearn / ours "
        "| floor / ours |",
        "| --- |" + " --- |" * (len(COMPETITORS) + 4),
    ]
    firsts = []
    for number, case in enumerate(CASES):
        seconds: dict[str, list[float]] = {competitor: [] for competitor in COMPETITORS}
        for _ in range(rounds):
            for competitor, process in processes.items():
                if competitor in SLOW and number > 3:
                    continue
                measured = _epoch(process, number)
                if measured is not None:
                    seconds[competitor].append(measured[1])
                    if competitor == "JAX" and len(seconds[competitor]) == 1:
                        firsts.append(f"{measured[0] - measured[1]:.1f}")
        medians = {
            competitor: statistics.median(found) for competitor, found in seconds.items() if found
        }
        cells = [
            f"{medians[competitor]:.3f} ({min(found):.3f}–{max(found):.3f})" if found else "–"
            for competitor, found in seconds.items()
        ]
        ours = medians.get("nntrain")
        ratios = [
            f"{medians[competitor] / ours:.2f}" if ours and competitor in medians else "–"
            for competitor in ("PyTorch", "JAX", "scikit-learn", "floor")
        ]
        lines.append(f"| {case} | " + " | ".join([*cells, *ratios]) + " |")
        print(lines[-1], flush=True)
    for process in processes.values():
        process.kill()
        process.wait()
    lines += [
        "",
        "Seconds for one epoch: median of "
        f"{rounds} alternating rounds (least–most), plain SGD unless stated otherwise, float32. "
        "The floor is the matrix products of the epoch only. JAX's set-up and compilation, not "
        f"included, took {', '.join(firsts)} s. torch.compile was measured for the "
        "first four only.",
    ]
    return lines


def _start(competitor: str, data: Path) -> "subprocess.Popen[str]":
    """A competitor that waits for its first case."""
    return subprocess.Popen(
        [sys.executable, str(HERE / "competitors.py"), competitor, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _epoch(process: "subprocess.Popen[str]", case: int) -> tuple[float, float] | None:
    """Seconds of the first epoch, set-up included, and of one more; None if it failed."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{case}\n")
        process.stdin.flush()
        first, seconds = process.stdout.readline().split()
        return float(first), float(seconds)
    except (OSError, ValueError):
        return None
