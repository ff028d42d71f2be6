"""Runs of nntrain 0.1, whose checkpoints are of format 2, do today what they did then.

They were made by commit 6a1c8a2: `plain` (Adam, a moving average, a layer of 80 neurons) and
`dropout` (momentum, dropout of inputs and of a layer), each for two epochs of the rows below, with
what `predict` answered to 40 others then, and `plain` also after four epochs without interruption.
"""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nntrain.data.kaggle import write_csv
from nntrain.training import checkpoint
from nntrain.training.run import RunFolder
from tests.support.cli import succeed
from tests.support.tiny import stripes

pytestmark = pytest.mark.usefixtures("undrawn")

KEPT = Path(__file__).parent / "format_2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "train.csv", *stripes(200))
    write_csv(tmp_path / "test.csv", stripes(40, seed=1)[0])
    for name in ("plain", "dropout"):
        shutil.copytree(KEPT / name, tmp_path / name)
    return tmp_path


def probabilities(run: str) -> "pd.DataFrame":
    succeed("predict", run, "--test", "test.csv", "--probabilities", "--out", "now.csv")
    return pd.read_csv("now.csv")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["plain", "dropout"])
def test_predictions_are_those_of_then(name: str) -> None:
    then = pd.read_csv(KEPT / f"{name}.csv")
    pd.testing.assert_frame_equal(probabilities(name), then, rtol=1e-5, atol=1e-6)
    for command in (["evaluate", name], ["report", name], ["doctor", name], ["inspect", name]):
        succeed(*command)


@pytest.mark.usefixtures("folder")
def test_resuming_ends_as_it_would_have_to_rounding() -> None:
    arguments = ("--run", "plain", "--resume", "--set", "training.epochs=4", "--threads", "1")
    told = succeed("fit", "plain/config.yaml", *arguments).stderr
    assert "warning: saved by nntrain 0.1.0, which rounded otherwise: the result will be" in told
    assert "dropout" not in told
    then = pd.read_csv(KEPT / "plain-4.csv")
    pd.testing.assert_frame_equal(probabilities("plain"), then, rtol=1e-3, atol=1e-4)
    assert checkpoint.load(RunFolder(Path("plain")).last_file).meta.format == 3
    told = succeed("fit", "plain/config.yaml", *arguments, "--set", "training.epochs=5").stderr
    assert "rounded otherwise" not in told


@pytest.mark.usefixtures("folder")
def test_resuming_with_dropout_says_that_it_acts_otherwise() -> None:
    arguments = ("--run", "dropout", "--resume", "--set", "training.epochs=3")
    told = succeed("fit", "dropout/config.yaml", *arguments).stderr
    assert "warning: dropout now divides what it keeps by the kept share" in told
    assert "validation rows right" in succeed("fit", "dropout/config.yaml", *arguments).stdout


def test_what_an_optimizer_keeps_is_read_in_todays_order() -> None:
    saved = checkpoint.load(KEPT / "plain" / "last.npz")
    with np.load(KEPT / "plain" / "last.npz") as then:
        old = {name: then[name] for name in then.files if name != "meta"}
    assert saved.meta.format == 2
    for name, now in {"parameters": saved.parameters, **saved.optimizer_state}.items():
        before = old[name if name == "parameters" else f"optimizer.{name}"]
        if before.ndim:
            np.testing.assert_array_equal(now[: 80 * 16].reshape(16, 80).T.ravel(), before[:1280])
            np.testing.assert_array_equal(now[1280:], before[1280:])
        else:
            assert now == before
