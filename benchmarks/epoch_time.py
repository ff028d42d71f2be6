"""Epoch times of nntrain and its peers.

Each peer is a process of its own that lives as long as the section; in every round all of them do
the same case one after the other, so that the machine's moods strike all alike.
"""

import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from material import Material
from peers import CASES, PEERS
from rounds import HERE

from nntrain.data.demo import demo_digits

HEADING = "Epoch time"
SLOW = {
    "torch.compile"
}  # it compiles for minutes; the large networks, where it gains nothing, wait


def measure(material: Material) -> list[str]:
    """The table of epoch times; on demo digits always, since time does not depend on them."""
    data = material.folder / "digits.npz"
    pixels, labels = demo_digits(material.extent.train)
    np.savez(data, pixels=pixels, labels=labels)
    rounds = material.extent.rounds
    processes = {peer: _start(peer, data) for peer in PEERS}
    lines = [
        "| network | " + " | ".join(PEERS) + " | PyTorch / ours | JAX / ours | sklearn / ours "
        "| floor / ours |",
        "| --- |" + " --- |" * (len(PEERS) + 4),
    ]
    firsts = []
    for number, case in enumerate(CASES):
        seconds: dict[str, list[float]] = {peer: [] for peer in PEERS}
        for _ in range(rounds):
            for peer, process in processes.items():
                if peer in SLOW and number > 3:
                    continue
                measured = _epoch(process, number)
                if measured is not None:
                    seconds[peer].append(measured[1])
                    if peer == "JAX" and len(seconds[peer]) == 1:
                        firsts.append(f"{measured[0] - measured[1]:.1f}")
        medians = {peer: statistics.median(found) for peer, found in seconds.items() if found}
        cells = [
            f"{medians[peer]:.3f} ({min(found):.3f}–{max(found):.3f})" if found else "–"
            for peer, found in seconds.items()
        ]
        ours = medians.get("nntrain")
        ratios = [
            f"{medians[peer] / ours:.2f}" if ours and peer in medians else "–"
            for peer in ("PyTorch", "JAX", "scikit-learn", "floor")
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


def _start(peer: str, data: Path) -> "subprocess.Popen[str]":
    """A peer that waits for its first case."""
    return subprocess.Popen(
        [sys.executable, str(HERE / "competitors.py"), peer, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _epoch(process: "subprocess.Popen[str]", case: int) -> tuple[float, float] | None:
    """Seconds of the first epoch, set-up included, and of one more; None if the peer cannot."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{case}\n")
        process.stdin.flush()
        first, seconds = process.stdout.readline().split()
        return float(first), float(seconds)
    except (OSError, ValueError):
        return None
