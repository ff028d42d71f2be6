"""A finished sweep."""

import shutil
from pathlib import Path

import pytest

from nntrain.sweep.trials import Trials, read_trials
from tests.support.sweeps import InlineDispatcher, swept, variant
from tests.support.tiny import fill


@pytest.fixture(scope="session")
def swept_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("swept"))
        fill(Path())
        return swept(InlineDispatcher(), "runs/s", variant("sweep.yaml")).folder.absolute()


@pytest.fixture
def finished(sweep_folder: Path, swept_once: Path) -> Trials:
    """A copy of it in runs/s."""
    shutil.copytree(swept_once, "runs/s")
    return read_trials(Path("runs/s"))
