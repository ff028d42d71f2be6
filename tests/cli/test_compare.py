"""nntrain compare: counts, sentences and refusals."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nntrain
from tests.support.cli import refuse, succeed

TEST = ("--data", "data/test_labelled.csv")


def answers(run: str, csv: str) -> "pd.Series[int]":
    table = pd.read_csv(csv)
    pixels = table.drop(columns="label").to_numpy()
    return pd.Series(np.asarray(nntrain.load(run).predict(pixels)).astype(int))


def test_counts_are_those_of_the_predictions(trained_runs: None) -> None:
    found = json.loads(
        succeed("compare", "runs/good", "runs/poor", "runs/team", *TEST, "--json").stdout
    )
    labels = pd.read_csv("data/test_labelled.csv")["label"]
    names = ["runs/good", "runs/poor", "runs/team"]
    predicted = {name: answers(name, "data/test_labelled.csv") for name in names}
    assert [run["wrong"] for run in found["runs"]] == [
        int((predicted[name] != labels).sum()) for name in names
    ]
    for pair in found["pairs"]:
        first, second = (predicted[name] == labels for name in pair["runs"])
        assert pair["only_right"] == [int((first & ~second).sum()), int((second & ~first).sum())]
    table = pd.DataFrame(predicted)
    differing = table[table.nunique(axis=1) > 1]
    assert [row["row"] for row in found["disagreements"]] == (differing.index + 1).tolist()
    assert [list(map(int, row["answers"])) for row in found["disagreements"]] == (
        differing.to_numpy().tolist()
    )


def test_a_better_run_is_told_from_noise(trained_runs: None) -> None:
    text = succeed("compare", "runs/poor", "runs/good", *TEST).stdout
    assert "runs/good is better than runs/poor: chance alone makes such a difference in" in text
    lines = text.splitlines()
    assert lines[0].split("  ")[0] == "run"
    accuracies = [float(line.split()[1].rstrip("%")) for line in lines[1:3]]
    for line, accuracy in zip(lines[1:3], accuracies, strict=True):
        low, high = (float(bound.rstrip("%")) for bound in line.split()[2].split("–"))
        assert low <= accuracy <= high
    assert "different answers: " in text


def test_the_same_validation_rows_are_compared(trained_runs: None) -> None:
    found = json.loads(succeed("compare", "runs/good", "runs/poor", "--json").stdout)
    assert found["rows"] == 50
    evaluated = json.loads(succeed("evaluate", "runs/good", "--json").stdout)["accuracy"]
    assert found["runs"][0]["accuracy"] == evaluated


def test_cross_validations_are_compared_on_all_rows(folder: Path) -> None:
    for name, epochs in (("a", 1), ("b", 3)):
        succeed(*("fit", "tiny.yaml", "--folds", "2", "--run", name),
                *("--set", f"training.epochs={epochs}"))  # fmt: skip
    found = json.loads(succeed("compare", "a", "b", "--json").stdout)
    assert found["rows"] == 200
    pooled = [pd.read_csv(f"{name}/out_of_fold.csv") for name in ("a", "b")]
    wrong = [int((each[["0", "1", "2"]].to_numpy().argmax(axis=1) != each["label"]).sum())
             for each in pooled]  # fmt: skip
    assert [run["wrong"] for run in found["runs"]] == wrong


def test_what_cannot_be_compared(trained_runs: None) -> None:
    assert "one run cannot be compared; name two or more" in refuse(2, "compare", "runs/good")
    same = refuse(2, "compare", "runs/good", f"{Path.cwd()}/runs/good")
    assert same == "runs/good: named twice; a run does not differ from itself"
    line = refuse(1, "compare", "runs/good", "runs/team")
    assert line.startswith("runs/good and runs/team held out different rows; train them with")
    assert "no such folder" in refuse(1, "compare", "runs/good", "runs/none")


@pytest.mark.parametrize("split", ["data.validation=0", "data.classes=[a, b, c]"])
def test_runs_of_other_rows_are_refused_in_one_line(folder: Path, split: str) -> None:
    if "classes" in split:
        table = pd.read_csv("data/train.csv")
        table["label"] = table["label"].map({0: "a", 1: "b", 2: "c"})
        table.to_csv("letters.csv", index=False)
    options = ["--set", "training.epochs=1"]
    succeed("fit", "tiny.yaml", "--run", "one", *options)
    changed = ["--set", "data.train=letters.csv"] if "classes" in split else []
    succeed("fit", "tiny.yaml", "--run", "other", *options, *changed, "--set", split)
    line = refuse(1, "compare", "one", "other")
    assert ("different classes" if "classes" in split else "held no rows out") in line
