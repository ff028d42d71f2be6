"""A finished sweep."""

import functools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.util import pyfiles

from nntrain.sweep.trials import Trials, read_trials
from tests.support.sweeps import InlineDispatcher, swept, variant
from tests.support.tiny import fill


@pytest.fixture(autouse=True, scope="session")
def migrations_loaded_once() -> Iterator[None]:
    """Optuna executes the modules of its migrations whenever it opens a study: a tenth of a second.

    They hold classes and functions only.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyfiles, "load_module_py", functools.cache(pyfiles.load_module_py))
        yield


@pytest.fixture(scope="session")
def swept_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("swept"))
        fill(Path())
        return swept(InlineDispatcher(), "runs/s", variant("sweep.yaml")).folder.absolute()


@pytest.fixture
def finished_folder(sweep_folder: Path, swept_once: Path) -> Path:
    """A copy of it in runs/s."""
    return Path(shutil.copytree(swept_once, "runs/s"))


@pytest.fixture
def finished(finished_folder: Path) -> Trials:
    return read_trials(finished_folder)


@pytest.fixture
def one_epoch(sweep_folder: Path) -> None:
    """Trials take one epoch each."""
    tiny = Path("tiny.yaml").read_text()
    assert "epochs: 4" in tiny
    Path("tiny.yaml").write_text(tiny.replace("epochs: 4", "epochs: 1"))
