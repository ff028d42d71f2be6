"""Epoch times of nntrain and its competitors.

Each competitor is one process that lives as long as the section; in every round all of them run the
same case one after the other, so that drifts of the machine affect all alike.
"""

import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from alternating import HERE
from competitors import CASES, COMPETITORS
from datasets import BenchData

from nntrain.data.demo import demo_digits

HEADING = "Epoch time"
RIVALS = ("PyTorch", "JAX", "scikit-learn", "floor")


def measure(data: BenchData) -> list[str]:
    """The table of epoch times; on demo digits always, since time does not depend on them."""
    # torch.compile takes minutes, and gains nothing for the large networks.
    table, compiling = alternate(data, "competitors.py", COMPETITORS, CASES, RIVALS, 4)
    return [
        *table,
        "",
        "Seconds for one epoch: median of "
        f"{data.size.rounds} alternating rounds (least–most), plain SGD unless stated otherwise, "
        "float32. The floor is the matrix products of the epoch only. JAX's set-up and "
        f"compilation, not included, took {', '.join(compiling)} s. torch.compile was measured "
        "for the first four only.",
    ]


def alternate(
    data: BenchData,
    script: str,
    competitors: Mapping[str, Any],
    cases: Sequence[Any],
    rivals: Sequence[str],
    compiled: int,
) -> tuple[list[str], list[str]]:
    """A table of seconds by case and competitor, and the seconds of JAX's first epochs.

    Args:
        data: The folder for the digits, and the sizes.
        script: A module that serves these competitors and cases.
        competitors: The columns.
        cases: The rows.
        rivals: The competitors whose times are divided by ours in further columns.
        compiled: torch.compile is measured in so many rows.
    """
    digits = data.folder / "digits.npz"
    pixels, labels = demo_digits(data.size.train)
    np.savez(digits, pixels=pixels, labels=labels)
    processes = {competitor: _start(script, competitor, digits) for competitor in competitors}
    heads = ["network", *competitors, *(f"{rival} / ours" for rival in rivals)]
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " --- |" * (len(heads) - 1)]
    compiling = []
    for number, case in enumerate(cases):
        seconds: dict[str, list[float]] = {competitor: [] for competitor in competitors}
        for _ in range(data.size.rounds):
            for competitor, process in processes.items():
                if competitor == "torch.compile" and number >= compiled:
                    continue
                measured = _epoch(process, number)
                if measured is not None:
                    seconds[competitor].append(measured[1])
                    if competitor == "JAX" and len(seconds[competitor]) == 1:
                        compiling.append(f"{measured[0] - measured[1]:.1f}")
        lines.append(f"| {case} | {' | '.join(_cells(seconds, rivals))} |")
        print(lines[-1], flush=True)
    for process in processes.values():
        process.kill()
        process.wait()
    return lines, compiling


def _cells(seconds: Mapping[str, Sequence[float]], rivals: Sequence[str]) -> list[str]:
    """A row: the median (least–most) of each competitor, and the ratios to ours."""
    medians = {name: statistics.median(found) for name, found in seconds.items() if found}
    ours = medians.get("nntrain")
    return [
        *(
            f"{medians[name]:.3f} ({min(found):.3f}–{max(found):.3f})" if found else "–"
            for name, found in seconds.items()
        ),
        *(f"{medians[rival] / ours:.2f}" if ours and rival in medians else "–" for rival in rivals),
    ]


def _start(script: str, competitor: str, data: Path) -> "subprocess.Popen[str]":
    """A competitor that waits for its first case."""
    return subprocess.Popen(
        [sys.executable, str(HERE / script), competitor, str(data)],
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
