"""The values that trials try, and how many trials run at once."""

from pathlib import Path

import pytest

from nntrain.sweep.search import max_concurrent, propose
from nntrain.sweep.spec import load_sweep


@pytest.mark.parametrize(
    ("limits", "expected"),
    [("at_once: 3\ntrials: 6", 3), ("at_once: 9\ntrials: 6", 6), ("at_once: 3\nhours: 1", 3)],
)
def test_no_more_workers_are_started_than_trials_can_run(
    folder: Path, limits: str, expected: int
) -> None:
    Path("s.yaml").write_text(
        f"config: tiny.yaml\nspace: {{loss: {{choice: [cross_entropy]}}}}\n{limits}"
    )
    assert max_concurrent(load_sweep(Path("s.yaml")).sweep) == expected


def test_a_grid_may_have_more_trials_than_numbers_have_names(folder: Path) -> None:
    Path("grid.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\ntrials: 2\nspace:\n"
        "  training.epochs: {whole: [1, 1000000]}\n"
        "  training.batch_size: {whole: [1, 1000000000]}\n"
        "  network[0].dense: {whole: [1, 1000000000]}\n"
    )
    sweep = load_sweep(Path("grid.yaml")).sweep
    assert [propose(sweep, number, []) for number in (0, 1, 10**18)] == [
        {"training.epochs": 1, "training.batch_size": 1, "network[0].dense": 1},
        {"training.epochs": 1, "training.batch_size": 1, "network[0].dense": 2},
        {"training.epochs": 2, "training.batch_size": 1, "network[0].dense": 1},
    ]
