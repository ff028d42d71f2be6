"""Cross-validation: folds that are ordinary runs, and predictions for rows that none was shown."""

import json
import os
import signal
import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

import nntrain
from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.remote import train_remotely
from nntrain.config import Config, load_config
from nntrain.errors import ChangedConfigError
from nntrain.training.committee import CommitteeOutcome, fit_committee, resume_committee
from nntrain.training.initial_weights import keep_initial_weights, weights_from
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_data
from nntrain.training.run import RunFolder
from tests.support.cli import refuse, succeed
from tests.support.sweeps import InlineDispatcher
from tests.support.tiny import fill
from tests.support.training import Interrupting, assert_same
from tests.support.variants import slow

FOLDS = 3
BATCHES = 4 * 9  # of one fold: four epochs of 133 rows in batches of 16


def begin(config: Config, folder: str, reporter: Reporter | None = None) -> CommitteeOutcome:
    create = partial(RunFolder.create, Path(folder), config)
    return fit_committee(config, create, reporter or Reporter())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished cross-validation of 200 rows; what `fit` has printed is there."""
    folder = tmp_path_factory.mktemp("folds")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fill(folder)
        result = succeed("fit", "tiny.yaml", "--folds", str(FOLDS), "--threads", "1")
        Path("stdout").write_text(result.stdout, encoding="utf-8")
        Path("stderr").write_text(result.stderr, encoding="utf-8")
    return folder


@pytest.fixture
def validated(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pd.DataFrame]:
    """Its out-of-fold predictions, in its folder."""
    monkeypatch.chdir(trained)
    yield pd.read_csv("runs/tiny/out_of_fold.csv")


def counted_by_hand(run: str, folds: int) -> float:
    """The share of all rows that are right by the network of the fold that each is in."""
    right = rows = 0
    for fold in range(1, folds + 1):
        member = nntrain.load(f"{run}/fold-{fold}")
        held_out = read_data(member.config, Reporter())[1]
        assert held_out is not None
        answers = member.predict(held_out.dataset.pixels[held_out.index])
        right += int(np.sum(answers == held_out.labels))
        rows += len(held_out)
    return right / rows


def test_the_pooled_accuracy_is_the_one_counted_by_hand(validated: pd.DataFrame) -> None:
    accuracy = counted_by_hand("runs/tiny", FOLDS)
    shares = validated[["0", "1", "2"]].to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert np.mean(shares.argmax(axis=1) == validated["label"]) == accuracy
    result = succeed("evaluate", "runs/tiny", "--json")
    assert "3 folds, each training on 133 rows, validating on 67" in result.stderr
    evaluation = json.loads(result.stdout)
    assert (evaluation["rows"], evaluation["accuracy"]) == (200, accuracy)
    own = [max(record.val_accuracy for record in nntrain.load(f"tiny/fold-{n}").history)
           for n in (1, 2, 3)]  # fmt: skip
    error = np.sqrt(accuracy * (1 - accuracy) / 200)
    *_, spread, pooled, written, together = Path("stdout").read_text("utf-8").splitlines()
    assert spread == (
        f"runs/tiny: {statistics.mean(own):.2%} ± {statistics.stdev(own):.2%} right, "
        "mean ± standard deviation of 3 folds"
    )
    assert pooled.startswith(f"runs/tiny: {accuracy:.2%} ± {error:.2%} of all 200 rows right, ")
    assert written == "runs/tiny/out_of_fold.csv: the probabilities for these rows"
    assert together == "runs/tiny: 3 folds, which vote together in: nntrain predict runs/tiny"


def test_each_row_is_predicted_once_by_the_network_of_its_fold(validated: pd.DataFrame) -> None:
    train = pd.read_csv("data/train.csv")
    assert validated["row"].tolist() == list(range(1, 201))
    assert validated["label"].tolist() == train["label"].tolist()
    pixels = train.drop(columns="label").to_numpy()
    for fold, rows in validated.groupby("fold"):
        own = nntrain.load(f"tiny/fold-{fold}").predict_proba(pixels[rows["row"] - 1])
        np.testing.assert_allclose(rows[["0", "1", "2"]], own, rtol=1e-6, atol=1e-9)


def test_a_fold_is_an_ordinary_run(validated: pd.DataFrame) -> None:
    assert "folds" not in Path("runs/tiny/fold-2/config.yaml").read_text().replace(
        "folds: null", ""
    )
    config = nntrain.load("tiny/fold-2").config
    validation = config.data.validation
    assert (config.seed, config.data.split_seed) == (3, 3)
    assert not isinstance(validation, int | float | str)
    assert (validation.fold, validation.of) == (2, FOLDS)
    result = succeed("fit", "runs/tiny/fold-2/config.yaml", "--threads", "1", "--run", "runs/alone")
    assert "training on 133 rows, validating on 67" in result.stderr
    assert_same(RunFolder(Path("runs/alone")), RunFolder(Path("runs/tiny/fold-2")))


def test_folds_predict_together(validated: pd.DataFrame) -> None:
    pixels = pd.read_csv("data/test.csv").to_numpy()
    each = [nntrain.load(f"tiny/fold-{fold}").predict_proba(pixels) for fold in (1, 2, 3)]
    together = nntrain.load("tiny")
    np.testing.assert_allclose(together.predict_proba(pixels), np.mean(each, axis=0))
    assert together.evaluate().accuracy == counted_by_hand("runs/tiny", FOLDS)
    assert "mean of 3 of 3 folds" in succeed("runs").stdout
    assert "3 such networks" in succeed("inspect", "runs/tiny").stdout
    assert "runs/tiny/fold-3" in succeed("doctor", "runs/tiny").stdout
    assert "held out different rows" in refuse(
        1, "evaluate", "runs/tiny/fold-1", "runs/tiny/fold-2"
    )


@pytest.mark.parametrize("stop", [BATCHES + 15, *slow(5, 3 * BATCHES)])
def test_an_interrupted_fold_resumes_to_the_last_bit(
    validated: pd.DataFrame, stop: int, tmp_path: Path
) -> None:
    config = load_config("tiny.yaml", [f"folds={FOLDS}"])
    outcome = begin(config, str(tmp_path / "run"), Interrupting(stop))
    if stop < 3 * BATCHES:
        assert outcome.signal == signal.SIGINT
        assert not outcome.run.out_of_fold_file.exists()
    outcome = resume_committee(config, outcome.run, Reporter())
    assert outcome.signal is None
    for here, there in zip(
        outcome.run.members(), RunFolder(Path("runs/tiny")).members(), strict=True
    ):
        assert_same(here, there)
    ours = outcome.run.out_of_fold_file.read_bytes()
    assert ours == Path("runs/tiny/out_of_fold.csv").read_bytes()


def test_a_cluster_trains_the_same_folds(validated: pd.DataFrame, tmp_path: Path) -> None:
    config = load_config("tiny.yaml", [f"folds={FOLDS}"])
    run = RunFolder.create(tmp_path / "run", config)
    train_remotely(config, run, cast(Dispatcher, InlineDispatcher(seconds=0)), Reporter())
    for there, here in zip(run.members(), RunFolder(Path("runs/tiny")).members(), strict=True):
        assert_same(there, here)


def test_another_number_of_folds_is_another_run(validated: pd.DataFrame) -> None:
    run = RunFolder(Path("runs/tiny"))
    for folds in ("4", "null"):
        with pytest.raises(ChangedConfigError, match=f"folds is {folds} but was 3"):
            resume_committee(load_config("tiny.yaml", [f"folds={folds}"]), run, Reporter())


def test_each_fold_begins_with_the_weights_of_the_same_fold(
    validated: pd.DataFrame, tmp_path: Path
) -> None:
    config = load_config("tiny.yaml", [f"folds={FOLDS}", "training.optimizer.learning_rate=1e-9"])
    weights = weights_from(Path("runs/tiny"), FOLDS)
    run = RunFolder.create(
        tmp_path / "run", config, None, partial(keep_initial_weights, weights, config, 16)
    )
    resume_committee(config, run, Reporter())
    before, after = nntrain.load("tiny"), nntrain.load(run.folder)
    assert after.evaluate().accuracy == before.evaluate().accuracy


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--folds", "1"), 2, "'--folds': 1 is not in the range 2<=x<=100"),
        (("--set", "folds=1"), 2, "folds: must be at least 2, not 1"),
        (("--folds", "90", "--set", "data.train=few.csv"), 1, "few.csv: 20 rows cannot be divided "
         "into 90 folds; give at most 20 folds"),
        (("--folds", "3", "--set", "members=2"), 2, "one network for each fold, but members asks"),
        (("--folds", "3", "--set", "data.validation=data/test_labelled.csv"), 2,
         "folds holds out each fold of data.train in turn; leave this out"),
        (("--set", "data.validation={fold: 4, of: 3}"), 2, "data.validation: must be a share"),
    ],
)  # fmt: skip
def test_folds_that_cannot_be(
    folder: Path, options: tuple[str, ...], status: int, message: str
) -> None:
    rows = Path("data/train.csv").read_text().splitlines(keepends=True)
    Path("few.csv").write_text("".join(rows[:21]))
    assert message in refuse(status, "fit", "tiny.yaml", *options)
    assert not Path("runs").exists() or not list(Path("runs").iterdir())


def test_folds_validate_where_the_configuration_holds_nothing_out(folder: Path) -> None:
    options = ("data.validation=0", "training.patience=1", "training.epochs=2")
    words = [word for option in options for word in ("--set", option)]
    result = succeed("fit", "tiny.yaml", "--folds", "2", *words)
    assert "mean ± standard deviation of 2 folds" in result.stdout


@pytest.mark.skipif("NNTRAIN_MNIST" not in os.environ, reason="NNTRAIN_MNIST names no folder")
@pytest.mark.slow
def test_five_folds_of_real_digits(folder: Path) -> None:
    train = pd.read_csv(Path(os.environ["NNTRAIN_MNIST"]) / "train.csv.gz", nrows=1_000)
    pixels, labels = train.drop(columns="label").to_numpy(np.uint8), train["label"].to_numpy()
    train.to_csv("digits.csv", index=False)
    network = "network=[{dense: 30, activation: relu}, {dense: 10, activation: softmax}]"
    options = ("data.train=digits.csv", "data.classes=null", network, "training.epochs=3")
    words = [word for option in options for word in ("--set", option)]
    result = succeed("fit", "tiny.yaml", "--folds", "5", *words)
    accuracy = counted_by_hand("runs/tiny", 5)
    assert f"{accuracy:.2%} ± " in result.stdout
    predicted = pd.read_csv("runs/tiny/out_of_fold.csv").drop(columns=["row", "fold"])
    assert np.mean(predicted.drop(columns="label").to_numpy().argmax(axis=1) == labels) == accuracy
    assert 0.7 < accuracy < 0.99
    config = nntrain.load("tiny").config
    assert nntrain.fit(config, pixels, labels).evaluate().accuracy == accuracy
