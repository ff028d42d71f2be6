"""Runs that are used from another folder, or were moved or copied, find their data."""

import json
import shutil
from pathlib import Path

import pytest

from nntrain.data.kaggle import write_csv
from tests.support.cli import refuse, run, succeed
from tests.support.tiny import stripes
from tests.support.variants import slow

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def project(folder: Path) -> Path:
    """A folder with a run of one epoch, and a run of a committee."""
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    return folder


@pytest.fixture
def elsewhere(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty working directory."""
    empty = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(empty)
    return empty


def forget(folder: Path) -> None:
    """Make a run as earlier versions left it."""
    (folder / "origin.json").unlink()


def assert_uses(folder: Path, data: Path) -> None:
    """Check that all commands find a run's rows in a folder, and say so."""
    name = str(folder)
    for command in (
        ("evaluate", name),
        ("report", name, "--out", "report.html"),
        ("doctor", name),
        ("trace", name),
        ("fit", f"{name}/config.yaml", "--run", name, "--resume", "--set", "training.epochs=2"),
    ):
        result = succeed(*command)
        said = f"{folder}: its data are not in this folder; reading {data / 'data/train.csv'}\n"
        assert said in result.stderr, command
        assert "without" not in result.stderr


def test_from_another_folder_the_data_are_where_the_run_was_begun(
    project: Path, elsewhere: Path
) -> None:
    assert_uses(project / "runs/tiny", project)


def test_the_data_of_a_run_that_was_copied_are_where_it_was_begun(
    project: Path, elsewhere: Path
) -> None:
    shutil.copytree(project / "runs/tiny", "copy")
    assert_uses(Path("copy"), project)


@pytest.mark.parametrize("is_recorded", [True, *slow(False)])
def test_the_data_of_a_project_that_was_moved_are_in_it(
    project: Path, elsewhere: Path, is_recorded: bool
) -> None:
    (elsewhere / "deep").mkdir()
    moved = elsewhere / "deep" / "moved"
    project.rename(moved)
    if not is_recorded:
        forget(moved / "runs/tiny")
    assert_uses(moved / "runs/tiny", moved)


def test_data_with_absolute_paths_are_found_in_a_project_that_was_moved(
    project: Path, elsewhere: Path
) -> None:
    arguments = ("--set", f"data.train={project / 'data/train.csv'}", "--run", "runs/absolute")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        succeed("fit", "tiny.yaml", "--set", "training.epochs=1", *arguments)
    project.rename(elsewhere / "moved")
    assert_uses(elsewhere / "moved/runs/absolute", elsewhere / "moved")


def test_other_data_in_the_current_folder_are_not_taken_for_those_of_the_run(
    project: Path, elsewhere: Path
) -> None:
    Path("data").mkdir()
    for pixels, labels in (stripes(200, seed=9), stripes(30, seed=8)):
        write_csv(Path("data/train.csv"), pixels, labels)
        assert_uses(project / "runs/tiny", project)
    Path("data/train.csv").write_text("damaged")
    assert_uses(project / "runs/tiny", project)


def test_the_current_folder_is_first_and_needs_no_notice(project: Path, elsewhere: Path) -> None:
    shutil.copytree(project / "data", "data")
    result = succeed("evaluate", str(project / "runs/tiny"))
    assert result.stderr.startswith("data/train.csv: 200 rows")


def test_training_and_validation_rows_come_from_the_same_folder(
    project: Path, elsewhere: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        validation = ("--set", "data.validation=data/test_labelled.csv", "--run", "runs/two")
        succeed("fit", "tiny.yaml", *validation)
    Path("data").mkdir()
    shutil.copy(project / "data/train.csv", "data")
    result = succeed("evaluate", str(project / "runs/two"), "--json")
    assert f"reading {project / 'data/train.csv'} and {project / 'data/test'}_labelled.csv\n" in (
        result.stderr
    )
    assert sum(map(sum, json.loads(result.stdout)["confusion"])) == 60


def test_members_and_committees_find_their_data(project: Path, elsewhere: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        succeed("fit", "tiny.yaml", "--set", "members=2", "--run", "runs/team")
    shutil.copytree(project / "runs/team/member-2", "one")
    forget(project / "runs/team/member-1")
    for folder in (project / "runs/team", project / "runs/team/member-1", Path("one")):
        assert f"reading {project}/data/train.csv" in succeed("evaluate", str(folder)).stderr


def test_data_that_are_nowhere_are_to_be_named(project: Path, elsewhere: Path) -> None:
    (project / "data").rename(project / "gone")
    folder, missing = str(project / "runs/tiny"), f"nor {project / 'data/train.csv'}; "
    for command in ("evaluate", "trace"):
        line = refuse(1, command, folder)
        assert line == f"data/train.csv: no such file, {missing}name a CSV with --data"
    for command in ("report", "doctor"):
        result = run(command, folder)
        assert (result.exit_code, missing in result.stderr) == (0, True)
    resume = ("--run", folder, "--resume", "--set", "training.epochs=2")
    line = refuse(1, "fit", f"{folder}/config.yaml", *resume)
    assert line.endswith(f"{missing}name the CSV with --set data.train=FILE")
    found = str(project / "gone/train.csv")
    succeed("evaluate", folder, "--data", found)
    succeed("fit", f"{folder}/config.yaml", *resume, "--set", f"data.train={found}")
