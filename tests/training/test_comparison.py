"""Comparison of runs: exact tests against enumeration, and counts against counting by hand."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.labels import numbered
from nntrain.training.comparison import RunComparison, frequency, holm, mcnemar, wilson_interval
from tests.support.csvs import make_dataset

rows_of_one = st.integers(0, 9)


@given(only_first=rows_of_one, only_second=rows_of_one)
def test_mcnemar_counts_the_tosses_that_are_as_uneven(only_first: int, only_second: int) -> None:
    tosses = only_first + only_second
    uneven = abs(only_first - only_second)
    ways = sum(math.comb(tosses, k) for k in range(tosses + 1) if abs(2 * k - tosses) >= uneven)
    assert mcnemar(only_first, only_second) == float(Fraction(ways, 2**tosses))
    assert mcnemar(only_first, only_second) == mcnemar(only_second, only_first)


def test_mcnemar_of_few_rows_is_that_of_all_sequences_of_tosses() -> None:
    heads = [sum(tosses) for tosses in itertools.product((0, 1), repeat=9)]
    assert mcnemar(8, 1) == np.mean([count <= 1 or count >= 8 for count in heads])


def test_mcnemar_neither_overflows_nor_is_off_for_many_rows() -> None:
    assert mcnemar(0, 0) == mcnemar(3000, 3000) == 1
    assert mcnemar(0, 5000) == 0  # 2/2⁵⁰⁰⁰ is less than the least number
    normal = math.erfc(1000 / math.sqrt(40_000) / math.sqrt(2))  # the tosses' normal approximation
    assert math.log(mcnemar(20_500, 19_500)) == pytest.approx(math.log(normal), rel=0.01)


@given(rows=st.integers(1, 200), data=st.data())
def test_wilson_interval_solves_its_own_equation(rows: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, rows))
    low, high = wilson_interval(right, rows)
    assert 0 <= low <= right / rows <= high <= 1
    for bound in (low, high):
        if 0 < bound < 1:  # the accuracy is 1.96 of its own standard errors away
            error = math.sqrt(bound * (1 - bound) / rows)
            assert abs(right / rows - bound) == pytest.approx(1.959964 * error, rel=1e-4, abs=1e-9)


@given(ps=st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_rejects_what_its_steps_reject(ps: list[float]) -> None:
    corrected = holm(ps)
    assert all(after >= before for before, after in zip(ps, corrected, strict=True))
    rejected = set()
    for step, number in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        if ps[number] * (len(ps) - step) >= 0.05:
            break
        rejected.add(number)
    assert {number for number, p in enumerate(corrected) if p < 0.05} == rejected


@given(
    answers=st.lists(st.lists(st.integers(0, 2), min_size=30, max_size=30), min_size=2, max_size=6),
    labels=st.lists(st.integers(0, 2), min_size=30, max_size=30),
)
def test_pairs_count_the_rows_that_one_has_right_alone(
    answers: list[list[int]], labels: list[int]
) -> None:
    rows = make_dataset(np.zeros((30, 1), np.uint8), labels, classes=3).as_subset()
    names = tuple(f"runs/{number}" for number in range(len(answers)))
    comparison = RunComparison(names, rows, np.array(answers), numbered(3))
    pairs = comparison.pairs()
    expected = len(answers) - 1 if len(answers) > 4 else math.comb(len(answers), 2)
    assert len({(pair.first, pair.second) for pair in pairs}) == expected
    for pair in pairs:
        columns = list(zip(answers[pair.first], answers[pair.second], labels, strict=True))
        assert pair.only_first == sum(a == y != b for a, b, y in columns)
        assert pair.only_second == sum(b == y != a for a, b, y in columns)
        assert pair.only_first >= pair.only_second
        assert ("not shown" in comparison.verdict(pair)) == (
            pair.only_first > pair.only_second and pair.p >= 0.05
        )
    differing = [row for row in range(30) if len({each[row] for each in answers}) > 1]
    assert comparison.disagreements().tolist() == differing


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (1.0, "in almost every comparison"),
        (0.31, "in 31 of 100 comparisons"),
        (0.0123, "in 1 of 100 comparisons"),
        (0.0021, "in 1 of 500 comparisons"),
        (2.3e-6, "in 1 of 400,000 comparisons"),
        (0.0, "in less than 1 of 1,000,000 comparisons"),
    ],
)
def test_frequencies_are_rounded_in_words(p: float, words: str) -> None:
    assert frequency(p) == words
