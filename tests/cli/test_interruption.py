"""Ctrl-C, SIGTERM, a full disk and a second process, met by a real one at the worst moments."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nntrain.training import checkpoint
from tests.support.cli import paused, process, run, succeed
from tests.support.training import assert_as_if_undisturbed, remains

EPOCHS = ("--set", "training.epochs=4")

# Says "here" and waits for a line before something is done for the nth time.
MAIN = "from nntrain.cli import main; main()"
MOMENTS = {"validation": ("fit", "_validate"), "saving": ("checkpoint", "save")}


def assert_resumes_as_if_undisturbed(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *EPOCHS, "--resume")
    succeed("fit", "tiny.yaml", *EPOCHS, "--run", "runs/undisturbed")
    assert_as_if_undisturbed(folder / "runs" / "tiny", folder / "runs" / "undisturbed")


@pytest.mark.parametrize(
    ("moment", "number"), [("validation", signal.SIGINT), ("saving", signal.SIGTERM)]
)
def test_a_signal_lets_validation_and_saving_end_and_is_resumed_without_a_trace(
    folder: Path, moment: str, number: signal.Signals
) -> None:
    with paused(folder, *MOMENTS[moment], "fit", "tiny.yaml", *EPOCHS) as training:
        training.send_signal(number)
        _, error = training.communicate("\n")
    assert training.returncode == 128 + number, error
    last = error.splitlines()[-1]
    assert last == (
        "interrupted, and saved; go on with: nntrain fit runs/tiny/config.yaml --run runs/tiny "
        "--resume"
    )
    assert "Traceback" not in error
    done = checkpoint.load(folder / "runs" / "tiny" / "last.npz").progress
    # The second validation is that of epoch 2, the second checkpoint last.npz of epoch 1.
    assert (done.epoch, done.batch) == ({"validation": 2, "saving": 1}[moment], 0)
    assert_resumes_as_if_undisturbed(folder)


@pytest.mark.parametrize(
    ("moment", "number"), [("validation", signal.SIGINT), ("saving", signal.SIGTERM)]
)
def test_a_second_signal_stops_at_once_and_harms_nothing(
    folder: Path, moment: str, number: signal.Signals
) -> None:
    with paused(folder, *MOMENTS[moment], "fit", "tiny.yaml", *EPOCHS) as training:
        while training.poll() is None:  # two that come at the same time count as one
            training.send_signal(number)
            time.sleep(0.05)
        assert training.stderr is not None
        error = training.stderr.read()
    assert training.returncode == -number
    assert "Traceback" not in error
    assert_resumes_as_if_undisturbed(folder)


LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"


@pytest.mark.parametrize(
    ("owner", "name", "file", "begun"),
    [
        ("checkpoint", "save", "last.npz", False),
        ("RunFolder", "write_progress", "metrics.csv", False),
        ("RunFolder", "write_config", "config.yaml", True),  # written once more by a resume
    ],
)
def test_a_disk_that_is_full_ends_the_training_in_one_line_and_the_old_files_stand(
    folder: Path, owner: str, name: str, file: str, begun: bool
) -> None:
    arguments = ["fit", "tiny.yaml", *EPOCHS]
    if begun:
        succeed(*arguments, "--set", "training.epochs=2")
        arguments.append("--resume")
    trained, nth = folder / "runs" / "tiny", 1 if begun else 2
    with paused(folder, owner, name, *arguments, nth=nth, then=LIMIT) as training:
        before = {path.name: path.read_bytes() for path in trained.iterdir()}
        output, error = training.communicate("\n")
    assert training.returncode == 1, error
    assert output == ""
    last = error.splitlines()[-1]
    assert last == f"runs/tiny/{file}: cannot be written: File too large; name another place"
    assert "Traceback" not in error
    assert remains(trained) == []
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before
    assert_resumes_as_if_undisturbed(folder)


def test_two_processes_do_not_train_one_run(folder: Path) -> None:
    with paused(folder, *MOMENTS["saving"], "fit", "tiny.yaml", *EPOCHS) as training:
        refused = run("fit", "tiny.yaml", *EPOCHS, "--resume")
        assert refused.exit_code == 1
        assert refused.stderr == (
            "runs/tiny: is being trained by another process; wait for its end, or begin a run of "
            "your own without --resume\n"
        )
        assert run("predict", "runs/tiny").exit_code == 0, "who only reads need not wait"
        training.kill()
    assert_resumes_as_if_undisturbed(folder)


def test_a_committee_and_its_members_are_not_trained_by_two_processes(folder: Path) -> None:
    two = ("--set", "members=2")
    with paused(folder, *MOMENTS["saving"], "fit", "tiny.yaml", *EPOCHS, *two) as training:
        for place in ("runs/tiny", "runs/tiny/member-1"):
            refused = run("fit", f"{place}/config.yaml", "--run", place, "--resume")
            assert refused.exit_code == 1
            assert f"{place}: is being trained by another process" in refused.stderr
        training.kill()
    succeed("fit", "tiny.yaml", *EPOCHS, *two, "--resume")


def test_a_loss_that_is_not_finite_stops_before_it_is_kept(folder: Path) -> None:
    rate = ("--set", "training.optimizer={name: sgd, learning_rate: 3e38}")
    # The learning rate is nothing at first, so that there is a good epoch to be kept.
    late = ("--set", "training.schedule={name: one_cycle, initial: 1e-38, peak_at: 0.9}")
    with process("fit", "tiny.yaml", *EPOCHS, *rate, *late, cwd=folder) as training:
        output, error = training.communicate()
    assert training.returncode == 1, error
    assert output == ""
    assert "Traceback" not in error
    assert "Warning" not in error
    last = error.splitlines()[-1]
    assert "training has diverged; lower training.optimizer.learning_rate or give" in last
    for file in (folder / "runs" / "tiny").glob("*.npz"):
        checkpoint.load(file)
    assert remains(folder / "runs" / "tiny") == []


def test_a_disk_that_is_full_leaves_the_old_submission(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    Path("submission.csv").write_text(old := "ImageId,Label\n1,2\n")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{LIMIT}\n{MAIN}", "predict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (
        "submission.csv: cannot be written: File too large; name another place"
    )
    assert Path("submission.csv").read_text() == old
    assert remains(folder) == []


def test_a_folder_that_cannot_be_written_to_is_found_before_the_training(folder: Path) -> None:
    Path("file").write_text("no folder")
    for place in ("file/run", "/proc/run"):
        refused = run("fit", "tiny.yaml", "--run", place)
        assert refused.exit_code == 1
        assert refused.stderr.splitlines()[-1].startswith(f"{place}: cannot be made: ")
        assert "epoch" not in refused.stderr
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    Path("runs/tiny/.lock").unlink()
    Path("runs/tiny/.lock").mkdir()
    refused = run("fit", "tiny.yaml", *EPOCHS, "--resume")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "runs/tiny: cannot be written to: Is a directory; name another folder with --run\n"
    )


def test_a_folder_that_vanishes_ends_the_training_in_one_line(folder: Path) -> None:
    with paused(folder, *MOMENTS["saving"], "fit", "tiny.yaml", *EPOCHS) as training:
        shutil.rmtree(folder / "runs")
        _, error = training.communicate("\n")
    assert training.returncode == 1
    assert "Traceback" not in error
    assert error.splitlines()[-1] == (
        "runs/tiny/last.npz: cannot be written: No such file or directory; make the folder first "
        "or name another place"
    )
