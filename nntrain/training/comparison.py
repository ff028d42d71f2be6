"""Comparison of runs on the same rows: intervals, and whether a difference may be chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.dataset import Subset
from nntrain.errors import ConfigError, RunError
from nntrain.training.folds import held_out_probabilities
from nntrain.training.inference import (
    check_same_classes,
    labelled_rows,
    load_models,
    probabilities,
)
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder

LEVEL = 0.05  # differences with a smaller p are called better or worse
MOST_PAIRED = 4  # runs of which all pairs are compared; of more, each with the best
_Z = 1.959963984540054  # 97.5 % of a standard normal distribution lie below it


class RunPair(NamedTuple):
    """Two runs on the same rows.

    Attributes:
        first: The number of the run with the greater accuracy, from 0.
        second: The number of the other one.
        only_first: The number of rows on which only the first is right.
        only_second: The number of rows on which only the second is right.
        p: McNemar's exact p, after Holm's correction if several pairs are compared.
    """

    first: int
    second: int
    only_first: int
    only_second: int
    p: float

    @property
    def is_significant(self) -> bool:
        """Whether the first is better beyond chance."""
        return self.p < LEVEL


@dataclass(frozen=True)
class RunComparison:
    """Several runs on the same rows.

    Attributes:
        names: The name of each run.
        rows: The rows; N.
        answers: The predicted classes of each run, shape (runs, N).
        classes: The labels.
    """

    names: tuple[str, ...]
    rows: Subset
    answers: NDArray[np.intp]
    classes: tuple[str, ...]

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Which predictions are right, shape (runs, N)."""
        return np.asarray(self.answers == self.rows.labels)

    @property
    def accuracies(self) -> list[float]:
        """The accuracy of each run."""
        return [float(share) for share in self.right.mean(axis=1)]

    def interval(self, run: int) -> tuple[float, float]:
        """The 95 % interval of a run's accuracy; see `wilson_interval`."""
        return wilson_interval(int(self.right[run].sum()), len(self.rows))

    def pairs(self) -> list[RunPair]:
        """All pairs of up to four runs; of more, each with the most accurate one."""
        counts = self.right.sum(axis=1)
        order = np.argsort(-counts, kind="stable").tolist()
        chosen = list(combinations(order, 2))
        if len(order) > MOST_PAIRED:
            chosen = [(order[0], other) for other in order[1:]]
        found = []
        for first, second in chosen:
            only_first = int(np.sum(self.right[first] & ~self.right[second]))
            only_second = int(np.sum(self.right[second] & ~self.right[first]))
            p = mcnemar(only_first, only_second)
            found.append(RunPair(first, second, only_first, only_second, p))
        corrected = holm([pair.p for pair in found])
        return [pair._replace(p=p) for pair, p in zip(found, corrected, strict=True)]

    def verdict(self, pair: RunPair) -> str:
        """Whether the difference of two runs may be chance, in words."""
        first, second = self.names[pair.first], self.names[pair.second]
        if pair.only_first == pair.only_second:
            return f"{first} and {second} are equally good on these rows"
        often = frequency(pair.p)
        if pair.is_significant:
            return f"{first} is better than {second}: chance alone makes such a difference {often}"
        return (
            f"{first} is not shown to be better than {second}: chance alone makes such a "
            f"difference {often}"
        )

    def disagreements(self) -> NDArray[np.intp]:
        """The rows with different predictions, as positions from 0, in file order."""
        return np.flatnonzero((self.answers != self.answers[0]).any(axis=0))


def compare(
    runs: Sequence[RunFolder],
    data: str | None,
    label_column: str | None,
    reporter: Reporter,
    threads: int = 1,
) -> RunComparison:
    """Compare runs on the same rows; the members of a committee vote, and count as one run.

    Args:
        runs: At least two.
        data: A labelled CSV; None: the validation rows, which must be those of all runs. The rows
            of a cross-validation are predicted by the network of their fold.
        label_column: The name of the label column; None: find it.
        reporter: Logs what is read.
        threads: Number of threads.

    Raises:
        ConfigError: If there is one run only, or a run is named twice.
        RunError: If a run is not finished, or the runs have different validation rows, or none.
        CheckpointError: If a checkpoint is damaged or invalid.
        DataError: If a CSV is invalid, or the runs are of different classes.
    """
    if len(runs) < 2:
        raise ConfigError("one run cannot be compared; name two or more")
    folders = [run.folder.resolve() for run in runs]
    for run, folder in zip(runs, folders, strict=True):
        if folders.count(folder) > 1:
            raise ConfigError(f"{run}: named twice; a run does not differ from itself")
    models = [load_models([run]) for run in runs]
    check_same_classes([own[0] for own in models])
    rows: Subset | None = None
    answers = []
    if data is not None:
        rows = labelled_rows(models[0], data, label_column, reporter)
        answers = [probabilities(own, rows, threads=threads).argmax(axis=1) for own in models]
    else:
        for run, own in zip(runs, models, strict=True):
            held_out, shares = held_out_probabilities(own, reporter, threads=threads)
            reporter = Reporter()  # the other runs read the same rows
            if rows is not None and held_out.digest != rows.digest:
                raise RunError(
                    f"{runs[0]} and {run} held out different rows; train them with the same "
                    "data.split_seed, or name a CSV with --data"
                )
            rows = rows or held_out
            answers.append(shares.argmax(axis=1))
    assert rows is not None  # noqa: S101 (for the type checker: there are two runs)
    return RunComparison(tuple(map(str, runs)), rows, np.stack(answers), models[0][0].classes)


def wilson_interval(right: int, rows: int) -> tuple[float, float]:
    """The 95 % confidence interval of an accuracy (Wilson 1927).

    Unlike accuracy ± 2 standard errors, it is within 0 and 1 and right for few mistakes, too.

    Args:
        right: The number of correct predictions.
        rows: The number of predictions.
    """
    share, width = right / rows, _Z**2 / rows
    centre = share + width / 2
    spread = _Z * math.sqrt(share * (1 - share) / rows + width / (4 * rows))
    low, high = (centre - spread) / (1 + width), (centre + spread) / (1 + width)
    return low if right else 0.0, high if right < rows else 1.0


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact p of McNemar's test (McNemar 1947): how often chance makes such a difference.

    If both were equally good, each row on which only one is right would be a coin toss. This is the
    probability of a result that is at least as uneven, in either direction.

    Args:
        only_first: The number of rows on which only the first is right.
        only_second: The number of rows on which only the second is right.
    """
    tosses, fewer = only_first + only_second, min(only_first, only_second)
    ways = total = 1
    for k in range(fewer):
        ways = ways * (tosses - k) // (k + 1)  # of fewer heads: the binomial coefficient k + 1
        total += ways
    p: float = 2 * total / 2**tosses  # of whole numbers, so no term is lost
    return min(1.0, p)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct the p of several comparisons, so that all together are rarely wrong (Holm 1979)."""
    corrected, so_far = [0.0] * len(ps), 0.0
    for place, number in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        so_far = max(so_far, min(1.0, (len(ps) - place) * ps[number]))
        corrected[number] = so_far
    return corrected


def frequency(p: float) -> str:
    """A probability in words: "in 31 of 100 comparisons"."""
    if p > 0.995:
        return "in almost every comparison"
    if p >= 0.01:
        return f"in {100 * p:.0f} of 100 comparisons"
    if p >= 1e-6:
        return f"in 1 of {float(f'{1 / p:.1g}'):,.0f} comparisons"
    return "in less than 1 of 1,000,000 comparisons"
