"""docs/kaggle.md does what it says, with demo digits instead of Kaggle's files and fewer epochs.

So the networks are less sure of their answers.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from nntrain.training.run import RunFolder
from tests.support.cli import succeed

GUIDE = Path(__file__).parent.parent / "docs" / "kaggle.md"
TRAIN, TEST = 300, 40


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both competitions' folders, and the one to work in."""
    pixels, labels = demo_digits(TRAIN + TEST)
    for name in ("digit-recognizer", "nn5"):
        (tmp_path / "input" / name).mkdir(parents=True)
    write_csv(tmp_path / "input/digit-recognizer/train.csv", pixels[:TRAIN], labels[:TRAIN])
    write_csv(tmp_path / "input/digit-recognizer/test.csv", pixels[TRAIN:])
    columns = [f"n{number}" for number in range(1, 785)]
    for file, name, column, rows in (
        ("train", "class", labels[:TRAIN], pixels[:TRAIN]),
        ("test", "id", np.arange(TEST) * 3 + 7, pixels[TRAIN:]),
    ):
        frame = pd.DataFrame(rows, columns=columns)
        frame.insert(0, name, column)
        frame.to_csv(tmp_path / "input/nn5" / f"{file}.csv", index=False)
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    return tmp_path


def execute(cell: str, names: dict[str, Any]) -> None:
    """A cell as a notebook has it: Python, commands or a file."""
    if cell.startswith("%%writefile "):
        first, text = cell.split("\n", 1)
        Path(first.removeprefix("%%writefile ")).write_text(text)
    elif cell.startswith("!nntrain "):
        for line in cell.splitlines():
            succeed(*shlex.split(line.removeprefix("!nntrain ")))
    else:
        exec(cell, names)


def test_every_cell_runs_and_leaves_submissions(
    kaggle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GUIDE.read_text("utf-8").replace("/kaggle/", f"{kaggle}/")
    text = re.sub(r'(?<=epochs)("?: )(\d+)', lambda it: f"{it[1]}{-(-int(it[2]) // 12)}", text)
    text, surer = re.subn(r"> 0\.999$", "> 0.2", text, flags=re.MULTILINE)
    assert surer == 1
    cells = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(cells) > 8
    names: dict[str, Any] = {}
    submissions = []
    for cell in cells:
        execute(cell, names)
        if Path("submission.csv").exists():
            submissions.append(pd.read_csv("submission.csv"))
            Path("submission.csv").unlink()
    forms = [(list(submission.columns), submission.iloc[0, 0]) for submission in submissions]
    own = (["ImageId", "Label"], 1)
    assert forms == [own, (["id", "number"], 7), own]
    assert {len(submission) for submission in submissions} == {TEST}
    said = capsys.readouterr().err
    assert "runs/notebook: finished already: " in said
    assert "runs/long: going on after epoch 2" in said
    assert "warning" not in said, "such as that the learning rate rises again"
    rates = pd.read_csv("runs/long/metrics.csv")["learning_rate"]
    assert rates.is_monotonic_decreasing
    assert len(rates) == 3
    assert len(pd.read_csv("pseudo.csv")) > 0
    files = RunFolder(Path("runs/config-2")).config().data.training_files
    assert [Path(file).name for file in files] == ["train.csv", "pseudo.csv"]
    # The dictionary, and the file with the same keys, make the same network.
    pd.testing.assert_frame_equal(
        pd.read_csv("runs/notebook/metrics.csv").drop(columns="seconds"),
        pd.read_csv("runs/config/metrics.csv").drop(columns="seconds"),
    )


def test_what_is_not_run_only_installs_and_builds_nothing_where_it_cannot_write() -> None:
    blocks = re.findall(r"```(\w*)\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    lines = [
        line for language, text in blocks if language != "python" for line in text.splitlines()
    ]
    installing = [line for line in lines if re.match(r"[%!]pip (install|wheel) ", line)]
    copying = ["!cp -r /kaggle/input/nntrain-source /tmp/nntrain"]
    assert set(lines) == {*installing, *copying}
    assert not [line for line in installing if line.endswith("nntrain-source")]
