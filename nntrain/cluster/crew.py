"""The workers, processes here or machines elsewhere, that go the legs of trainings.

Dask starts them, finds them and carries what they need. What is decided here is which worker goes
which leg, so that one that is lost, too old or new to the cluster is dealt with in one place.
"""

import importlib.metadata
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from typing import Any, cast

import distributed
from distributed.client import FutureCancelledError, FuturesCancelledError
from distributed.comm.core import CommClosedError

from nntrain import __version__
from nntrain.cluster.leg import Files, Gone, Leg, go
from nntrain.cluster.memory import keep_freed_memory
from nntrain.data.digits import Selection
from nntrain.errors import NNTrainError
from nntrain.training.fit import Split
from nntrain.training.progress import EpochRecord

TOPIC = "nntrain-epochs"
SECONDS_A_LEG = 20.0  # what a lost worker costs at most, apart from its last epoch
MOST_LOSSES = 3  # of workers by one leg, which may be what they die of
PATIENCE = 600.0  # seconds to wait for a scheduler that is gone
LOOK_AROUND = 1.0  # seconds between two looks at who is there
LONELY = 3.0  # seconds without a worker, after which people should know
_LOST = (OSError, TimeoutError, CommClosedError, FutureCancelledError, FuturesCancelledError)


@dataclass(frozen=True)
class _Rows:
    """The rows, which Dask would send twice if it saw that there are two parts that share them."""

    data: Split


@dataclass
class _Walk:
    """A leg that is being gone."""

    leg: Leg
    files: Files
    worker: str
    future: Any
    losses: int = 0


class Crew(AbstractContextManager["Crew"]):
    """Workers, and the legs that they go.

    Args:
        connect: Makes a client of the cluster; called again when the cluster was lost.
        data: The rows that all trainings share; each worker gets them once.
        threads: How many of a worker's threads share a leg.
        notice: Is told, in a line, what people should know.
        tell: Is told of each epoch of each run.
    """

    def __init__(
        self,
        connect: Callable[[], distributed.Client],
        data: Split,
        threads: int,
        notice: Callable[[str], None],
        tell: Callable[[str, EpochRecord], None],
    ) -> None:
        self._connect = connect
        self._rows = _Rows(cast(Split, tuple(map(_in_memory, data))))
        self._threads = threads
        self._notice = notice
        self._tell = tell
        self._walks: dict[str, _Walk] = {}
        self._waiting: list[_Walk] = []
        self._known: dict[str, bool] = {}  # by address: whether it may go legs
        self._looked = -LOOK_AROUND
        self._lonely_at = time.monotonic() + LONELY  # unless there are workers by then
        self._client: Any = None
        self._data: Any = None

    def __enter__(self) -> "Crew":
        self._meet()
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(*_LOST):
            self._client.close()

    @property
    def busy(self) -> bool:
        """Whether a leg is being gone, or waits for a worker."""
        return bool(self._walks or self._waiting)

    @property
    def idle(self) -> int:
        """How many workers have nothing to do."""
        return max(0, len(self._free()) - len(self._waiting))

    def start(self, name: str, config: str, files: Files, until: int | None) -> None:
        """Let some worker go a run's next leg.

        Args:
            name: The run's.
            config: Its complete configuration, as YAML.
            files: Its folder's.
            until: The epoch at which it ends at the latest; None: that of the configuration.
        """
        leg = Leg(name, config, until, self._threads, SECONDS_A_LEG)
        self._waiting.append(_Walk(leg, files, "", None))

    def wait(self) -> list[tuple[str, Gone]]:
        """What has been gone meanwhile, by the names of the runs; nothing, after a while.

        Raises:
            NNTrainError: The cluster does not come back.
        """
        try:
            self._look_around()
            self._assign()
            return self._gather()
        except _LOST as error:
            if self._client.status == "running":
                return []  # it was but a worker that is gone, which the next look will find
            self._notice(f"the scheduler is gone ({type(error).__name__}); waiting for it")
            self._meet_again()
            return []

    def _meet(self) -> None:
        self._client = self._connect()
        self._client.subscribe_topic(TOPIC, self._hear)
        self._data = None
        self._known = {}

    def _meet_again(self) -> None:
        with suppress(*_LOST):
            self._client.close(timeout=1)
        self._waiting = [*self._walks.values(), *self._waiting]
        self._walks = {}
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self._meet()
            except _LOST as error:
                if time.monotonic() > end:
                    raise NNTrainError(
                        f"the scheduler has been gone for {PATIENCE:.0f} s; start it again, and "
                        "then the same command, which goes on"
                    ) from error
                time.sleep(LOOK_AROUND)

    def _look_around(self) -> None:
        """Meet workers that have come, and take back the legs of those that have gone."""
        if time.monotonic() - self._looked < LOOK_AROUND:
            return
        self._looked = time.monotonic()
        if self._client.status != "running":
            raise CommClosedError("no longer connected")
        present = set(self._client.scheduler_info(n_workers=-1)["workers"])
        for address in [address for address in self._known if address not in present]:
            del self._known[address]
            for walk in [walk for walk in self._walks.values() if walk.worker == address]:
                self._take_back(walk)
        if present:
            self._lonely_at = time.monotonic() + LONELY
        elif time.monotonic() > self._lonely_at:
            self._lonely_at = float("inf")
            scheduler = self._client.scheduler.address
            self._notice(
                f"no workers yet; start one with: dask worker {scheduler} --nworkers 1 --nthreads 1"
            )
        newcomers = [address for address in present if address not in self._known]
        if not newcomers:
            return
        # A function of Python's own, which a worker can run whatever it has installed.
        versions = self._client.run(
            importlib.metadata.version, "nntrain", workers=newcomers, on_error="return"
        )
        for address, version in versions.items():
            self._known[address] = version == __version__
            if version != __version__:
                has = f"has nntrain {version}" if isinstance(version, str) else "has no nntrain"
                self._notice(
                    f"worker {address} {has}, but this is nntrain {__version__}: it gets no work; "
                    "install the same version there"
                )

    def _free(self) -> list[str]:
        taken = {walk.worker for walk in self._walks.values()}
        return [address for address, fit in self._known.items() if fit and address not in taken]

    def _assign(self) -> None:
        for address in self._free()[: len(self._waiting)]:
            walk = self._waiting[0]
            try:
                if self._data is None or self._data.status != "finished":
                    [self._data] = self._client.scatter([self._rows], workers=[address], hash=False)
                [files] = self._client.scatter([walk.files], workers=[address], hash=False)
            except (KeyError, ValueError):  # Dask's, of a worker that has just gone
                del self._known[address]
                continue
            walk.worker = address
            walk.future = self._client.submit(
                _go, walk.leg, files, self._data, workers=[address], pure=False, retries=0
            )
            self._walks[walk.leg.name] = self._waiting.pop(0)

    def _gather(self) -> list[tuple[str, Gone]]:
        if not self._walks:
            time.sleep(LOOK_AROUND / 10)
            return []
        with suppress(TimeoutError, FuturesCancelledError):
            distributed.wait(
                [walk.future for walk in self._walks.values()],
                timeout=LOOK_AROUND,
                return_when="FIRST_COMPLETED",
            )
        if self._client.status != "running":
            raise CommClosedError("no longer connected")
        gone = []
        for name, walk in list(self._walks.items()):
            match walk.future.status:
                case "pending":
                    continue
                case "finished":
                    gone.append((name, walk.future.result()))
                    del self._walks[name]
                case "error":
                    gone.append((name, Gone({}, _reason(walk.future))))
                    del self._walks[name]
                case _:  # what it needed was lost with its worker
                    self._take_back(walk)
        worn = [walk for walk in self._waiting if walk.losses >= MOST_LOSSES]
        self._waiting = [walk for walk in self._waiting if walk.losses < MOST_LOSSES]
        fault = f"{MOST_LOSSES} workers were lost while they trained it; have they enough memory?"
        return [*gone, *((walk.leg.name, Gone({}, fault)) for walk in worn)]

    def _take_back(self, walk: _Walk) -> None:
        name = walk.leg.name
        self._notice(f"{name}: its worker {walk.worker} is gone; another takes it up")
        del self._walks[name]
        walk.losses += 1
        self._waiting.insert(0, walk)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, told = event
        self._tell(told["run"], EpochRecord(*told["record"]))


def _go(leg: Leg, files: Files, rows: _Rows) -> Gone:
    """On the worker: what `go` does, its epochs told to whoever listens."""
    worker = distributed.get_worker()
    keep_freed_memory()

    def tell(name: str, record: EpochRecord) -> None:
        worker.log_event(TOPIC, {"run": name, "record": tuple(record)})

    return go(leg, files, rows.data, tell)


def _in_memory(rows: Selection | None) -> Selection | None:
    """Rows that can be sent to another machine."""
    if rows is None or rows.digits.mapped is None:
        return rows
    return replace(rows, digits=replace(rows.digits, pixels=rows.digits.pixels.copy(), mapped=None))


def _reason(future: Any) -> str:
    error = future.exception()
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
