"""Labels of any kind, from the training CSV to checkpoint, submission, report and sweep."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nntrain
from nntrain.config import load_config
from nntrain.training import checkpoint
from tests.support.cli import refuse, succeed
from tests.support.tiny import SWEEP, TINY, stripes

pytestmark = pytest.mark.usefixtures("undrawn")

NAMES = np.array(["rows", "columns", "a border"])


@pytest.fixture
def words(folder: Path) -> Path:
    """The tiny problem with words as labels, and a configuration for ten classes."""
    for name in ("train", "test_labelled"):
        path = folder / f"data/{name}.csv"
        frame = pd.read_csv(path)
        frame["label"] = NAMES[frame["label"]]
        frame.to_csv(path, index=False)
    text = TINY.replace(", classes: 3", "").replace("dense: 3", "dense: 10")
    (folder / "tiny.yaml").write_text(text)
    return folder


def test_words_are_trained_and_written(words: Path) -> None:
    result = succeed("fit", "tiny.yaml")
    assert "200 rows, 3 classes a border, columns, rows, 4×4" in result.stderr
    assert "the last layer has 3 neurons, one for each class, instead of 10" in result.stderr
    config = load_config(words / "runs/tiny/config.yaml")
    assert config.class_names == ("a border", "columns", "rows")
    assert config.output_layer.dense == 3
    assert checkpoint.load(words / "runs/tiny/best.npz").meta.labels == [*config.class_names]

    succeed("predict", "--test", "data/test.csv")
    answers = pd.read_csv(words / "submission.csv")["Label"].to_numpy()
    truth = pd.read_csv(words / "data/test_labelled.csv")["label"].to_numpy()
    evaluated = json.loads(succeed("evaluate", "--data", "data/test_labelled.csv", "--json").stdout)
    assert evaluated["accuracy"] == np.mean(answers == truth) > 0.9
    assert [row["digit"] for row in evaluated["digits"]] == ["a border", "columns", "rows"]
    assert "columns  " in succeed("evaluate").stdout
    succeed("predict", "--probabilities", "--out", "p.csv")
    assert (words / "p.csv").read_text().startswith("id,a border,columns,rows\n")

    run = nntrain.load("tiny")
    pixels, labels = stripes(260)
    assert run.predict(pixels[200:]).tolist() == answers.tolist()
    assert run.evaluate(pixels[200:], NAMES[labels[200:]]).accuracy == evaluated["accuracy"]


def test_a_resumed_run_ends_as_one_that_was_not_interrupted(words: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "whole")
    succeed("fit", "tiny.yaml", "--run", "parts", "--set", "training.epochs=2")
    succeed("fit", "tiny.yaml", "--run", "parts", "--resume")
    whole, parts = (checkpoint.load(words / f"{run}/last.npz") for run in ("whole", "parts"))
    np.testing.assert_array_equal(whole.parameters, parts.parameters)
    assert whole.meta.config == parts.meta.config


def test_numbers_that_suit_the_outputs_are_kept_as_they_are(folder: Path) -> None:
    text = TINY.replace(", classes: 3", "").replace("dense: 3", "dense: 5")
    (folder / "tiny.yaml").write_text(text)
    result = succeed("fit", "tiny.yaml")
    assert "warning: data/train.csv: digits without a row: 3, 4" in result.stderr
    assert load_config(folder / "runs/tiny/config.yaml").class_names == tuple("01234")


@pytest.mark.usefixtures("no_workers")
def test_committees_and_trials_have_the_same_classes(words: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "members=2")
    succeed("predict", "runs/tiny", "--test", "data/test.csv")
    assert set(pd.read_csv(words / "submission.csv")["Label"]) == set(NAMES)
    (words / "sweep.yaml").write_text(SWEEP.replace("trials: 6", "trials: 2"))
    succeed("sweep", "sweep.yaml")
    trial = load_config(words / "runs/sweep/trial-1/config.yaml")
    assert trial.class_names == ("a border", "columns", "rows")
    succeed("sweep", "sweep.yaml")  # continues, with nothing left to do


def test_every_command_shows_labels_as_they_were_read(words: Path) -> None:
    assert "row 1: a " in succeed("trace", "tiny.yaml").stdout
    succeed("fit", "tiny.yaml")
    assert "a border" in succeed("data", "check", "data/train.csv").stdout
    succeed("doctor", "runs/tiny")
    succeed("gradcheck", "tiny.yaml")
    succeed("report", "--out", "report.html")
    page = (words / "report.html").read_text()
    assert '<th scope="row">a border</th>' in page
    assert '"labels": ["a border", "columns", "rows"]' in page


def test_other_classes_than_those_said_are_refused(words: Path) -> None:
    line = refuse(1, "fit", "tiny.yaml", "--set", "data.classes=10")
    assert "column 'label': " in line
    assert "is not a digit 0–9; correct it or remove the row" in line
    both = ["--set", "data.classes=[rows, columns, x]", "--set", "network[1].dense=3"]
    line = refuse(1, "fit", "tiny.yaml", *both)
    assert "'a border' is not one of the 3 classes rows, columns, x" in line
    assert not (words / "runs").exists()


def test_a_csv_with_other_labels_than_the_run_is_refused(words: Path) -> None:
    succeed("fit", "tiny.yaml")
    path = words / "data/test_labelled.csv"
    path.write_text(path.read_text().replace("columns", "stripes"))
    line = refuse(1, "evaluate", "--data", "data/test_labelled.csv")
    assert "'stripes' is not one of the 3 classes a border, columns, rows" in line
