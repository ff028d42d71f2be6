"""Tables in a terminal and in a pipe."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from tests.support.cli import succeed
from tests.support.terminal import Terminal, shown_by, visible_lines, width
from tests.support.training import CONVOLUTIONAL
from tests.support.variants import slow

pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

ESCAPE = "\x1b"

EPOCHS = 3
TRAIN_ONCE = ("fit", "ten.yaml", "--set", "training.epochs=1", "--run")
TEN = """
data: {{train: {train}}}
network: [{{dense: 1000, activation: relu}}, {{dense: 10, activation: softmax}}]
loss: cross_entropy
training: {{epochs: {epochs}, batch_size: 5, optimizer: {{name: sgd, learning_rate: 0.05}}}}
"""


def test_tables_are_coloured_only_in_a_terminal(trained_runs: None, terminal: Terminal) -> None:
    commands = [
        ("evaluate", "--data", "data/test_labelled.csv"),
        ("runs",),
        ("data", "check", "data/train.csv", "data/test.csv"),
    ]
    for command in commands:
        assert ESCAPE in terminal(*command)
        assert ESCAPE not in terminal(*command, NO_COLOR="1")
        assert ESCAPE not in terminal(*command, TERM="dumb")
        piped = succeed(*command).stdout
        assert ESCAPE not in piped
        assert all(line == line.rstrip() for line in piped.splitlines())


Screen: TypeAlias = Callable[..., list[str]]


@pytest.fixture
def screen(terminal: Terminal) -> Screen:
    """Returns what a command writes in a terminal of a width; a bar's states are lines."""

    def run(columns: int, *command: str, encoding: str = "utf-8") -> list[str]:
        shown = terminal(*command, width=columns, errors=True, encoding=encoding)
        return [line for line in visible_lines(shown.replace("\r", "\n")) if line.strip()]

    return run


def test_a_terminals_own_width_is_used(trained_runs: None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    shown = shown_by(["runs"], environment | {"TERM": "xterm"}, Path(), columns=60)
    assert 40 < max(map(width, visible_lines(shown.decode()))) <= 60


@pytest.fixture(scope="module")
def digits_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits 0–9."""
    path = tmp_path_factory.mktemp("ten") / "digits.csv"
    write_csv(path, *demo_digits(300))
    return path


@pytest.fixture
def ten_classes(digits_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory, with a configuration of a short run on them."""
    monkeypatch.chdir(tmp_path)
    Path("ten.yaml").write_text(TEN.format(train=digits_csv, epochs=EPOCHS))


@pytest.mark.parametrize(
    ("columns", "words"), [(80, "train: loss"), *slow((120, "training: loss"))]
)
def test_lines_and_bars_of_fit_fit_the_terminal(
    ten_classes: None, screen: Screen, columns: int, words: str
) -> None:
    lines = screen(columns, "fit", "ten.yaml")
    assert max(map(width, lines)) <= columns
    epochs = [line for line in lines if line.startswith("epoch") and "|" not in line]
    assert len(epochs) == EPOCHS
    assert all(words in line and "val" in line for line in epochs)
    bars = [line.split("|")[1] for line in lines if line.count("|") >= 2]
    assert len(bars) > EPOCHS
    assert min(map(len, bars)) >= 10
    assert bars[-1][0] == "█"
    assert bars[-1][-1] == "▁", "the error falls"
    assert any(re.match(r"validation loss [\d.]+ █.*▁ [\d.]+$", line) for line in lines)


def test_the_curve_of_a_resumed_run_in_a_terminal_without_blocks(
    folder: Path, trained: Path, screen: Screen
) -> None:
    shutil.copytree(trained / "runs/good", folder / "runs/good")
    command = ("fit", "tiny.yaml", "--run", "runs/good", "--resume", "--set", "training.epochs=5")
    lines = screen(80, *command, encoding="cp1252")
    assert max(map(width, lines)) <= 80
    assert "\\u" not in "".join(lines)
    bars = [line.split("|")[1] for line in lines if line.count("|") >= 2]
    assert len(set(next(bar for bar in bars if "@" in bar).strip(" ."))) == 4, "four old epochs"
    ends = re.findall(r"validation loss [\d.]+ @(...)_ [\d.]+$", "\n".join(lines), re.MULTILINE)
    assert len(ends) == 1


def test_vectors_of_ten_are_on_one_line(ten_classes: None, screen: Screen) -> None:
    lines = screen(80, "trace", "ten.yaml")
    assert max(map(width, lines)) <= 80
    for symbol in ("z_2", "x_2", "y", "δ_2", "∂E/∂b_2", "b_2 after"):
        (line,) = (line for line in lines if line.startswith(f"{symbol} "))
        *_, numbers = re.split(r"(?: 10|\(10,\)) +", line)
        assert len(numbers.split()) == 10, line


@pytest.mark.parametrize("columns", [80, *slow(120)])
def test_evaluations_runs_and_diagnoses_fit_the_terminal(
    trained_runs: None, screen: Screen, columns: int
) -> None:
    commands = (
        ("evaluate", "--data", "data/test_labelled.csv"),
        ("runs",),
        ("doctor", "runs/poor"),
    )
    for command in commands:
        # A command that is to be copied is one line.
        lines = [line for line in screen(columns, *command) if not line.startswith("  try:")]
        assert max(map(width, lines)) <= columns


@pytest.mark.parametrize(("columns", "shape"), [(80, "4×2×2×3"), *slow((120, "(4, 2, 2, 3)"))])
def test_data_and_convolutional_networks_fit_the_terminal(
    trained_runs: None, terminal: Terminal, columns: int, shape: str
) -> None:
    shown = ""
    for command in (
        ("data", "check", "data/train.csv", "data/test.csv"),
        ("trace", "tiny.yaml", "--set", CONVOLUTIONAL),
        ("inspect", "tiny.yaml", "--set", CONVOLUTIONAL, "--set", "training.input_dropout=0.1"),
    ):
        shown = terminal(*command, width=columns)
        assert max(map(width, visible_lines(shown))) <= columns, command
    assert shape in shown


def test_a_long_name_is_shortened_in_the_middle_and_takes_no_tables_room(
    ten_classes: None, screen: Screen
) -> None:
    name = f"runs/a-run{'-with-words' * 12}-that-has-a-long-name"
    lines = screen(80, *TRAIN_ONCE, name)
    assert max(map(width, lines)) <= 80
    assert re.match("runs/a-run-.*….*-that-has-a-long-name:$", lines[-2])
    assert re.match(r"  \d+\.\d\d% of the validation rows right after epoch 1", lines[-1])
    for columns in (80, 120):
        lines = screen(columns, "runs")
        assert max(map(width, lines)) <= columns
        row = next(line for line in lines if re.match(r"runs/a-run\S*…\S*-long-name ", line))
        assert re.search(r"%.* 1/1 +\d+\.\d( |$)", row), "as many columns as beside a short name"
