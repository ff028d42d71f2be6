"""Loops where matrix products belong, and the time that the student's backprop takes."""

import statistics
import time
from dataclasses import dataclass
from typing import TypeAlias

from threadpoolctl import threadpool_limits

from nntrain.explain.grading.conventions import Callee
from nntrain.explain.grading.problems import Backpropagation, problem
from nntrain.explain.grading.sandbox import Failure

Counts: TypeAlias = dict[int, tuple[int, int]]

# Loops are counted with few and with many samples, then with narrow and with wide layers; a loop
# over the layers grows with neither.
FEW, MANY_SAMPLES, WIDE = (
    problem((3, 4, 2), 2),
    problem((3, 4, 2), 30),
    problem((30, 40, 30), 2),
)
GROWTH = 25

SPEED_WIDTHS, SPEED_BATCH = (784, 100, 10), 128
REPEATS = 7


@dataclass(frozen=True)
class Speed:
    """Seconds that one call of backprop takes on one thread, as the median of several calls.

    Attributes:
        student: The student's.
        ours: That of `nntrain.nn`.
    """

    student: float
    ours: float


def find_loops(sandbox: Callee, functions: list[str], own_lines: int | None) -> list[str]:
    """One message per line that runs once for each sample or neuron.

    Args:
        sandbox: Calls the functions.
        functions: Their names.
        own_lines: How many lines are the student's own; None: all.
    """
    found: dict[int, str] = {}
    for function in functions:
        counted: list[Counts] = []
        for case in (FEW, MANY_SAMPLES, WIDE):
            outcome = sandbox.call(function, case.arguments(function), count=True)
            if isinstance(outcome, Failure):
                return [f"{function} fails while its loops are counted: {outcome.text}"]
            counted.append(outcome.counts)
        few, *others = counted
        for many, unit in zip(others, ("samples", "neurons"), strict=True):
            line = _growing_line(few, many)
            if line is not None:
                found.setdefault(
                    line,
                    f"line {line}: a loop over the {unit}, in {function}; a product of whole "
                    "matrices, or one operation on whole arrays, does it at once",
                )
    return [found[line] for line in sorted(found) if own_lines is None or line <= own_lines]


def _growing_line(few: Counts, many: Counts) -> int | None:
    """The first line that runs more often: within one call if there is one, else in total."""
    for total_or_per_call in (1, 0):
        lines = [
            line
            for line, counts in many.items()
            if counts[total_or_per_call] - few.get(line, (0, 0))[total_or_per_call] >= GROWTH
        ]
        if lines:
            return min(lines)
    return None


def measure_speed(sandbox: Callee) -> tuple[Speed | None, list[str]]:
    """Time the student's backprop and ours; the reason if the student's cannot be timed."""
    case = problem(SPEED_WIDTHS, SPEED_BATCH)
    outcome = sandbox.call("backprop", case.arguments("backprop"), repeat=REPEATS)
    if isinstance(outcome, Failure):
        return None, [f"of {case.describe()}: {outcome.text}"]
    ours = Backpropagation(case)
    seconds = []
    with threadpool_limits(1):
        for _ in range(REPEATS):
            start = time.perf_counter()
            ours.run()
            seconds.append(time.perf_counter() - start)
    return Speed(statistics.median(outcome.seconds), statistics.median(seconds)), []
