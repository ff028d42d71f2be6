"""Measure processes in alternating rounds, so that the machine's moods strike all alike."""

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

Task = Callable[[int], float]  # from the round's number to seconds

HERE = Path(__file__).parent
NNTRAIN = (sys.executable, "-m", "nntrain")
FIRST, SEEN = "nntrain, first time", "nntrain, CSV seen"


class PeerError(Exception):
    """A competitor could not do its task; the text says why."""


@dataclass
class Times:
    """What was measured of one competitor.

    Attributes:
        seconds: One number a round.
        failure: Why there are no more; None if there are all.
    """

    seconds: list[float] = field(default_factory=list)
    failure: str | None = None

    @property
    def median(self) -> float | None:
        """None if nothing was measured."""
        return statistics.median(self.seconds) if self.seconds else None

    def __str__(self) -> str:
        if self.median is None:
            return "–"
        return f"{self.median:.2f} ({min(self.seconds):.2f}–{max(self.seconds):.2f})"

    def over(self, other: "Times") -> str:
        """How many times as long as the other."""
        if self.median is None or other.median is None:
            return "–"
        return f"{self.median / other.median:.2f}"


def alternate(tasks: Mapping[str, Task], rounds: int) -> dict[str, Times]:
    """Do all tasks one after the other, and that several times; who has failed is left out.

    A round before the first is not counted: it brings programs and CSVs into the system's memory,
    and lets nntrain see the CSVs.
    """
    times = {name: Times() for name in tasks}
    for number in range(rounds + 1):
        for name, task in tasks.items():
            found = times[name]
            if found.failure is not None:
                continue
            try:
                seconds = task(number)
            except PeerError as failure:
                found.failure = str(failure)
                print(f"  round {number}, {name}: {failure}", flush=True)
                continue
            if number > 0:
                found.seconds.append(seconds)
            print(f"  round {number}, {name}: {seconds:.2f} s", flush=True)
    return times


def failures(times: Mapping[str, Times]) -> list[str]:
    """A sentence on each competitor that failed, for below the table."""
    return [
        f"{name} failed after {len(found.seconds)} rounds: {found.failure}."
        for name, found in times.items()
        if found.failure is not None
    ]


def table(
    times: Mapping[str, Times], ours: Sequence[str], notes: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """A line a competitor.

    Args:
        times: What was measured.
        ours: The names that the others are held against, each in a column of its own.
        notes: More columns: heading, then name, then cell.
    """
    ratios = [f"/ {name}" for name in ours]
    lines = [
        "| " + " | ".join(["", "seconds", *ratios, *notes]) + " |",
        "|" + " --- |" * (2 + len(ratios) + len(notes)),
    ]
    for name, found in times.items():
        cells = [found.over(times[one]) for one in ours]
        cells += [column.get(name, "–") for column in notes.values()]
        lines.append("| " + " | ".join([name, str(found), *cells]) + " |")
    return lines


def run(*command: object, cache: Path | None = None) -> tuple[float, str]:
    """Run a process to its end.

    Args:
        command: Its words.
        cache: The folder where nntrain keeps what it has read; None: it never needs one.

    Returns:
        Wall time in seconds, and what the process printed.

    Raises:
        PeerError: Its exit status is not 0.
    """
    started = perf_counter()
    done = subprocess.run(
        [str(word) for word in command],
        env=environment(cache),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = perf_counter() - started
    if done.returncode != 0:
        raise PeerError(reason(done.stderr, done.returncode))
    return seconds, done.stdout


def overriding(*overrides: str) -> list[str]:
    """The words of a command line that override keys of a configuration."""
    return [word for override in overrides for word in ("--set", override)]


def environment(cache: Path | None) -> dict[str, str]:
    """This process's own, with nntrain's cache where it is wanted."""
    variables = dict(os.environ)
    # Where it is set, what is not compiled yet would be compiled at every start.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    if cache is not None:
        variables["NNTRAIN_CACHE"] = str(cache)
    return variables


def reason(errors: str, status: int) -> str:
    """The last line of what a process complained, without the folders of this machine."""
    lines = errors.strip().splitlines() or ["no message"]
    return f"{re.sub(r'/[^ :,]*/', '', lines[-1])[:200]} (status {status})"
