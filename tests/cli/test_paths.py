"""Paths on the command line: ~, $NAME and URLs, in every argument and option."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from nntrain.cli import main
from nntrain.cli.options import ExpandedPath
from nntrain.training.run import RunFolder
from tests.support.cli import line_of_refusal, refuse, run, succeed
from tests.support.tiny import TINY


@pytest.fixture
def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; ~ and $WORK are the folder with the data."""
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("WORK", str(folder))
    monkeypatch.delenv("NOWHERE", raising=False)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    return folder


def parameters(group: click.Group, *names: str) -> Iterator[tuple[str, click.Parameter]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from parameters(command, *names, name)
        for parameter in command.params:
            yield " ".join([*names, name, parameter.name or ""]), parameter


@pytest.mark.parametrize(
    "parameter",
    [
        pytest.param(parameter, id=name)
        for name, parameter in parameters(main)
        if isinstance(parameter.type, click.Path)
    ],
)
def test_every_path_is_expanded_and_no_url(elsewhere: Path, parameter: click.Parameter) -> None:
    assert isinstance(parameter.type, ExpandedPath)
    for written in ("~/x.csv", "$WORK/x.csv", "${WORK}/x.csv"):
        assert str(parameter.type.convert(written, parameter, None)) == str(elsewhere / "x.csv")


def test_commands_take_the_files_that_their_paths_expand_to(elsewhere: Path) -> None:
    succeed("data", "check", "~/data/train.csv", "$WORK/data/test.csv")
    train = "data.train=${WORK}/data/train.csv"
    few = "training.epochs=1"
    succeed("fit", "~/tiny.yaml", "--run", "$WORK/runs/a", "--set", train, "--set", few)
    assert (elsewhere / "runs/a/best.npz").exists()
    succeed("predict", "~/runs/a", "--test", "~/data/test.csv", "--out", "$WORK/answers.csv")
    assert (elsewhere / "answers.csv").exists()
    succeed("evaluate", "$WORK/runs/a", "--data", "~/data/test_labelled.csv")
    succeed("runs", "~/runs")
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "{}"),
        ("data", "check", "{}"),
        ("predict", "--test", "{}"),
        ("evaluate", "--data", "{}"),
        ("sweep", "{}"),
        ("inspect", "{}"),
        ("grade", "{}"),
    ],
)
def test_a_url_is_refused_with_the_command_that_fetches_it(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    url = "https://example.org/digits"
    line = line_of_refusal(2, *(argument.format(url) for argument in arguments))
    assert line == (
        f"{url}: a URL, but nntrain reads files; fetch it first: curl -LO 'https://example.org/digits'"
    )


def test_a_url_to_write_to_is_refused(folder: Path) -> None:
    line = line_of_refusal(2, "data", "demo", "--out", "s3://bucket/data")
    assert line == "s3://bucket/data: a URL, but nntrain writes files; name one"


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "$NOWHERE/tiny.yaml"),
        ("data", "check", "$NOWHERE/train.csv"),
        ("evaluate", "$NOWHERE/run"),
        ("fit", "~/tiny.yaml", "--run", "$NOWHERE/run"),
        ("data", "demo", "--out", "${NOWHERE}/data"),
    ],
)
def test_a_variable_that_is_not_set_is_named(elsewhere: Path, arguments: tuple[str, ...]) -> None:
    line = line_of_refusal(2, *arguments)
    name = "${NOWHERE}" if "{" in arguments[-1] else "$NOWHERE"
    assert line == f"{arguments[-1]}: {name} is not set; write the path in full"


def test_a_new_file_may_have_a_dollar_in_its_name(elsewhere: Path) -> None:
    succeed("config", "init", "price$usd.yaml")
    assert Path("price$usd.yaml").exists()
    assert run("config", "show", "price$usd.yaml").exit_code == 0


def test_commands_take_packed_files_and_say_so(folder: Path) -> None:
    for name in ("train", "test", "test_labelled"):
        plain = folder / "data" / f"{name}.csv"
        plain.with_name(f"{name}.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    few = ("--set", "training.epochs=1")
    assert "was not found" not in succeed("fit", "tiny.yaml", *few, "--run", "runs/a").stderr
    for plain in (folder / "data").glob("*.csv"):
        plain.unlink()
    said = "{0} was not found; {0}.gz is taken"
    lines = succeed("fit", "tiny.yaml", *few, "--run", "runs/b").stderr.splitlines()
    assert lines[0] == f"data.train: {said.format('data/train.csv')}"
    assert RunFolder(Path("runs/b")).config().data.train == "data/train.csv.gz"
    lines = succeed("fit", "tiny.yaml", "--run", "runs/a", "--resume").stderr.splitlines()
    assert lines[0] == f"data.train: {said.format('data/train.csv')}"
    assert succeed("predict").stderr.splitlines()[0] == said.format("data/test.csv")
    labelled = succeed("evaluate", "--data", "data/test_labelled.csv").stderr.splitlines()
    assert labelled[0] == said.format("data/test_labelled.csv")


def test_a_run_records_where_its_rows_were_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tiny.yaml").rename(folder / "data/tiny.yaml")
    (folder / "data/tiny.yaml").write_text(TINY.replace("data/train.csv", "train.csv"))
    few = ("--set", "training.epochs=1")
    result = succeed("fit", "data/tiny.yaml", *few)
    found = folder / "data/train.csv"
    line = f"data.train: train.csv was not found here; {found} beside data/tiny.yaml is taken"
    assert result.stderr.splitlines()[0] == line
    assert RunFolder(Path("runs/tiny")).config().data.train == str(found)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    run = ("--run", "../runs/tiny", "--resume")
    succeed("evaluate", "../runs/tiny")
    succeed("fit", "../data/tiny.yaml", *run, "--set", "training.epochs=2")
    succeed("fit", "../runs/tiny/config.yaml", *run, "--set", "training.epochs=3")
    assert len(RunFolder(folder / "runs/tiny").history()) == 3


@pytest.mark.parametrize(
    "command",
    ["fit", "config check", "trace", "inspect", "gradcheck", "data preview"],
)
def test_every_command_finds_rows_beside_the_configuration(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    distorted = TINY.replace("classes: 3", "classes: 3, distortion: {shift: 1}")
    (folder / "tiny.yaml").write_text(distorted.replace("epochs: 4", "epochs: 1"))
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    result = succeed(*command.split(), "../tiny.yaml")
    found = folder / "data/train.csv"
    line = f"data.train: data/train.csv was not found here; {found} beside ../tiny.yaml is taken"
    assert result.stderr.splitlines()[0] == line
    assert "no such file" not in result.output


@pytest.mark.parametrize("command", ["fit", "config check", "trace", "gradcheck", "data preview"])
def test_rows_that_are_nowhere_are_reported_before_anything_begins(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    (folder / "tiny.yaml").write_text(TINY.replace("data/train.csv", "none.csv"))
    line = line_of_refusal(1, *command.split(), "../tiny.yaml")
    assert line.startswith("../tiny.yaml:3: data.train: none.csv: no such file, neither ")
    assert " nor beside tiny.yaml" in line


def test_commands_that_need_no_rows_do_without_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data/train.csv").rename(folder / "other.csv")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert "assuming 784 pixels" in succeed("inspect", "../tiny.yaml").stderr
    succeed("config", "show", "../tiny.yaml")
    succeed("trace", "../tiny.yaml", "--data", "../other.csv")
    tiny = TINY.replace("validation: 0.25", "validation: $NOWHERE/x.csv")
    (folder / "tiny.yaml").write_text(tiny)
    succeed("gradcheck", "../tiny.yaml", "--set", "data.train=../other.csv")


def test_an_override_with_an_unknown_variable_is_refused_also_when_resuming(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    unknown = ("--set", "data.train=$NOWHERE/x.csv")
    for command in (("fit", "--resume"), ("inspect",)):
        line = refuse(1, *command, "tiny.yaml", *unknown)
        assert line.endswith("no such file; $NOWHERE is not set; write the path in full")


def test_a_url_in_the_configuration_is_refused_before_anything_begins(folder: Path) -> None:
    url = "https://www.kaggle.com/c/digit-recognizer/data"
    for command in ("fit", "inspect", "trace"):
        line = line_of_refusal(2, *command.split(), "tiny.yaml", "--set", f"data.train={url}")
        assert line == (
            f"--set data.train={url}: data.train: a URL, but nntrain reads files; fetch it first: "
            "kaggle competitions download -c digit-recognizer"
        )
