"""Commands from the data to the submission."""

import errno
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nntrain.cli import main
from nntrain.data.kaggle import write_csv
from tests.support.cli import process, refuse, run, succeed, wait_for
from tests.support.tiny import TINY, stripes
from tests.support.variants import slow, slow_except


def test_from_data_to_submission(folder: Path) -> None:
    result = succeed("fit", "tiny.yaml", "--set", "training.epochs=6")
    assert re.fullmatch(
        r"runs/tiny: \d+\.\d\d% of the validation rows right after epoch \d \(of 6\)\n",
        result.stdout,
    )
    assert "200 rows, digits 0–2, 4×4, label column 'label'" in result.stderr
    assert "training on 150 rows, validating on 50" in result.stderr
    assert sorted(path.name for path in Path("runs/tiny").iterdir()) == [
        ".lock",
        "best.npz",
        "config.yaml",
        "last.npz",
        "layers.csv",
        "metrics.csv",
        "origin.json",
    ]
    metrics = pd.read_csv("runs/tiny/metrics.csv")
    assert list(metrics.columns) == [
        "epoch",
        "seconds",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "val_loss",
        "val_accuracy",
    ]
    assert list(metrics["epoch"]) == [1, 2, 3, 4, 5, 6]

    result = succeed("predict")
    assert "submission.csv: 60 predictions" in result.stdout
    assert (
        "kaggle competitions submit -c digit-recognizer -f submission.csv -m 'nntrain runs/tiny'"
        in result.stdout
    )
    submission = pd.read_csv("submission.csv")
    assert list(submission.columns) == ["ImageId", "Label"]
    assert list(submission["ImageId"]) == list(range(1, 61))

    result = succeed("evaluate", "--data", "data/test_labelled.csv", "--json")
    evaluation = json.loads(result.stdout)
    truth = stripes(260)[1][200:]
    assert evaluation["accuracy"] == np.mean(submission["Label"] == truth)
    assert np.sum(evaluation["confusion"]) == 60


def test_training_from_the_configuration_of_a_run_reproduces_it(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=2", "--run", "runs/a")
    succeed("fit", "runs/a/config.yaml", "--run", "runs/b")
    drop = ["seconds"]
    first, second = (pd.read_csv(f"runs/{name}/metrics.csv").drop(columns=drop) for name in "ab")
    pd.testing.assert_frame_equal(first, second)


def test_runs_never_overwrite_each_other(folder: Path) -> None:
    for expected in ("runs/tiny", "runs/tiny-2", "runs/tiny-3"):
        assert succeed("fit", "tiny.yaml").stdout.startswith(f"{expected}: ")
    before = Path("runs/tiny-2/last.npz").read_bytes()
    line = refuse(1, "fit", "tiny.yaml", "--run", "runs/tiny-2")
    assert line == (
        "runs/tiny-2: exists already; name another folder with --run, or continue it with --resume"
    )
    assert Path("runs/tiny-2/last.npz").read_bytes() == before


def test_the_newest_run_is_the_one_with_the_greatest_number(folder: Path) -> None:
    for _ in range(2):
        succeed("fit", "tiny.yaml")
    Path("runs/tiny").rename("runs/kept")
    tomorrow = time.time() + 86_400
    os.utime("runs/kept/last.npz", (tomorrow, tomorrow))
    os.utime("runs/tiny-2/last.npz", (0, 0))
    assert "runs/tiny-2: finished already" in succeed("fit", "tiny.yaml", "--resume").stderr
    assert succeed("fit", "tiny.yaml").stdout.startswith("runs/tiny-3: ")
    Path("runs/tiny-12").mkdir()  # of no run, but in the way
    assert succeed("fit", "tiny.yaml").stdout.startswith("runs/tiny-13: ")
    os.utime("runs/tiny-13/last.npz", (0, 0))
    assert "runs/tiny-13: finished already" in succeed("fit", "tiny.yaml", "--resume").stderr


def test_predict_takes_the_run_that_was_finished_last(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/old")
    succeed("fit", "tiny.yaml", "--run", "runs/new")
    Path("runs/unfinished").mkdir()
    Path("runs/unfinished/config.yaml").write_text(TINY)
    assert "with runs/new\n" in succeed("predict").stderr


def test_committee_averages_probabilities(folder: Path) -> None:
    for seed in "123":
        succeed("fit", "tiny.yaml", "--set", f"seed={seed}", "--run", f"runs/{seed}")
    tables = []
    for members in (["runs/1"], ["runs/2"], ["runs/3"], ["runs/1", "runs/2", "runs/3"]):
        succeed("predict", *members, "--probabilities", "--out", "p.csv")
        tables.append(pd.read_csv("p.csv")[["0", "1", "2"]].to_numpy())
    np.testing.assert_allclose(tables[3], np.mean(tables[:3], axis=0), atol=1e-7)
    np.testing.assert_allclose(tables[3].sum(axis=1), 1, atol=1e-6)
    result = succeed("evaluate", "runs/1", "runs/2", "--data", "data/test_labelled.csv", "--json")
    truth, shares = stripes(260)[1][200:], (tables[0] + tables[1]) / 2
    assert json.loads(result.stdout)["accuracy"] == np.mean(shares.argmax(axis=1) == truth)


def test_a_run_named_twice_counts_once(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    assert "named twice" in refuse(2, "predict", "runs/tiny", "runs/tiny")


def test_evaluate_uses_the_validation_rows_by_default(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    evaluation = json.loads(succeed("evaluate", "--json").stdout)
    best = pd.read_csv("runs/tiny/metrics.csv")["val_accuracy"].max()
    assert evaluation["rows"] == 50
    assert evaluation["accuracy"] == pytest.approx(best)
    text = succeed("evaluate").stdout
    assert re.search(rf"^accuracy +{evaluation['accuracy']:.2%} ", text, re.MULTILINE)
    for digit, counts in enumerate(evaluation["confusion"]):
        assert re.search(rf"^ *{digit} +{' +'.join(map(str, counts))}$", text, re.MULTILINE)


def test_members_with_different_validation_rows_need_data(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/1")
    succeed("fit", "tiny.yaml", "--set", "seed=9", "--run", "runs/2")
    line = refuse(1, "evaluate", "runs/1", "runs/2")
    assert line == "runs/1 and runs/2 held out different rows; name a CSV with --data"


def nn5(path: str, first: str, column: list[str], count: int) -> None:
    pixels, _ = stripes(count)
    names = [first, *(f"n{i}" for i in range(1, 17))]
    rows = [[cell, *map(str, row)] for cell, row in zip(column, pixels, strict=True)]
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_formats_of_nn5(folder: Path, suffix: str) -> None:
    nn5(f"train5.csv{suffix}", "class", stripes(120)[1].astype(str).tolist(), 120)
    ids = [str(7 * i + 3) for i in range(20)]
    nn5(f"test5.csv{suffix}", "id", ids, 20)
    succeed("fit", "tiny.yaml", "--set", f"data.train=train5.csv{suffix}")
    result = succeed("predict", "--test", f"test5.csv{suffix}", "--out", "five.csv")
    assert "-c nn5 -f five.csv" in result.stdout
    submission = pd.read_csv("five.csv", dtype=str)
    assert list(submission.columns) == ["id", "number"]
    assert list(submission["id"]) == ids
    succeed("predict", "--test", f"test5.csv{suffix}", "--competition", "digit-recognizer")
    assert list(pd.read_csv("submission.csv").columns) == ["ImageId", "Label"]


def test_demo_data_are_written_once_and_replaced_only_when_forced(folder: Path) -> None:
    result = succeed("data", "demo", "--train", "60", "--test", "20", "--out", "demo")
    assert "demo/train.csv: 60 rows" in result.stdout
    train, test, labelled = (
        pd.read_csv(f"demo/{name}.csv") for name in ("train", "test", "test_labelled")
    )
    assert train.shape == (60, 785)
    pd.testing.assert_frame_equal(labelled.drop(columns="label"), test)
    assert "exists already" in refuse(1, "data", "demo", "--out", "demo")
    before = Path("demo/train.csv").read_bytes()
    succeed("data", "demo", "--train", "60", "--test", "20", "--out", "demo", "--force")
    assert Path("demo/train.csv").read_bytes() == before
    succeed(
        "data", "demo", "--train", "60", "--test", "20", "--seed", "1", "--out", "demo", "--force"
    )
    assert Path("demo/train.csv").read_bytes() != before


def test_data_check_reports_every_file_and_fails_if_one_is_bad(folder: Path) -> None:
    Path("bad.csv").write_text("label,pixel0\n1,300\n2,4\n")
    result = run("data", "check", "data/train.csv", "bad.csv", "data/test.csv")
    assert result.exit_code == 1
    assert "data/train.csv: 200 rows, digits 0–2, 4×4, label column 'label'" in result.stdout
    assert "data/test.csv: 60 rows, 4×4, no labels" in result.stdout
    assert "bad.csv:2: row 1, column 'pixel0': '300' is not a pixel" in result.stderr


def test_config_init_writes_what_config_show_reads_and_never_overwrites(folder: Path) -> None:
    succeed("config", "init")
    shown = succeed("config", "show", "config.yaml", "--set", "seed=5").stdout
    assert shown.startswith("seed: 5\n")
    Path("shown.yaml").write_text(shown)
    assert succeed("config", "show", "shown.yaml").stdout == shown
    assert "exists already" in refuse(1, "config", "init")
    succeed("config", "init", "--force")


def test_config_check_and_config_schema(folder: Path) -> None:
    result = succeed("config", "check", "tiny.yaml")
    assert result.stdout == "tiny.yaml: 16-8-3, 163 parameters, 4 epochs of 10 batches\n"
    assert not Path("runs").exists()
    schema = json.loads(succeed("config", "schema").stdout)
    assert set(schema["required"]) == {"data", "network", "loss", "training"}


def test_a_wrong_configuration_is_status_2_with_file_and_line(folder: Path) -> None:
    Path("tiny.yaml").write_text(TINY.replace("sigmoid", "sigmod"))
    line = refuse(2, "fit", "tiny.yaml")
    assert line == (
        "tiny.yaml:5: network[0].activation: unknown activation 'sigmod'; did you mean 'sigmoid'?"
    )
    assert not Path("runs").exists()


def test_bad_data_are_status_1_and_leave_no_run(folder: Path) -> None:
    Path("data/train.csv").write_text("label,pixel0\n1,300\n2,4\n")
    assert "'300' is not a pixel" in refuse(1, "fit", "tiny.yaml")
    assert not Path("runs").exists()
    assert "no finished run in runs/" in refuse(1, "predict")


def test_training_rows_of_one_digit_are_refused(folder: Path) -> None:
    write_csv("data/train.csv", stripes(20)[0], np.ones(20, np.uint8))
    assert refuse(1, "fit", "tiny.yaml") == (
        "data/train.csv: all labels are 1; give a file with at least two different digits"
    )
    assert not Path("runs").exists()


def test_an_unreadable_run_is_listed_and_skipped(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    Path("runs/broken").mkdir()
    Path("runs/broken/config.yaml").write_text("{")
    assert "with runs/tiny\n" in succeed("predict").stderr
    listed = succeed("runs").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["run", "runs/tiny", "runs/broken"]
    assert "unreadable: runs/broken/config.yaml:" in listed[-1]


DAMAGES = {
    "blank": lambda text: re.sub(r"^1,[^,]*", "1,", text, flags=re.MULTILINE),
    "no epoch": lambda text: re.sub(r"^1,", ",", text, flags=re.MULTILINE),
    "infinite": lambda text: re.sub(r"^1,[^,]*", "1,inf", text, flags=re.MULTILINE),
    "nan": lambda text: re.sub(r"^1,[^,]*", "1,nan", text, flags=re.MULTILINE),
    "huge epoch": lambda text: re.sub(r"^1,", "1e999,", text, flags=re.MULTILINE),
    "long": lambda text: f"{text}{'9' * 200_000}\n",
    "short row": lambda text: f"{text}5,1\n",
    "long row": lambda text: f"{text.rstrip()},1\n",
    "quote": lambda text: f'{text}"5',
    "NUL": lambda text: f"{text}\0\n",
}


@pytest.mark.parametrize("damage", slow_except({"huge epoch", "long row", "NUL"}, DAMAGES))
def test_damaged_metrics_affect_one_run_only(folder: Path, damage: str) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/whole", "--set", "training.epochs=1")
    succeed("fit", "tiny.yaml", "--run", "runs/spoilt", "--set", "training.epochs=1")
    file = Path("runs/spoilt/metrics.csv")
    before = file.read_text()
    file.write_text(DAMAGES[damage](before))
    assert file.read_text() != before
    assert "with runs/whole\n" in succeed("predict").stderr
    listed = succeed("runs").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["run", "runs/whole", "runs/spoilt"]
    assert "runs/spoilt  unreadable: runs/spoilt/metrics.csv: cannot be read: " in listed[-1]
    succeed("fit", "tiny.yaml", "--run", "runs/spoilt", "--resume", "--set", "training.epochs=1")
    assert file.read_text() == before


EXTREMES = [
    "data.input_range=[-1000,1000]",
    "data.input_range=[999.999,1000]",
    "network[0].init={normal: 1000}",
    "network[0].init={uniform: 1000}",
    "network[0].init={normal: 1e-300}",
    "data.distortion={elastic: {strength: 10000, sigma: 0.01}}",
    "data.distortion={elastic: {strength: 1e-300, sigma: 100}}",
    "data.distortion={rotation: 180, scale: 0.999999, shear: 1, shift: 100}",
    "training.optimizer={name: sgd, learning_rate: 3.4e38, weight_decay: 3.4e38}",
    "training.optimizer={name: sgd, learning_rate: 1e-300}",
    "training.optimizer={name: adam, epsilon: 1e-30, beta1: 0.9999999999, beta2: 0}",
    "training.optimizer={name: adamw, epsilon: 1, weight_decay: 3.4e38}",
    "training.optimizer={name: momentum, learning_rate: 3.4e38, momentum: 0.999999}",
    "training.schedule={name: step, every: 1e-300, factor: 1e-300}",
    "training.schedule={name: one_cycle, peak_at: 1e-300, initial: 1e-300}",
    "training.schedule={name: exponential, decay: 1e-300}",
    "training.l1=3.4e38",
    "training.max_norm=1e-300",
    "training.max_norm=3.4e38",
    "training.clip_norm=1e-300",
    "training.label_smoothing=0.999999",
    "training.average=1e-300",
]


# float64 has other limits than float32 only where numbers are next to 0.
@pytest.mark.parametrize(
    ("setting", "dtype"),
    [
        *((setting, "float32") for setting in EXTREMES),
        *slow(*((setting, "float64") for setting in EXTREMES if "e-300" in setting)),
    ],
)
def test_no_accepted_value_causes_warnings_of_numpy(
    folder: Path, setting: str, dtype: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Warnings are errors here, in each thread; diverging ends with an error line."""
    options = ["--set", f"dtype={dtype}", "--set", setting, "--threads", "2"]
    trained = run("fit", "tiny.yaml", "--set", "training.epochs=2", *options)
    assert trained.exit_code in (0, 1), trained.output
    if trained.exit_code == 1:
        assert "training has diverged; lower" in trained.stderr.splitlines()[-1]
    if trained.exit_code == 0:
        for command in (["predict"], ["doctor", "runs/tiny"], ["runs"]):
            done = run(*command)
            assert done.exit_code == 0, done.output
    assert not recwarn.list


def test_metrics_that_are_a_pipe_do_not_block(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    Path("runs/tiny/metrics.csv").unlink()
    subprocess.run(["mkfifo", "runs/tiny/metrics.csv"], check=True)
    assert "not a regular file" in succeed("runs").stdout


def test_a_run_that_fails_to_start_leaves_no_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for option in ([], ["--run", "runs/mine"]):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            line = refuse(1, "fit", "tiny.yaml", *option)
        assert "config.yaml: cannot be written: No space left on device; free some space" in line
        assert list(Path("runs").iterdir()) == []
    assert succeed("fit", "tiny.yaml").stdout.startswith("runs/tiny: ")


def test_evaluate_refuses_changed_training_rows(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    write_csv("data/train.csv", *stripes(200, seed=5))
    assert "not the rows that runs/tiny was trained on any more" in refuse(1, "evaluate")


def test_the_test_file_is_never_overwritten(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    before = Path("data/test.csv").read_bytes()
    line = refuse(2, "predict", "--out", "data/../data/test.csv")
    assert "is the same file as data/test.csv" in line
    assert Path("data/test.csv").read_bytes() == before


def test_the_name_of_a_run_follows_from_its_configuration(folder: Path) -> None:
    succeed("fit", "tiny.yaml")
    assert succeed("fit", "runs/tiny/config.yaml").stdout.startswith("runs/tiny-2: ")


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity", "leaky_relu", "softmax"])
def test_submission_and_evaluation_agree(folder: Path, activation: str) -> None:
    change = f"network[1].activation={activation}"
    succeed("fit", "tiny.yaml", "--set", change, "--set", "loss=squared_error")
    succeed("predict")
    evaluation = json.loads(
        succeed("evaluate", "--data", "data/test_labelled.csv", "--json").stdout
    )
    answers = pd.read_csv("submission.csv")["Label"].to_numpy()
    assert evaluation["accuracy"] == np.mean(answers == stripes(260)[1][200:])


def test_a_test_file_as_training_file_is_recognised(folder: Path) -> None:
    line = refuse(1, "fit", "tiny.yaml", "--set", "data.train=data/test.csv")
    assert "looks like a test file" in line


def test_runs_lists_the_best_first(folder: Path) -> None:
    assert "no runs" in run("runs").stderr
    succeed(
        "fit", "tiny.yaml", "--set", "training.optimizer.learning_rate=1e-9", "--run", "runs/poor"
    )
    succeed("fit", "tiny.yaml", "--run", "runs/good")
    Path("runs/empty").mkdir()
    Path("runs/empty/config.yaml").write_text(TINY)
    names = [line.split()[0] for line in succeed("runs").stdout.splitlines()]
    assert names == ["run", "runs/good", "runs/poor", "runs/empty"]


def all_commands() -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for name, command in main.commands.items():
        commands.append([name])
        commands += [[name, below] for below in getattr(command, "commands", {})]
    return commands


@pytest.mark.parametrize("command", all_commands(), ids=" ".join)
def test_help_shows_an_example_of_the_command(command: list[str]) -> None:
    text = succeed(*command, "--help").stdout
    example = re.search(r"(?:Example|Try): (nntrain .*)", text)
    assert example
    assert example[1].startswith(" ".join(["nntrain", *command]))


@pytest.mark.parametrize("group", ["", "data", "config"])
def test_no_summary_of_a_command_is_truncated(group: str) -> None:
    lines = succeed(*group.split(), "--help").stdout.splitlines()
    assert [line for line in lines if line.startswith("  ") and line.endswith("...")] == []


def test_ctrl_c_saves_and_the_resumed_run_ends_the_same(folder: Path) -> None:
    long = ["--set", "training.epochs=60"]
    with process("fit", "tiny.yaml", *long, cwd=folder) as training:
        wait_for(lambda: (folder / "runs/tiny/metrics.csv").exists())
        training.send_signal(signal.SIGINT)
        _, error = training.communicate()
    assert training.returncode == 130, error
    assert "nntrain fit runs/tiny/config.yaml --run runs/tiny --resume" in error
    assert "Traceback" not in error

    assert pd.read_csv("runs/tiny/metrics.csv")["epoch"].max() < 60
    succeed("fit", "tiny.yaml", *long, "--resume")
    succeed("fit", "tiny.yaml", *long, "--run", "runs/whole")
    resumed, whole = (
        pd.read_csv(f"runs/{name}/metrics.csv").drop(columns="seconds")
        for name in ("tiny", "whole")
    )
    pd.testing.assert_frame_equal(resumed, whole)


def test_debug_shows_the_traceback(folder: Path) -> None:
    with process("--debug", "fit", "none.yaml", cwd=folder) as failing:
        _, error = failing.communicate()
    assert failing.returncode == 2
    assert "Traceback" in error
    assert "none.yaml: no such file" in error


def test_help_lists_every_command_once_by_purpose_on_one_screen() -> None:
    lines = succeed("--help").stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    listed = [re.match(r"  (\w*) +(\w+) +[A-Z]", line) for line in lines]
    found = [match.groups() for match in listed if match and match[1] not in ("Try", "Options")]
    commands = [command for purpose, command in found if command in main.commands]
    assert sorted(commands) == sorted(main.commands)
    assert [purpose for purpose, _ in found if purpose] == [
        "train", "predict", "look", "learn", "data", "help"
    ]  # fmt: skip
