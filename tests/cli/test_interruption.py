"""Signals, full disks and concurrent processes while a real process trains."""

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
from tests.support.variants import slow

EPOCHS = ("--set", "training.epochs=4")

MAIN = "from nntrain.cli import main; main()"
MOMENTS = {"validation": ("fit", "outputs_for"), "saving": ("checkpoint", "save")}


def assert_resumes_as_if_undisturbed(folder: Path) -> None:
    succeed("fit", "tiny.yaml", *EPOCHS, "--resume")
    succeed("fit", "tiny.yaml", *EPOCHS, "--run", "runs/uninterrupted")
    assert_as_if_undisturbed(folder / "runs" / "tiny", folder / "runs" / "uninterrupted")


@pytest.mark.parametrize(
    ("moment", "number"), [("saving", signal.SIGTERM), *slow(("validation", signal.SIGINT))]
)
def test_after_a_signal_validation_and_saving_finish_and_the_run_can_be_resumed(
    folder: Path, moment: str, number: signal.Signals
) -> None:
    with paused(folder, *MOMENTS[moment], "fit", "tiny.yaml", *EPOCHS) as training:
        training.send_signal(number)
        _, error = training.communicate("\n")
    assert training.returncode == 128 + number, error
    last = error.splitlines()[-1]
    assert last == (
        "interrupted and saved; resume with: nntrain fit runs/tiny/config.yaml --run runs/tiny "
        "--resume"
    )
    assert "Traceback" not in error
    done = checkpoint.load(folder / "runs" / "tiny" / "last.npz").progress
    # The second validation is that of epoch 2, the second checkpoint last.npz of epoch 1.
    assert (done.epoch, done.batch) == ({"validation": 2, "saving": 1}[moment], 0)
    assert_resumes_as_if_undisturbed(folder)


@pytest.mark.parametrize(
    ("moment", "number"), [("validation", signal.SIGINT), *slow(("saving", signal.SIGTERM))]
)
def test_a_second_signal_stops_at_once_without_damage(
    folder: Path, moment: str, number: signal.Signals
) -> None:
    with paused(folder, *MOMENTS[moment], "fit", "tiny.yaml", *EPOCHS) as training:
        while training.poll() is None:  # simultaneous signals count as one
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
        *slow(("RunFolder", "write_progress", "metrics.csv", False)),
        ("RunFolder", "write_config", "config.yaml", True),  # written again when a run is resumed
    ],
)
def test_a_full_disk_stops_training_with_one_line_and_keeps_the_old_files(
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
        assert run("predict", "runs/tiny").exit_code == 0, "reading needs no lock"
        training.kill()
    assert_resumes_as_if_undisturbed(folder)


def test_a_committee_and_its_members_are_not_trained_by_two_processes(folder: Path) -> None:
    two = ("--set", "members=2")
    with paused(folder, *MOMENTS["saving"], "fit", "tiny.yaml", *EPOCHS, *two) as training:
        for location in ("runs/tiny", "runs/tiny/member-1"):
            refused = run("fit", f"{location}/config.yaml", "--run", location, "--resume")
            assert refused.exit_code == 1
            assert f"{location}: is being trained by another process" in refused.stderr
        training.kill()
    succeed("fit", "tiny.yaml", *EPOCHS, *two, "--resume")


def test_a_loss_that_is_not_finite_is_not_saved(folder: Path) -> None:
    rate = ("--set", "training.optimizer={name: sgd, learning_rate: 3e38}")
    # The learning rate is almost 0 at first, so that there is a good epoch to keep.
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


def test_a_full_disk_keeps_the_old_submission(folder: Path) -> None:
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


def test_a_read_only_folder_is_reported_before_training(folder: Path) -> None:
    Path("file").write_text("no folder")
    for location in ("file/run", "/proc/run"):
        refused = run("fit", "tiny.yaml", "--run", location)
        assert refused.exit_code == 1
        assert refused.stderr.splitlines()[-1].startswith(f"{location}: cannot be made: ")
        assert "epoch" not in refused.stderr
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    Path("runs/tiny/.lock").unlink()
    Path("runs/tiny/.lock").mkdir()
    refused = run("fit", "tiny.yaml", *EPOCHS, "--resume")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "runs/tiny: cannot be written to: Is a directory; name another folder with --run\n"
    )


def test_a_deleted_folder_stops_training_with_one_line(folder: Path) -> None:
    with paused(folder, *MOMENTS["saving"], "fit", "tiny.yaml", *EPOCHS) as training:
        shutil.rmtree(folder / "runs")
        _, error = training.communicate("\n")
    assert training.returncode == 1
    assert "Traceback" not in error
    assert error.splitlines()[-1] == (
        "runs/tiny/last.npz: cannot be written: No such file or directory; make the folder first "
        "or name another place"
    )
