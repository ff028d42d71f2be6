"""What people see in a terminal, and what programs read from a pipe."""

import io
import json
import os
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from nntrain.cli import ascii_art, main
from nntrain.data.kaggle import write_csv
from nntrain.training.metrics import Evaluation
from tests.support.cli import succeed
from tests.support.tiny import fill, stripes

fcntl = pytest.importorskip("fcntl", reason="Windows has no pseudo-terminals")
pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

ESCAPE = "\x1b"
Terminal = Callable[..., str]


def drained(reader: int) -> tuple[threading.Thread, list[bytes]]:
    """Read all that is written to the other end, so that it never waits."""
    heard: list[bytes] = []

    def listen() -> None:
        try:
            while data := os.read(reader, 65_536):
                heard.append(data)
        except OSError:  # on Linux, how a terminal ends
            pass

    thread = threading.Thread(target=listen)
    thread.start()
    return thread, heard


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Runs a command whose standard output is a pseudo-terminal, and returns what came there."""

    def run(*arguments: str, width: int = 80, **environment: str) -> str:
        reader, writer = pty.openpty()
        thread, heard = drained(reader)
        with monkeypatch.context() as patch, os.fdopen(writer, "w", encoding="utf-8") as screen:
            for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
                patch.delenv(name, raising=False)
            patch.setenv("TERM", "xterm-256color")
            patch.setenv(
                "COLUMNS", str(width)
            )  # the width of this process's own terminal is another
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", screen)
            with pytest.raises(SystemExit) as end:
                main(list(arguments))
        thread.join()
        os.close(reader)
        assert not end.value.code
        return b"".join(heard).decode().replace("\r\n", "\n")

    yield run


def seen(text: str) -> list[str]:
    """The lines without escape codes."""
    return re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs that differ in much, and a committee."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fill(folder)
        succeed("fit", "tiny.yaml", "--run", "runs/good")
        succeed(
            *("fit", "tiny.yaml", "--run", "runs/poor", "--set", "training.epochs=1"),
            *("--set", "training.optimizer.learning_rate=1e-9", "--set", "training.batch_size=64"),
            *("--set", "training.label_smoothing=0.1", "--set", "network[0].dense=4"),
        )
        succeed(
            *("fit", "tiny.yaml", "--run", "runs/team", "--set", "members=2"),
            *("--set", "training.schedule=cosine", "--set", "training.l1=1e-6", "--set", "seed=9"),
            *("--set", "training.input_dropout=0.01", "--set", "training.clip_norm=9"),
        )
    return folder


@pytest.fixture
def runs(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory is that folder."""
    monkeypatch.chdir(trained)


def test_tables_are_coloured_in_a_terminal_and_nowhere_else(runs: None, terminal: Terminal) -> None:
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


def test_a_terminals_own_width_is_used(runs: None) -> None:
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    thread, heard = drained(reader)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nntrain", "runs"],
        env=environment | {"TERM": "xterm"},
        stdin=writer,
        stdout=writer,
        stderr=writer,
    ) as process:
        os.close(writer)
        assert process.wait() == 0
    thread.join()
    os.close(reader)
    lines = seen(b"".join(heard).decode())
    assert 40 < max(map(cell_len, lines)) <= 60


@pytest.mark.parametrize("width", [60, 80, 200])
def test_runs_shows_every_column_within_the_width(
    runs: None, terminal: Terminal, width: int
) -> None:
    lines = seen(terminal("runs", width=width))
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
        "These differ, too; a pipe or --json shows how: "
        "training.label_smoothing, training.l1, training.clip_norm"
    )


def test_a_pipe_gets_a_line_for_each_run_with_all_that_differs(runs: None) -> None:
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


def test_runs_as_json(runs: None) -> None:
    rows = {row["run"]: row for row in json.loads(succeed("runs", "--json").stdout)}
    assert set(rows) == {"runs/good", "runs/poor", "runs/team"}
    assert rows["runs/team"]["members"] == 2
    assert rows["runs/poor"]["differences"]["network[0].dense"] == 4
    accuracy = json.loads(succeed("evaluate", "runs/good", "--json").stdout)["accuracy"]
    assert rows["runs/good"]["val_accuracy"] == pytest.approx(accuracy)


def test_no_runs_are_an_empty_list_of_json(folder: Path) -> None:
    assert json.loads(succeed("runs", "--json").stdout) == []


CONFUSION = np.diag([5_900] * 10)
CONFUSION[4, 9], CONFUSION[9, 4], CONFUSION[3, 5] = 1_210, 7, 1


@pytest.mark.parametrize("width", [60, 80])
def test_evaluate_shows_what_is_taken_for_what(
    folder: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    succeed("fit", "tiny.yaml")
    judged = Evaluation(CONFUSION, 0.25, "cross_entropy")
    monkeypatch.setattr("nntrain.training.inference.evaluate", lambda *_: judged)
    text = terminal("evaluate", width=width)
    lines = seen(text)
    assert all(cell_len(line) <= width for line in lines)
    assert lines[:2] == [
        "accuracy  97.98% ± 0.06%  (1,218 of 60,218 wrong)",
        "loss      0.2500  (cross_entropy)",
    ]
    assert lines[-3:] == [
        "4 read as 9: 1,210 times",
        "9 read as 4: 7 times",
        "3 read as 5: 1 time",
    ]
    row = next(line for line in lines if re.match(r" +4 .*1210", line))
    assert row.split() == ["4", *"····", "5900", *"····", "1210"]
    digit = next(line for line in lines if re.match(r" +4 +7,110 ", line))
    assert digit.split()[2:] == ["99.88%", "82.98%", "90.65%"]
    # Each confusion has a background of its own; right answers and zeros have none.
    assert len(re.findall(r"\x1b\[[\d;]*48;5;\d+m", text)) == 3
    assert "·" not in succeed("evaluate").stdout


def test_data_check_keeps_to_plain_counts_in_a_pipe(folder: Path) -> None:
    labels = stripes(200)[1]
    assert succeed("data", "check", "data/train.csv", "data/test.csv").stdout.splitlines() == [
        "data/train.csv: 200 rows, digits 0–2, 4×4, label column 'label'",
        *(f"  {digit}  {np.sum(labels == digit):>7,}" for digit in range(3)),
        "data/test.csv: 60 rows, 4×4, no labels",
    ]


def test_data_check_draws_the_first_of_each_digit_and_how_many_there_are(
    folder: Path, terminal: Terminal
) -> None:
    pixels = np.zeros((8, 16), np.uint8)
    pixels[2], pixels[4:] = 255, np.array([[255, 255, 0, 0] * 4])
    write_csv("few.csv", pixels, np.array([0, 0, 1, 0, 2, 2, 2, 2], np.uint8))
    lines = seen(terminal("data", "check", "few.csv", NO_COLOR="1"))
    assert [line.count("█") for line in lines[1:4]] == [30, 10, 40]
    assert [line.rstrip() for line in lines[5:8]] == [
        "0    1    2",
        "     ████ ██",
        "     ████ ██",
    ]
    write_csv("unlabelled.csv", pixels)
    assert "row 1 row 2" in " ".join(
        terminal("data", "check", "unlabelled.csv", NO_COLOR="1").split()
    )


def test_rows_that_are_no_square_pictures_are_not_drawn(
    folder: Path, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv("odd.csv", np.full((3, 15), 255, np.uint8), np.array([0, 1, 2], np.uint8))
    lines = seen(terminal("data", "check", "odd.csv"))
    assert len(lines) == 4
    assert "15 pixels per row are not a square image" in capsys.readouterr().err


def console(width: int, colours: bool) -> Console:
    return Console(
        width=width,
        color_system="truecolor" if colours else None,
        force_terminal=True,
        record=True,
        file=io.StringIO(),
    )


@pytest.mark.parametrize("side", [1, 2, 5, 28])
def test_each_half_of_a_character_is_a_pixel(side: int) -> None:
    pixels = np.random.default_rng(side).integers(0, 256, (side, side)).astype(np.uint8)
    drawn = ascii_art.picture(pixels.reshape(-1), console(80, colours=True))
    lines = drawn.split("\n")
    assert len(lines) == (side + 1) // 2
    for number, line in enumerate(lines):
        assert line.plain == "▀" * side
        for column, span in enumerate(line.spans):
            upper, lower = re.findall(r"rgb\((\d+),\1,\1\)", str(span.style))
            assert int(upper) == pixels[2 * number, column]
            assert int(lower) == (pixels[2 * number + 1, column] if 2 * number + 1 < side else 0)


@pytest.mark.parametrize(
    ("width", "columns", "lines"),
    [(300, 10 * 29 - 1, 15), (150, 5 * 29 - 1, 30), (80, 5 * 15 - 1, 16), (60, 4 * 15 - 1, 24)],
)
def test_as_many_pictures_side_by_side_as_fit(width: int, columns: int, lines: int) -> None:
    out = console(width, colours=False)
    images = np.full((10, 784), 255, np.uint8)
    ascii_art.show_pictures(images, [str(digit) for digit in range(10)], out)
    drawn = out.export_text().splitlines()
    assert len(drawn) == lines
    assert max(len(line.rstrip()) for line in drawn) == columns
    assert re.findall(r"\d", "".join(drawn)) == [str(digit) for digit in range(10)]


@pytest.mark.parametrize(
    ("pixels", "text"),
    [([255, 0, 51], "pixels 255 0 51"), ([7], "pixels 7"), ([1] * 41, f"pixels{' 1' * 40} …")],
)
def test_a_picture_that_is_not_square_is_told_in_numbers(pixels: list[int], text: str) -> None:
    assert str(ascii_art.render_or_list(np.array(pixels, np.uint8), Console())) == text
