"""The commands of docs/optimizers.md print the losses of its table."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.cli import succeed

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/optimizers.md").read_text("utf-8")
BASE = "nntrain fit configs/lecture-3-4-2.yaml --set training.batch_size=8"
ROWS = re.findall(
    r"^\| (plain.*|momentum.*|Nesterov|Adam) \| (?:`(.*)`)? ?\| (0\.\d+) \|$", PAGE, re.M
)


@pytest.mark.parametrize(("name", "settings", "loss"), ROWS, ids=[name for name, *_ in ROWS])
def test_a_command_prints_the_loss_of_the_table(
    name: str, settings: str, loss: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    command = shlex.split(f"{BASE} {settings}")[1:]
    printed = succeed(*command, "--run", str(tmp_path / "run")).output
    assert re.findall(r"^epoch 40/40 .* loss (0\.\d+),", printed, re.M) == [loss]


def test_every_command_to_try_is_in_the_table() -> None:
    tried = re.findall(r"^    (nntrain .*)$", PAGE, re.M)
    assert len(tried) == 5
    assert set(tried) <= {f"{BASE} {settings}" for _, settings, _ in ROWS}
    assert len(ROWS) == 7
