"""Fixtures of all tests: no shared cache, no waiting for disks, one BLAS thread, tiny data.

Also a browser.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from nntrain.config import Config, parse_config
from nntrain.data.kaggle import write_csv
from nntrain.training.rows import Split
from tests.support.examples import QUICK, THOROUGH
from tests.support.tiny import CONFIG, SWEEP, fill, stripes

pytest_plugins = ["tests.support.browser"]

# Timings vary on shared machines.
for name, count in (("quick", QUICK), ("thorough", THOROUGH)):
    settings.register_profile(
        name,
        deadline=None,
        max_examples=count,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("quick")  # unless --hypothesis-profile names the other


def pytest_configure(config: pytest.Config) -> None:
    """Pin each of several quick test processes to a core; `make soak` tests with all cores.

    Two threads that wait for each other are slow where another process takes one of their cores.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and sys.platform == "linux" and config.option.markexpr == "not slow":
        own = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {own[int(worker.removeprefix("gw")) % len(own)]})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that need a browser together, so that one test process alone starts it."""
    items.sort(key=lambda item: "browser" not in getattr(item, "fixturenames", ()))


def pytest_collection_finish() -> None:
    """What is alive now is needed to the end: let the garbage collector not visit it each time."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test meets what another run of the tests has left."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNTRAIN_CACHE", str(folder))
        yield folder


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_disks() -> Iterator[None]:
    """Nothing that a test writes must outlast a power failure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def one_thread_in_blas() -> Iterator[None]:
    """Unless nntrain says otherwise: its idle threads would spin on cores that other tests need."""
    with threadpool_limits(1, "blas"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")  # for processes that tests start
        yield


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """A shell that starts the tests with `&` ignores SIGINT for them and for what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def train_csv(tmp_path: Path) -> Path:
    """200 labelled rows."""
    path = tmp_path / "train.csv"
    write_csv(path, *stripes(200))
    return path


@pytest.fixture
def make_config(train_csv: Path) -> Callable[..., Config]:
    """Makes the tiny problem's configuration, with overrides as --set takes them."""

    def make(*overrides: str) -> Config:
        return parse_config(CONFIG.format(train=train_csv), "tiny.yaml", overrides)

    return make


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with data and a configuration."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def sweep_folder(folder: Path) -> Path:
    """The same with sweep.yaml."""
    (folder / "sweep.yaml").write_text(SWEEP)
    return folder


class UndrawnFigure:
    """Takes the place of Matplotlib's, whose axes alone take some 20 ms each."""

    def __init__(self, size: tuple[float, float]) -> None:
        self.legend = MagicMock()

    def subplots(self, rows: int = 1, **options: object) -> object:
        axes = [MagicMock(**{"get_ylim.return_value": (0.0, 1.0)}) for _ in range(rows)]
        return axes if rows > 1 else axes[0]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts keep their texts, but are not drawn, which takes most of the time of a report."""
    from markupsafe import Markup

    from nntrain.report import charts, trial_charts

    for module in (charts, trial_charts):
        monkeypatch.setattr(module, "Figure", UndrawnFigure)
        monkeypatch.setattr(module, "styled", lambda salt: nullcontext())
        monkeypatch.setattr(module, "to_svg", lambda figure: Markup("<svg></svg>"))


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`nntrain sweep` trains in this process: starting Dask's workers takes some four seconds."""
    from nntrain.cluster import connect, dispatcher
    from tests.support.sweeps import InlineDispatcher

    def inline(connect: object, data: Split, *others: object) -> AbstractContextManager[object]:
        return nullcontext(InlineDispatcher(workers=1, data=data))

    monkeypatch.setattr(connect, "open_cluster", lambda *arguments: nullcontext())
    monkeypatch.setattr(dispatcher, "Dispatcher", inline)
