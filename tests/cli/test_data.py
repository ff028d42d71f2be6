"""nntrain data check in a terminal and in a pipe."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.data.kaggle import write_csv
from tests.support.cli import succeed
from tests.support.terminal import Terminal, visible_lines
from tests.support.tiny import stripes


def test_data_check_prints_plain_counts_in_a_pipe(folder: Path) -> None:
    labels = stripes(200)[1]
    assert succeed("data", "check", "data/train.csv", "data/test.csv").stdout.splitlines() == [
        "data/train.csv: 200 rows, digits 0–2, 4×4, label column 'label'",
        *(f"  {digit}  {np.sum(labels == digit):>7,}" for digit in range(3)),
        "data/test.csv: 60 rows, 4×4, no labels",
    ]


def test_data_check_draws_the_first_image_and_a_bar_of_each_class(
    folder: Path, terminal: Terminal
) -> None:
    pixels = np.zeros((8, 16), np.uint8)
    pixels[2], pixels[4:] = 255, np.array([[255, 255, 0, 0] * 4])
    write_csv("few.csv", pixels, np.array([0, 0, 1, 0, 2, 2, 2, 2], np.uint8))
    lines = visible_lines(terminal("data", "check", "few.csv", NO_COLOR="1"))
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


def test_images_that_are_not_square_are_not_drawn(
    folder: Path, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv("odd.csv", np.full((3, 15), 255, np.uint8), np.array([0, 1, 2], np.uint8))
    lines = visible_lines(terminal("data", "check", "odd.csv"))
    assert len(lines) == 4
    assert "15 pixels per row are not a square image" in capsys.readouterr().err
