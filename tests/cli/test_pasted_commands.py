"""The commands that are printed can be pasted, whatever the names of files and folders."""

import shlex
import shutil
from pathlib import Path

import pytest

from nntrain.config import load_config
from tests.support.cli import refuse, succeed
from tests.support.training import Interrupting, start_run
from tests.support.variants import slow_except

NAMES = ["two words", "it's 5$ & more", "-dash", "größe 数字", 'a"b`c', "~no one"]


def command_in(line: str) -> list[str]:
    """The arguments of the command at the end of a line, without the program's name."""
    return shlex.split(line[line.rindex(": nntrain ") + 2 :])[1:]


@pytest.fixture(params=slow_except({"it's 5$ & more", "-dash"}, NAMES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_files_that_were_written_are_used_as_printed(folder: Path, name: str) -> None:
    written = succeed("config", "init", "--", f"{name}.yaml").stdout
    command, config = command_in(written)
    assert (command, Path(config)) == ("fit", Path(f"{name}.yaml"))
    starter = command_in(refuse(2, "grade", "--", f"{name}.py"))
    command, code = command_in(succeed(*starter).stdout)
    assert (command, Path(code)) == ("grade", Path(f"{name}.py"))


def test_an_unfinished_run_is_resumed_as_printed(folder: Path, name: str) -> None:
    start_run(load_config("tiny.yaml"), Path(name), Interrupting(3))
    resume = command_in(refuse(1, "evaluate", "--", name))
    assert command_in(succeed("doctor", "--", name).stdout.splitlines()[1]) == resume
    succeed(*resume)
    succeed("evaluate", "--", name)


def test_what_doctor_suggests_trains_as_printed(folder: Path, trained: Path, name: str) -> None:
    shutil.copytree(trained / "runs/poor", folder / name)
    lines = succeed("doctor", "--", name).stdout.splitlines()
    (suggested, *_) = [line for line in lines if line.startswith("  try: ")]
    succeed(*command_in(suggested), "--set", "training.epochs=1")


def test_the_trials_of_a_sweep_are_listed_as_printed(folder: Path, name: str) -> None:
    (folder / "runs" / name).mkdir(parents=True)
    (folder / "runs" / name / "sweep.yaml").write_text("")
    listed = command_in(succeed("runs").stderr.splitlines()[-1])
    assert listed == ["runs", f"runs/{name}"]
    assert command_in(refuse(1, "evaluate", f"runs/{name}")) == listed


def test_a_submission_is_sent_and_a_committee_predicts_as_printed(folder: Path, name: str) -> None:
    team = ("--set", "members=2", "--set", "training.epochs=1")
    trained = succeed("fit", "tiny.yaml", "--run", name, *team).stdout
    predict = command_in(trained.splitlines()[-1])
    sent = succeed(*predict, "--out", f"{name}.csv").stdout.splitlines()[-1]
    words = shlex.split(sent)
    assert words[:5] == ["kaggle", "competitions", "submit", "-c", "digit-recognizer"]
    assert Path(words[6]) == Path(f"{name}.csv")


def test_a_name_with_unprintable_characters_is_printed_escaped(folder: Path) -> None:
    written = succeed("config", "init", "no\u00a0break.yaml").stdout
    assert written.endswith("nntrain fit $'no\\302\\240break.yaml'\n")
