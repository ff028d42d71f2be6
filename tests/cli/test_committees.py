"""The commands on committees: fit, evaluate, predict, runs."""

import json
import shlex
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from nntrain.training import checkpoint
from nntrain.training.inference import as_probabilities
from tests.support.cli import process, refuse, succeed, wait_for
from tests.support.tiny import TINY, stripes

THREE = ("--set", "members=3")


def probabilities(*runs: str) -> NDArray[np.float64]:
    succeed("predict", *runs, "--probabilities", "--out", "p.csv")
    return pd.read_csv("p.csv")[["0", "1", "2"]].to_numpy()


def accuracy(shares: NDArray[np.float64]) -> float:
    return float(np.mean(shares.argmax(axis=1) == stripes(260)[1][200:]))


def evaluated(*arguments: str) -> float:
    text = succeed("evaluate", *arguments, "--data", "data/test_labelled.csv", "--json").stdout
    return float(json.loads(text)["accuracy"])


def test_fit_names_each_member_and_the_command_to_predict(folder: Path) -> None:
    result = succeed("fit", "tiny.yaml", *THREE)
    for number in (1, 2, 3):
        assert f"member {number} of 3: runs/tiny/member-{number}, seed {number + 2}\n" in (
            result.stderr
        )
    assert result.stderr.count("200 rows") == 1
    *members, together, last = result.stdout.splitlines()
    assert [line.split(": ")[0] for line in members] == [f"runs/tiny/member-{n}" for n in (1, 2, 3)]
    assert all("of the validation rows right after epoch" in line for line in members)
    accuracy = json.loads(succeed("evaluate", "runs/tiny", "--json").stdout)["accuracy"]
    assert together == f"runs/tiny: {accuracy:.2%} of the validation rows right, voting together"
    assert last == "runs/tiny: 3 members, which vote together in: nntrain predict runs/tiny"


def test_without_validation_rows_the_vote_has_no_accuracy(folder: Path) -> None:
    result = succeed("fit", "tiny.yaml", *THREE, "--set", "data.validation=0")
    assert "voting together" not in result.stdout
    assert len(result.stdout.splitlines()) == 4


def test_predictions_are_the_mean_of_the_members(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *THREE, "--set", "training.epochs=1")
    shares = [probabilities(f"runs/tiny/member-{number}") for number in (1, 2, 3)]
    mean = np.mean(shares, axis=0)
    np.testing.assert_allclose(probabilities("runs/tiny"), mean, atol=1e-7)
    assert evaluated("runs/tiny") == accuracy(mean)
    assert evaluated("runs/tiny/member-2") == accuracy(shares[1])
    succeed("fit", "tiny.yaml", "--set", "seed=9", "--run", "runs/single")
    four = np.mean([*shares, probabilities("runs/single")], axis=0)
    np.testing.assert_allclose(probabilities("runs/tiny", "runs/single"), four, atol=1e-7)
    assert evaluated("runs/single", "runs/tiny") == accuracy(four)


def test_evaluate_uses_the_validation_rows_of_a_committee(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *THREE)
    evaluation = json.loads(succeed("evaluate", "--json").stdout)
    assert evaluation["rows"] == 50
    assert evaluation["loss_name"] == "cross_entropy"


def test_predict_without_a_run_uses_the_newest_committee(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/older")
    succeed("fit", "tiny.yaml", *THREE)
    result = succeed("predict")
    assert "with runs/tiny (3 networks)\n" in result.stderr
    assert "-m 'nntrain runs/tiny'\n" in result.stdout
    succeed("fit", "tiny.yaml", "--run", "runs/newer")
    assert "with runs/newer\n" in succeed("predict").stderr


def test_a_network_named_twice_is_refused(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *THREE)
    line = "runs/tiny/member-2: named twice; each member of a committee votes once"
    assert refuse(2, "predict", "runs/tiny", "runs/tiny/member-2") == line
    assert "member-1: named twice" in refuse(2, "evaluate", "runs/tiny", str(folder / "runs/tiny"))


def test_an_unfinished_committee_is_refused_and_never_the_default(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/single")
    succeed("fit", "tiny.yaml", *THREE)
    for file in Path("runs/tiny/member-3").iterdir():
        file.unlink()
    for command in ("predict", "evaluate"):
        assert refuse(1, command, "runs/tiny") == (
            "runs/tiny: 1 of its 3 members are not finished yet; resume with: "
            "nntrain fit runs/tiny/config.yaml --run runs/tiny --resume"
        )
    assert "with runs/single\n" in succeed("predict").stderr
    succeed("fit", "runs/tiny/config.yaml", "--run", "runs/tiny", "--resume")
    assert "with runs/tiny (3 networks)\n" in succeed("predict").stderr


def test_members_may_grow_and_a_run_cannot_become_a_committee(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *THREE)
    result = succeed("fit", "tiny.yaml", "--set", "members=4", "--resume")
    assert "member 3 of 4: runs/tiny/member-3, finished already\n" in result.stderr
    assert "member 4 of 4: runs/tiny/member-4, seed 6\n" in result.stderr
    assert len(result.stdout.splitlines()) == 6
    assert "members is 1 but was 4" in refuse(2, "fit", "tiny.yaml", "--resume")
    succeed("fit", "tiny.yaml", "--run", "runs/single")
    line = refuse(2, "fit", "tiny.yaml", *THREE, "--run", "runs/single", "--resume")
    assert "members is 3 but was 1 (only training.epochs and training.patience may grow)" in line


@pytest.mark.parametrize("members", [1, 2])
def test_the_command_after_an_early_stop_continues_the_training(folder: Path, members: int) -> None:
    early = ("--set", "training.optimizer.learning_rate=1e-9", "--set", "training.patience=2")
    asked = ("fit", "tiny.yaml", *early, "--set", f"members={members}")
    advice = "to go on, raise training.patience: nntrain "
    epochs = ("--set", "training.epochs=6")
    for arguments in (asked, (*asked, *epochs, "--resume")):
        last = succeed(*arguments).stderr.splitlines()[-1]
        assert last.startswith(advice)
    result = succeed(*shlex.split(last.removeprefix(advice)))
    assert result.stderr.count("epoch 5/6 ") == members
    assert result.stderr.count("stopped early: 4 epochs without a better") == members


def test_runs_lists_a_committee_as_one(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *THREE)
    succeed("fit", "tiny.yaml", "--set", "training.optimizer.learning_rate=1e-9")
    Path("runs/begun").mkdir()
    Path("runs/begun/config.yaml").write_text(TINY + "members: 2\n")
    lines = succeed("runs").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "runs/tiny", "runs/tiny-2", "runs/begun"]
    state, members = (lines[0].index(name) for name in ("state", "members"))
    assert [line[state:members].strip() for line in lines[1:]] == [
        "finished, mean of 3 of 3 members",
        "finished",
        "unfinished, mean of 0 of 2 members",
    ]
    assert [line[members:].split()[0] for line in lines[1:]] == ["3", "1", "2"]


def test_a_members_configuration_trains_an_ordinary_run(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *THREE)
    result = succeed("fit", "runs/tiny/member-2/config.yaml")
    assert result.stdout.startswith("runs/tiny-member-2: ")
    again, member = (
        checkpoint.load(Path(run) / "best.npz")
        for run in ("runs/tiny-member-2", "runs/tiny/member-2")
    )
    np.testing.assert_array_equal(again.parameters, member.parameters)


@pytest.mark.parametrize(("value", "bound"), [("0", "at least 1"), ("101", "at most 100")])
def test_between_1_and_100_members(folder: Path, value: str, bound: str) -> None:
    line = refuse(2, "fit", "tiny.yaml", "--set", f"members={value}")
    assert line == f"--set members={value}: members: must be {bound}, not {value}"


def test_check_counts_the_members(folder: Path) -> None:
    result = succeed("config", "check", "tiny.yaml", *THREE)
    assert result.stdout.endswith("4 epochs of 10 batches, 3 members\n")


@pytest.mark.slow
def test_sigterm_within_a_member_saves_and_resuming_ends_the_same(folder: Path) -> None:
    long = [*THREE, "--set", "training.epochs=25", "--threads", "1"]
    with process("fit", "tiny.yaml", *long, cwd=folder) as training:
        wait_for(lambda: (folder / "runs/tiny/member-2/metrics.csv").exists())
        training.send_signal(signal.SIGTERM)
        _, error = training.communicate()
    assert training.returncode == 128 + signal.SIGTERM, error
    assert "nntrain fit runs/tiny/config.yaml --run runs/tiny --resume" in error
    assert "Traceback" not in error
    assert not Path("runs/tiny/member-3").exists()
    assert pd.read_csv("runs/tiny/member-2/metrics.csv")["epoch"].max() < 25

    succeed("fit", "runs/tiny/config.yaml", "--run", "runs/tiny", "--resume", "--threads", "1")
    succeed("fit", "tiny.yaml", *long, "--run", "runs/whole")
    for member in ("member-1", "member-2", "member-3"):
        for name in ("best.npz", "last.npz"):
            ours, theirs = (
                checkpoint.load(Path("runs") / run / member / name) for run in ("tiny", "whole")
            )
            np.testing.assert_array_equal(ours.parameters, theirs.parameters)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ([0.9, 0.1, 0.0], [0.9, 0.1, 0.0]),
        ([1.8, 0.2, -0.5], [0.9, 0.1, 0.0]),
        ([-0.1, -0.2, -0.5], [0.4 / 0.7, 0.3 / 0.7, 0.0]),
        ([0.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_outputs_trained_towards_0_and_1_are_normalised(
    outputs: list[float], expected: list[float]
) -> None:
    shares = as_probabilities(np.array([outputs], np.float32), "identity", "squared_error")
    np.testing.assert_allclose(shares, [expected], rtol=1e-5, atol=1e-6)
