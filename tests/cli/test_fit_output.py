"""The options of fit that choose what is told of a training, and where."""

import sys
from pathlib import Path

import pytest

from tests.support.cli import line_of_refusal, refuse, run, succeed
from tests.support.logs import assert_logged
from tests.support.training import damage


def test_a_quiet_training_prints_its_result_only(folder: Path) -> None:
    options = ("--set", "members=2", "--set", "training.epochs=1", "--run")
    loud = succeed("fit", "tiny.yaml", *options, "runs/loud")
    quiet = succeed("fit", "tiny.yaml", *options, "runs/quiet", "--quiet")
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout.replace("runs/loud", "runs/quiet")
    resumed = succeed("fit", "tiny.yaml", *options, "runs/quiet", "--quiet", "--resume")
    assert (resumed.stdout, resumed.stderr) == (quiet.stdout, "")


def test_a_quiet_training_shows_warnings_and_errors(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=2")
    damage(Path("runs/tiny/last.npz"))
    more = ("fit", "tiny.yaml", "--set", "training.epochs=3", "--resume", "--quiet")
    assert succeed(*more).stderr == (
        "warning: runs/tiny/last.npz: damaged; going on from runs/tiny/best.npz\n"
    )
    assert line_of_refusal(2, "fit", "tinny.yaml", "--quiet").startswith("tinny.yaml: no such file")


def test_logs_are_written_beside_each_other_also_by_a_resume(folder: Path) -> None:
    pytest.importorskip("tensorboard")
    both = ("--log", "jsonl", "--log", "tensorboard")
    succeed("fit", "tiny.yaml", "--set", "training.epochs=2", *both)
    succeed("fit", "tiny.yaml", "--set", "training.epochs=3", "--resume", "--log", "jsonl")
    assert_logged(Path("runs/tiny"))
    assert Path("runs/tiny/events.out.tfevents").is_file()
    succeed("fit", "tiny.yaml", "--run", "runs/plain", "--set", "training.epochs=3")
    assert not Path("runs/plain/log.jsonl").exists()
    for name in ("config.yaml", "layers.csv"):
        assert Path("runs/tiny", name).read_bytes() == Path("runs/plain", name).read_bytes()


def test_a_log_in_whose_place_is_a_folder_is_one_line(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    Path("runs/tiny/log.jsonl").mkdir()
    more = ("--set", "training.epochs=3", "--resume", "--log", "jsonl", "--quiet")
    done = succeed("fit", "tiny.yaml", *more)
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: runs/tiny/log.jsonl: cannot be written: ")
    assert done.stdout.startswith("runs/tiny: ")


def test_a_library_that_is_missing_is_said_before_anything_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "nntrain.training.tensorboard_log", raising=False)
    for name in list(sys.modules):
        if name.startswith("tensorboard"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert line_of_refusal(1, "fit", "tiny.yaml", "--log", "tensorboard") == (
        "logs for TensorBoard need tensorboard, which is not installed; "
        'pip install "nntrain[tensorboard]"'
    )
    unknown = refuse(2, "fit", "tiny.yaml", "--log", "mlflow")
    assert "--log" in unknown
    assert "'jsonl', 'tensorboard'" in unknown
    assert run("fit", "--help").stdout.count("--log") == 1
