"""Tables in a terminal and in a pipe."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from tests.support.cli import succeed
from tests.support.terminal import Terminal, collect_output, visible_lines

fcntl = pytest.importorskip("fcntl", reason="Windows has no pseudo-terminals")
pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

ESCAPE = "\x1b"

EPOCHS = 3
TEN = f"""
data: {{train: digits.csv}}
network: [{{dense: 1000, activation: relu}}, {{dense: 10, activation: softmax}}]
loss: cross_entropy
training: {{epochs: {EPOCHS}, batch_size: 5, optimizer: {{name: sgd, learning_rate: 0.05}}}}
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


def screen(columns: int, *command: str, cwd: Path = Path()) -> list[str]:
    """What a real process writes in a terminal of that width; a bar's states are lines."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    thread, chunks = collect_output(reader)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nntrain", *command],
        env=environment | {"TERM": "xterm"},
        cwd=cwd,
        stdin=writer,
        stdout=writer,
        stderr=writer,
    ) as process:
        os.close(writer)
        assert process.wait() == 0
    thread.join()
    os.close(reader)
    return [
        line
        for line in visible_lines(b"".join(chunks).decode().replace("\r", "\n"))
        if line.strip()
    ]


def test_a_terminals_own_width_is_used(trained_runs: None) -> None:
    assert 40 < max(map(cell_len, screen(60, "runs"))) <= 60


@pytest.fixture(scope="module")
def ten_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short run on digits 0–9."""
    folder = tmp_path_factory.mktemp("ten")
    write_csv(folder / "digits.csv", *demo_digits(300))
    (folder / "ten.yaml").write_text(TEN)
    return folder


@pytest.mark.parametrize(("columns", "words"), [(80, "train: loss"), (120, "training: loss")])
def test_lines_and_bars_of_fit_fit_the_terminal(
    ten_classes: Path, columns: int, words: str
) -> None:
    run = f"runs/{columns}"
    lines = screen(columns, "fit", "ten.yaml", "--run", run, cwd=ten_classes)
    assert max(map(cell_len, lines)) <= columns
    epochs = [line for line in lines if line.startswith("epoch") and "|" not in line]
    assert len(epochs) == EPOCHS
    assert all(words in line and "val" in line for line in epochs)
    bars = [line.split("|")[1] for line in lines if line.count("|") >= 2]
    assert len(bars) > EPOCHS
    assert min(map(len, bars)) >= 10
    assert bars[-1][0] == "█"
    assert bars[-1][-1] == "▁", "the error falls"
    assert any(line.startswith("loss ") and "█" in line for line in lines)


@pytest.mark.parametrize("columns", [80, 120])
def test_vectors_of_ten_are_on_one_line(ten_classes: Path, columns: int) -> None:
    lines = screen(columns, "trace", "ten.yaml", cwd=ten_classes)
    assert max(map(cell_len, lines)) <= columns
    for symbol in ("z_2", "x_2", "y", "δ_2", "∂E/∂b_2", "b_2 after"):
        (line,) = (line for line in lines if line.startswith(f"{symbol} "))
        *_, numbers = re.split(r"(?: 10|\(10,\)) +", line)
        assert len(numbers.split()) == 10, line


@pytest.mark.parametrize("columns", [80, 120])
def test_evaluations_runs_and_diagnoses_fit_the_terminal(trained_runs: None, columns: int) -> None:
    commands = (
        ("evaluate", "--data", "data/test_labelled.csv"),
        ("runs",),
        ("doctor", "runs/poor"),
    )
    for command in commands:
        # A command that is to be copied is one line.
        lines = [line for line in screen(columns, *command) if not line.startswith("  try:")]
        assert max(map(cell_len, lines)) <= columns
