"""How nntrain evaluate shows an evaluation in a terminal."""

import re
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from nntrain.data.labels import numbered
from nntrain.training.metrics import Evaluation
from tests.support.cli import succeed
from tests.support.terminal import Terminal, visible_lines

CONFUSION = np.diag([5_900] * 10)
CONFUSION[4, 9], CONFUSION[9, 4], CONFUSION[3, 5] = 1_210, 7, 1


@pytest.mark.parametrize("width", [60, 80])
def test_evaluate_shows_metrics_and_confusions(
    folder: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    succeed("fit", "tiny.yaml")
    judged = Evaluation(CONFUSION, 0.25, "cross_entropy", numbered(10))
    monkeypatch.setattr("nntrain.training.inference.evaluate", lambda *_: judged)
    text = terminal("evaluate", width=width)
    lines = visible_lines(text)
    assert all(cell_len(line) <= width for line in lines)
    assert lines[:2] == [
        "accuracy  97.98% ± 0.06%  (1,218 of 60,218 ✗ wrong)",
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
    # Right answers have a background, and confusions others; zeros have none.
    backgrounds = re.findall(r"\x1b\[[\d;]*48;5;(\d+)m *\d+ ", text)
    assert len(backgrounds) == 13
    assert len(set(backgrounds)) == 3, "two confusions are rare"
    piped = succeed("evaluate").stdout
    assert not {"·", "✓", "✗"} & set(piped)
    assert "(1,218 of 60,218 wrong)" in piped
