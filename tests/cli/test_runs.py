"""nntrain runs in a terminal, in a pipe and as JSON."""

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.support.cli import succeed
from tests.support.terminal import Terminal, visible_lines

pytest.importorskip("pty", reason="Windows has no pseudo-terminals")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_runs_shows_every_column_within_the_width(
    trained_runs: None, terminal: Terminal, width: int
) -> None:
    lines = visible_lines(terminal("runs", width=width))
    assert all(cell_len(line) <= width for line in lines)
    headers = [line.split() for line in lines if line.startswith("run ")]
    assert [name for header in headers for name in header if name != "run"] == [
        *("val", "train", "best", "epochs", "seconds", "state"),
        *("seed", "members", "network[0].dense", "training.epochs", "batch_size"),
        *("learning_rate", "schedule", "input_dropout"),
    ]
    assert len(headers) == {60: 4, 80: 3, 200: 1}[width]
    for name in ("good", "poor", "team"):
        assert sum(line.startswith(f"runs/{name} ") for line in lines) == len(headers)
    assert any(re.match(r"runs/poor .* 1e-09 ", line) for line in lines)
    assert " ".join(" ".join(lines).split()).endswith(
        "More differing keys, shown in a pipe or by --json: "
        "training.label_smoothing, training.l1, training.clip_norm"
    )


def test_a_pipe_gets_a_line_for_each_run_with_all_that_differs(trained_runs: None) -> None:
    header, *lines = succeed("runs").stdout.splitlines()
    names = header.split()
    assert names[:7] == ["run", "val", "train", "best", "epochs", "seconds", "state"]
    assert names[7:] == [
        *("seed", "members", "network[0].dense", "training.epochs", "training.batch_size"),
        *("training.optimizer.learning_rate", "training.schedule", "training.input_dropout"),
        *("training.label_smoothing", "training.l1", "training.clip_norm"),
    ]
    assert {line.split()[0] for line in lines} == {"runs/good", "runs/poor", "runs/team"}
    for line in lines:  # a column of text begins below its name
        assert line[header.index("training.schedule") :].startswith(("constant ", "cosine "))


def test_runs_as_json(trained_runs: None) -> None:
    rows = {row["run"]: row for row in json.loads(succeed("runs", "--json").stdout)}
    assert set(rows) == {"runs/good", "runs/poor", "runs/team"}
    assert rows["runs/team"]["members"] == 2
    assert rows["runs/poor"]["differences"]["network[0].dense"] == 4
    accuracy = json.loads(succeed("evaluate", "runs/good", "--json").stdout)["accuracy"]
    assert rows["runs/good"]["val_accuracy"] == pytest.approx(accuracy)


def test_no_runs_are_an_empty_list_of_json(folder: Path) -> None:
    assert json.loads(succeed("runs", "--json").stdout) == []
