"""fit --init: a new run with the weights of an old one, and where errors point to it."""

import shlex
import shutil
from pathlib import Path

import pytest

from nntrain.training.run import RunFolder
from tests.support.cli import line_of_refusal, process, refuse, succeed, wait_for
from tests.support.training import assert_same
from tests.support.variants import slow

LARGE = "--set", "training.optimizer.learning_rate=0.1"


@pytest.fixture
def old(folder: Path) -> RunFolder:
    succeed("fit", "tiny.yaml", "--run", "runs/old run")
    return RunFolder(Path("runs/old run"))


def test_the_origin_of_the_weights_is_shown(old: RunFolder) -> None:
    result = succeed("fit", "tiny.yaml", "--init", str(old), *LARGE)
    origin = f"the weights of {old}, epoch 4\n"
    assert f"runs/tiny: beginning with {origin}" in result.stderr
    shutil.rmtree(old.folder)
    assert f"began with {origin}" in succeed("inspect", "runs/tiny").stdout
    succeed("fit", "tiny.yaml", "--init", "runs/tiny", *LARGE, "--set", "members=2")
    assert "began with the weights of runs/tiny, epoch" in succeed("inspect", "runs/tiny-2").stdout
    assert "began with" not in succeed("inspect", "tiny.yaml").stdout


def test_kill_9_and_a_resume_without_the_old_run_end_as_an_undisturbed_run(
    folder: Path, old: RunFolder
) -> None:
    overrides = (*LARGE, "--set", "training.epochs=25", "--set", "members=2")
    asked = ("fit", "tiny.yaml", *overrides, "--threads", "1")
    succeed(*asked, "--init", str(old), "--run", "runs/undisturbed")
    with process(*asked, "--init", str(old), "--run", "runs/new", cwd=folder) as training:
        wait_for(lambda: Path("runs/new/member-1/last.npz").exists())
        training.kill()
    shutil.rmtree(old.folder)
    succeed(*asked, "--run", "runs/new", "--resume")
    for new, undisturbed in zip(
        *(RunFolder(Path(name)).members() for name in ("runs/new", "runs/undisturbed")), strict=True
    ):
        assert_same(new, undisturbed)


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ("--init runs/odl", 1, "runs/odl: no such folder; did you mean 'runs/old'?"),
        ("--init tiny.yaml", 1, "tiny.yaml: neither a run's folder nor a file with weights, which"),
        ("--init runs/old/best.npz", 1, "runs/old/best.npz: a checkpoint; name its run"),
        ("--init data", 1, "data: not the folder of a run; 'nntrain runs' lists those there are"),
        ("--init runs/old --resume", 2, "--init begins a new run, but --resume continues one"),
        ("--init runs/old --run runs/old", 1, "runs/old: exists already; name another folder"),
        ("--init", 2, "nntrain: option '--init' requires an argument; see 'nntrain --help'"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_makes_nothing(
    folder: Path, arguments: str, status: int, expected: str
) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/old")
    assert line_of_refusal(status, "fit", "tiny.yaml", *arguments.split()).startswith(expected)


def test_layers_of_other_shapes_are_one_line_and_make_nothing(folder: Path, old: RunFolder) -> None:
    line = refuse(2, "fit", "tiny.yaml", "--init", str(old), "--set", "network[0].dense=9")
    assert line == (
        f"{old}, epoch 4: W_1 is of shape (8, 16), but is of shape (9, 16) in the new network; "
        "--init needs weights of the same shapes"
    )
    assert not Path("runs/tiny").exists()


@pytest.mark.parametrize(
    ("override", "status", "fits"),
    [
        ("data.train=data/other file.csv", 1, True),
        ("network[0].dense=9", 2, False),
        *slow(
            ("training.optimizer.learning_rate=0.1", 2, True),
            ("members=2", 2, True),
        ),
    ],
)
def test_a_refused_resume_ends_with_the_command_that_begins_a_new_run(
    old: RunFolder, override: str, status: int, fits: bool
) -> None:
    lines = Path("data/train.csv").read_text().splitlines(keepends=True)
    Path("data/other file.csv").write_text("".join(lines[:150]))
    line = refuse(status, "fit", "tiny.yaml", "--set", override, "--run", str(old), "--resume")
    command = shlex.split(line.rpartition(": ")[2])
    assert command[:5] == ["nntrain", "fit", "tiny.yaml", "--set", override]
    assert command[5:] == (["--init", str(old)] if fits else [])
    succeed(*command[1:])
    assert Path("runs/tiny/config.yaml").exists()


def test_a_run_without_an_epoch_is_no_beginning(folder: Path) -> None:
    Path("runs/begun").mkdir(parents=True)
    shutil.copy("tiny.yaml", "runs/begun/config.yaml")
    line = refuse(2, "fit", "tiny.yaml", *LARGE, "--run", "runs/begun", "--resume")
    assert line.endswith(f"; or begin a new run: nntrain fit tiny.yaml {shlex.join(LARGE)}")
