"""Fixtures: the inputs of a sweep, dispatchers for it, and its result."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nntrain.config import load_config
from nntrain.sweep.trials import Trials, read_trials
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_data
from tests.support.sweeps import InlineDispatcher, swept, write_inputs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with what a sweep needs."""
    monkeypatch.chdir(tmp_path)
    write_inputs()
    return tmp_path


@pytest.fixture
def inline(folder: Path) -> Callable[..., InlineDispatcher]:
    """Makes dispatchers for the tiny problem."""
    data = read_data(load_config("tiny.yaml"), Reporter())
    return lambda **options: InlineDispatcher(data, **options)


@pytest.fixture(scope="session")
def swept_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished sweep of sweep.yaml."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("swept"))
        write_inputs()
        dispatcher = InlineDispatcher(read_data(load_config("tiny.yaml"), Reporter()))
        return swept(dispatcher, "runs/s").folder.absolute()


@pytest.fixture
def finished(folder: Path, swept_once: Path) -> Trials:
    """A copy of it in runs/s."""
    shutil.copytree(swept_once, "runs/s")
    return read_trials(Path("runs/s"))
