"""The doctor's sentences about extreme numbers, and its judgement of few and many rows."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config import parse_config
from nntrain.explain.doctor.data_diagnoses import overfitting
from nntrain.explain.doctor.diagnoses import find_problems
from nntrain.explain.doctor.examination import RunStats, Snapshot, WeightChange
from nntrain.explain.doctor.report import describe
from nntrain.training.progress import EpochRecord
from nntrain.training.run import RunFolder
from tests.support.examples import examples
from tests.support.tiny import CONFIG

ANY = st.floats(min_value=0) | st.sampled_from([math.nan, math.inf, 0.0, 1e300])
LOSSES = st.floats(min_value=0, allow_infinity=False) | st.just(1e300)
SHARES = st.floats(0, 1)
LAYERS = 2


def snapshots() -> st.SearchStrategy[Snapshot | None]:
    a_layer = st.lists(SHARES, min_size=LAYERS, max_size=LAYERS)
    deltas = st.lists(ANY, min_size=LAYERS, max_size=LAYERS)
    return st.none() | st.builds(Snapshot, ANY, deltas, a_layer, a_layer, st.floats(0, 2), ANY)


def records() -> st.SearchStrategy[list[EpochRecord]]:
    record = st.builds(
        EpochRecord, st.just(1), st.just(1.0), st.just(0.1), LOSSES, SHARES, LOSSES | ANY, SHARES
    )
    return st.lists(record, max_size=6)


def changes() -> st.SearchStrategy[WeightChange | None]:
    layers = st.sampled_from([[], [1]])
    return st.none() | st.builds(WeightChange, ANY, ANY, layers, layers)


def stats_with(**changed: Any) -> RunStats:
    config = parse_config(CONFIG.format(train="train.csv"), "tiny.yaml")
    stats = RunStats(
        run=RunFolder(Path("runs/tiny")),
        config=config,
        history=[],
        finished=True,
        divergence=None,
        baseline=math.log(10),
        rows=None,
        start=None,
        end=None,
        weights=None,
        inputs=16,
        sample=None,
        doubts=None,
    )
    return replace(stats, **changed)


@given(records(), snapshots(), snapshots(), changes(), st.sampled_from([None, (8, 2), (50_000, 1)]))
@examples(100)
def test_no_sentence_has_a_number_that_says_nothing(
    history: list[EpochRecord],
    start: Snapshot | None,
    end: Snapshot | None,
    weights: WeightChange | None,
    rows: tuple[int, int] | None,
) -> None:
    stats = stats_with(history=history, start=start, end=end, weights=weights, rows=rows)
    sentences = [finding.evidence for finding in find_problems(stats)]
    for sentence in [*sentences, ", ".join(describe(stats))]:
        assert not re.search(r"\b(inf|nan|-?infinity)\b", sentence, re.IGNORECASE), sentence
        for number in re.findall(r"(\S+) ?%", sentence):
            assert re.fullmatch(r"\(?\d{1,4}(\.\d+)?", number), sentence


def record_of(train: float, validation: float) -> EpochRecord:
    return EpochRecord(1, 1.0, 0.1, 0.1, train, 0.3, validation)


def judged(train: float, validation: float, rows: tuple[int, int]) -> bool:
    history = [record_of(train, validation)] * 5
    return overfitting(stats_with(history=history, rows=rows)) is not None


@given(st.integers(0, 2**32), st.sampled_from([8, 50, 400, 10_000]), st.floats(0.88, 0.99))
def test_chance_is_not_called_overfitting(seed: int, held_out: int, accuracy: float) -> None:
    rng = np.random.default_rng(seed)
    right = rng.binomial([50 * held_out, held_out], accuracy)
    assert not judged(right[0] / (50 * held_out), right[1] / held_out, (50 * held_out, held_out))


@pytest.mark.parametrize(
    ("held_out", "gap", "found"),
    [(8, 0.25, False), (50, 0.12, False), (50, 0.3, True), (1_000, 0.12, True),
     (1_000, 0.06, False), (10_000, 0.07, True), (10_000, 0.02, False)],
)  # fmt: skip
def test_a_gap_counts_by_the_number_of_rows(held_out: int, gap: float, found: bool) -> None:
    assert judged(0.98, 0.98 - gap, (10 * held_out, held_out)) == found
