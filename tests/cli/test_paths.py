"""Paths on the command line: ~, $NAME and URLs, in every argument and option."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from nntrain.cli import main
from nntrain.cli.options import ExpandedPath
from tests.support.cli import line_of_refusal, run, succeed


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
    train = f"data.train={elsewhere}/data/train.csv"
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
