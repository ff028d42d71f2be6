"""Every fault of a sweep is one line: file, line, key, fault and mend."""

from pathlib import Path

import pytest

from nntrain.errors import ConfigError
from nntrain.sweep.definition import load_sweep
from tests.sweep.conftest import SWEEP

LOG = "{log: [1e-4, 1]}"


def fault_of(text: str) -> str:
    Path("sweep.yaml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_sweep(Path("sweep.yaml"))
    assert raised.value.exit_status == 2
    (line,) = str(raised.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("seed: 5", "sede: 5", "10: unknown key 'sede'; did you mean 'seed'?"),
        ("at_once: 3", "at_once: 0", "8: at_once: must be at least 1, not 0"),
        ("trials: 6", "trials: '6'", "7: trials: must be a whole number, not the text '6'; remove"),
        ("trials: 6\n", "", "2: missing key 'trials' or 'hours'; say how long to search"),
        ("trials: 6", "hours: 0", "7: hours: must be above 0, not 0"),
        ("first: 1", "keep: 1.5", "9: pruning.keep: must be below 1, not 1.5"),
        (
            "seed: 5",
            "strategy: grids",
            "10: strategy: unknown strategy 'grids'; did you mean 'grid'?",
        ),
        (LOG, "{log: [1, 1e-4]}", "log: must have two numbers, the lower one first"),
        (LOG, "{log: [0, 1]}", "log: must have numbers above 0"),
        (
            LOG,
            "{log: [1]}",
            "log: must be two numbers, the lower one first, such as [0.01, 0.1], not",
        ),
        (
            LOG,
            "{log: 3}",
            "log: must be two numbers, the lower one first, such as [0.01, 0.1], not 3",
        ),
        (LOG, "{logs: [1, 2]}", "unknown key 'logs'; did you mean 'log'?"),
        (LOG, "{}", "must have exactly one of choice, range, log, whole"),
        (LOG, "{log: [1, 2], choice: [1]}", "must have exactly one of choice, range, log, whole"),
        (LOG, "0.1", "must be a mapping of keys to values, not 0.1"),
        ("[8, 16]", "[]", "choice: must be a list of at least 1 item, not []"),
        (
            "{whole: [2, 10], step: 2}",
            "{whole: [2.5, 10]}",
            "whole: must be two whole numbers, the lower one first, such as [100, 800]",
        ),
        (
            "training.optimizer.learning_rate",
            "training.optimzer.learning_rate",
            "0.0001: training: unknown key 'optimzer'; did you mean 'optimizer'?",
        ),
        (
            LOG,
            "{range: [-1, 1]}",
            "-1.0: training.optimizer.learning_rate: must be above 0, not -1",
        ),
        ("network[0].dense", "network[7].dense", "2: no item '7' in a list of 2"),
        ("[8, 16]", "[8, many]", '"many": training.batch_size: must be a whole number'),
        ("training.batch_size: {choice: [8, 16]}", "members: {choice: [1, 2]}", "several members"),
        (
            "training.batch_size: {choice: [8, 16]}",
            "data.validation: {choice: [0]}",
            "data.validation is 0, but trials are ranked by these rows",
        ),
        (
            "training.batch_size: {choice: [8, 16]}",
            "data.validation: {choice: [0.1]}",
            "0.1: changes which rows are trained on and held out, but all trials share those of",
        ),
        (
            "training.batch_size: {choice: [8, 16]}",
            "seed: {whole: [1, 9]}",
            "1: changes which rows are trained on and held out, but all trials share those of "
            "tiny.yaml; set data.split_seed there",
        ),
        (
            "seed: 5",
            "strategy: grid",
            "space.training.optimizer.learning_rate: a grid needs a choice, or whole numbers and",
        ),
        ("config: tiny.yaml", "config: tyni.yaml", "tyni.yaml: no such file; did you mean 'tiny."),
    ],
)
def test_a_fault_is_one_line(folder: Path, old: str, new: str, fault: str) -> None:
    assert old in SWEEP
    line = fault_of(SWEEP.replace(old, new))
    assert fault in line
    assert line.startswith(("sweep.yaml:", "tyni.yaml:"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "sweep.yaml: empty"),
        ("- 3", "sweep.yaml:1: must be a mapping of keys such as 'config' and 'space', not [3]"),
        ("config: tiny.yaml\ntrials: 3", "missing key 'space' (the values to try for each of some"),
        ("config: tiny.yaml\nspace: {}\ntrials: 3", "space"),
    ],
)
def test_what_is_missing_is_told(folder: Path, text: str, fault: str) -> None:
    assert fault in fault_of(text)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("validation: 0.25", "validation: 0", "data.validation is 0, but trials are ranked by"),
        ("seed: 3", "members: 2", "several members, but a trial trains one network"),
    ],
)
def test_a_configuration_that_cannot_be_searched_is_refused(
    folder: Path, old: str, new: str, fault: str
) -> None:
    tiny = Path("tiny.yaml").read_text()
    assert old in tiny
    Path("tiny.yaml").write_text(tiny.replace(old, new))
    line = fault_of(SWEEP)
    assert line.startswith("sweep.yaml:2: config: ")
    assert fault in line


def test_seeds_may_vary_where_the_split_does_not_depend_on_them(folder: Path) -> None:
    tiny = Path("tiny.yaml").read_text()
    Path("tiny.yaml").write_text(tiny.replace("classes: 3", "classes: 3, split_seed: 1"))
    Path("sweep.yaml").write_text(
        SWEEP.replace("training.batch_size: {choice: [8, 16]}", "seed: {whole: [1, 9]}")
    )
    assert "seed" in load_sweep(Path("sweep.yaml")).sweep.space
