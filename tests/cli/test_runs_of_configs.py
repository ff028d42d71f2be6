"""`fit --resume` continues the newest run of its configuration, and of no other."""

import shutil
from pathlib import Path

import pytest

from tests.support.cli import refuse, succeed
from tests.support.tiny import TINY

SHORT = ("--set", "training.epochs=1")
OTHER_RATE = TINY.replace("0.02", "0.05")


def trained(*arguments: str) -> str:
    """Train, and return the folder of the run."""
    return succeed("fit", *arguments).stdout.partition(": ")[0]


def resumed(*arguments: str) -> str:
    """Resume a run, and return its folder."""
    return trained(*arguments, "--resume")


def forget(*runs: str) -> None:
    """Make runs as earlier versions left them."""
    for run in runs:
        Path(run, "origin.json").unlink()


@pytest.fixture
def rates(folder: Path) -> None:
    """Two configurations, lr.yaml and lr-2.yaml, without a run."""
    (folder / "lr.yaml").write_text(TINY)
    (folder / "lr-2.yaml").write_text(OTHER_RATE)


@pytest.fixture
def named_alike(folder: Path) -> None:
    """Two configurations of the same name, without a run."""
    for name, text in (("a", TINY), ("b", OTHER_RATE)):
        (folder / name).mkdir()
        (folder / name / "config.yaml").write_text(text)


def test_a_run_of_a_configuration_with_a_numbered_name_is_not_taken(rates: None) -> None:
    assert trained("lr.yaml", *SHORT) == "runs/lr"
    assert trained("lr-2.yaml", *SHORT) == "runs/lr-2"
    assert resumed("lr.yaml") == "runs/lr"
    assert resumed("lr-2.yaml") == "runs/lr-2"
    assert trained("lr.yaml", *SHORT) == "runs/lr-3"
    assert trained("lr-2.yaml", *SHORT) == "runs/lr-2-2"
    assert resumed("lr.yaml") == "runs/lr-3"
    assert resumed("lr-2.yaml") == "runs/lr-2-2"


def test_a_configuration_without_a_run_takes_none(rates: None) -> None:
    assert trained("lr-2.yaml") == "runs/lr-2"
    assert refuse(1, "fit", "lr.yaml", "--resume") == (
        "no run of lr.yaml in runs/ to resume: runs/lr-2 is of lr-2.yaml; name one with --run, or "
        "begin one without --resume"
    )
    assert trained("lr.yaml") == "runs/lr", "the first number, although lr-2 exists"


def test_two_configurations_of_the_same_name_have_runs_of_their_own(named_alike: None) -> None:
    assert trained("a/config.yaml", *SHORT) == "runs/config"
    assert refuse(1, "fit", "b/config.yaml", "--resume").startswith(
        "no run of b/config.yaml in runs/ to resume: runs/config is of a/config.yaml; "
    )
    assert trained("b/config.yaml", *SHORT) == "runs/config-2"
    assert resumed("a/config.yaml") == "runs/config"
    assert resumed("./b/../b/config.yaml") == "runs/config-2"


def test_without_a_record_the_newest_run_of_the_same_settings_is_taken(rates: None) -> None:
    assert trained("lr.yaml", *SHORT) == "runs/lr"
    assert trained("lr-2.yaml", *SHORT) == "runs/lr-2"
    forget("runs/lr", "runs/lr-2")
    assert resumed("lr.yaml") == "runs/lr"
    assert resumed("lr-2.yaml") == "runs/lr-2"
    assert trained("lr.yaml", *SHORT) == "runs/lr-3"
    forget("runs/lr-3")
    assert resumed("lr.yaml") == "runs/lr-3"


def test_a_run_of_earlier_versions_is_refused_if_its_settings_differ(named_alike: None) -> None:
    assert trained("a/config.yaml", *SHORT) == "runs/config"
    forget("runs/config")
    assert "learning_rate is 0.05 but was 0.02" in refuse(2, "fit", "b/config.yaml", "--resume")


def test_a_project_that_was_moved_or_copied_resumes_its_own_runs(
    rates: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained("lr.yaml", *SHORT)
    trained("lr-2.yaml", *SHORT)
    shutil.copytree(folder, folder / "copy")
    monkeypatch.chdir(folder / "copy")
    assert resumed("lr.yaml") == "runs/lr"
    assert resumed("lr-2.yaml") == "runs/lr-2"
    assert trained("lr.yaml", *SHORT) == "runs/lr-3"


def test_a_configuration_that_was_moved_names_its_run(rates: None) -> None:
    trained("lr.yaml", *SHORT)
    Path("later").mkdir()
    Path("lr.yaml").rename("later/lr.yaml")
    assert "runs/lr is of lr.yaml; name one with --run" in refuse(
        1, "fit", "later/lr.yaml", "--resume"
    )
    assert resumed("later/lr.yaml", "--run", "runs/lr") == "runs/lr"


def test_a_run_is_resumed_by_its_own_configuration(rates: None) -> None:
    assert trained("lr.yaml", *SHORT) == "runs/lr"
    assert resumed("runs/lr/config.yaml") == "runs/lr"
    assert trained("runs/lr/config.yaml", "--set", "seed=8") == "runs/lr-2"
    assert resumed("lr.yaml", *SHORT) == "runs/lr"
    assert resumed("runs/lr/config.yaml", "--set", "seed=8") == "runs/lr-2"
