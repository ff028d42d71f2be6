"""Evaluations, held against counting by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.labels import numbered
from nntrain.training.metrics import Evaluation, confusion_matrix

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def evaluation(pairs: list[tuple[int, int]]) -> Evaluation:
    truth, answers = (np.array(column, np.uint8) for column in zip(*pairs, strict=True))
    return Evaluation(confusion_matrix(truth, answers, 4), 0.5, "cross_entropy", numbered(4))


@given(PAIRS)
def test_f1_and_wrong_answers_are_those_counted_by_hand(pairs: list[tuple[int, int]]) -> None:
    judged = evaluation(pairs)
    assert judged.wrong == sum(truth != answer for truth, answer in pairs)
    for digit, f1 in enumerate(judged.f1):
        hits = sum(truth == answer == digit for truth, answer in pairs)
        misses = sum((truth == digit) != (answer == digit) for truth, answer in pairs)
        if hits:
            precision, recall = judged.precision[digit], judged.recall[digit]
            assert f1 == pytest.approx(2 / (1 / precision + 1 / recall))
        else:
            assert f1 == 0 if misses else math.isnan(f1)


@given(PAIRS)
def test_confusions_are_all_wrong_pairs_the_most_frequent_first(
    pairs: list[tuple[int, int]],
) -> None:
    found = evaluation(pairs).confusions()
    assert {(truth, answer): count for truth, answer, count in found} == {
        pair: pairs.count(pair) for pair in pairs if pair[0] != pair[1]
    }
    counts = [count for *_, count in found]
    assert counts == sorted(counts, reverse=True)


def test_the_standard_error_is_the_spread_of_accuracies_of_other_rows() -> None:
    judged = evaluation([(0, 0)] * 90 + [(1, 2)] * 10)
    drawn = np.random.default_rng(0).random((20_000, 100)) < 0.9
    assert judged.standard_error == pytest.approx(drawn.mean(axis=1).std(), rel=0.02)
