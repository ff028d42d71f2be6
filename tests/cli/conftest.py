"""Fixtures of the tests of commands: a pseudo-terminal, and trained runs."""

import os
import sys
from pathlib import Path

import pytest
from rich.style import Style

from nntrain.cli import main
from tests.support.cli import succeed
from tests.support.terminal import Terminal, collect_output, open_terminal
from tests.support.tiny import fill


@pytest.fixture(autouse=True)
def styles_of_this_terminal() -> None:
    """Rich's styles keep the codes of the colours that they were first shown with."""
    Style.parse.cache_clear()
    Style._add.cache_clear()  # noqa: SLF001 - there is no public way


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a function that runs a command in a pseudo-terminal and returns its output.

    With `errors`, standard error is the terminal too.
    """

    def run(
        *arguments: str,
        width: int = 80,
        status: int = 0,
        errors: bool = False,
        encoding: str = "utf-8",
        **environment: str,
    ) -> str:
        reader, writer = open_terminal(width)
        thread, chunks = collect_output(reader)
        with monkeypatch.context() as patch, os.fdopen(writer, "w", encoding=encoding) as screen:
            for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
                patch.delenv(name, raising=False)
            patch.setenv("TERM", "xterm-256color")
            patch.setenv("COLUMNS", str(width))
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", screen)
            if errors:
                patch.setattr(sys, "stderr", screen)
            with pytest.raises(SystemExit) as end:
                main(list(arguments))
        thread.join()
        os.close(reader)
        assert (end.value.code or 0) == status
        return b"".join(chunks).decode(encoding).replace("\r\n", "\n")

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs that differ in many keys, and a committee."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fill(folder)
        succeed("fit", "tiny.yaml", "--run", "runs/good")
        succeed(
            *("fit", "tiny.yaml", "--run", "runs/poor", "--set", "training.epochs=1"),
            *("--set", "training.optimizer.learning_rate=1e-9", "--set", "training.batch_size=64"),
            *("--set", "training.label_smoothing=0.1", "--set", "network[0].dense=4"),
        )
        succeed(
            *("fit", "tiny.yaml", "--run", "runs/team", "--set", "members=2"),
            *("--set", "training.schedule=cosine", "--set", "training.l1=1e-6", "--set", "seed=9"),
            *("--set", "training.input_dropout=0.01", "--set", "training.clip_norm=9"),
        )
    return folder


@pytest.fixture
def trained_runs(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make that folder the working directory."""
    monkeypatch.chdir(trained)
