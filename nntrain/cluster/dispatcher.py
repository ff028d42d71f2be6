"""The workers, processes here or machines elsewhere, that go the segments of trainings.

Dask starts them, finds them and carries what they need. What is decided here is which worker goes
which segment, so that one that is lost, too old or new to the cluster is dealt with in one place.
"""

import asyncio
import importlib.metadata
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

import distributed
import numpy as np
from distributed.client import FutureCancelledError, FuturesCancelledError
from distributed.comm.core import CommClosedError

from nntrain.cluster.memory import keep_freed_memory
from nntrain.cluster.segment import Files, Segment, SegmentResult, run_segment
from nntrain.data.dataset import Subset
from nntrain.errors import NNTrainError
from nntrain.training.progress import EpochRecord
from nntrain.training.rows import Split
from nntrain.version import __version__

SECONDS_A_LEG = 20.0  # what a lost worker costs, apart from its last epoch
BYTES_A_SECOND = 1e6  # that a worker sends and receives at most: checkpoints that large go longer
MOST_LOSSES = 3  # of workers by one segment, which may be what they die of
PATIENCE = 600.0  # seconds to wait for a scheduler that is gone
SILENCE = 60.0  # seconds after which a worker counts as gone that others were heard of since
LOOK_AROUND = 1.0  # seconds between two looks at who is there
ALONE = 5.0  # seconds without workers before people are told
OURS = {
    "nntrain": __version__,
    "distributed": importlib.metadata.version("distributed"),
    "numpy": np.__version__,  # the only one that may differ, and then the last bits do
}
_ALONE_HERE = threading.Lock()  # how many threads BLAS has, is set for a whole process
_LATE = asyncio.TimeoutError  # Dask's; before Python 3.11 another than the built-in
_LOST = (OSError, _LATE, CommClosedError, FutureCancelledError, FuturesCancelledError)


@dataclass(frozen=True)
class _Rows:
    """The rows, which Dask would send twice if it saw that there are two parts that share them."""

    data: Split


@dataclass
class _Worker:
    """What is known of a worker.

    Attributes:
        place: Its machine.
        versions: What is installed there, while it is being asked.
        fit: Whether it may go segments.
        data: The rows there.
    """

    place: str
    versions: dict[str, Any]
    fit: bool = False
    data: Any = None


@dataclass(eq=False)
class _RunningSegment:
    """A segment that is being gone, or waits.

    Attributes:
        segment: What is to be done.
        files: With these.
        worker: Where.
        future: What comes of it.
        lost_at: The places of the workers that were lost while they went it.
    """

    segment: Segment
    files: Files
    worker: str = ""
    future: Any = None
    lost_at: list[str] = field(default_factory=list)


class Dispatcher(AbstractContextManager["Dispatcher"]):
    """Workers, and the segments that they go.

    Args:
        connect: Makes a client of the cluster; called again when the cluster was lost.
        data: The rows that all trainings share; each worker gets them once.
        threads: How many of a worker's threads share a segment.
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
        self._gone_since: float | None = None  # the scheduler
        self._running: dict[str, _RunningSegment] = {}
        self._waiting: list[_RunningSegment] = []
        self._gone: list[tuple[str, SegmentResult]] = []  # not told yet
        self._known: dict[str, _Worker] = {}  # by address
        self._topic = f"nntrain-{uuid.uuid4()}"  # others may train on the same cluster
        self._looked = -LOOK_AROUND
        self._accompanied = time.monotonic()  # when there was a worker last
        self._client: Any = None
        self._data: Any = None

    def __enter__(self) -> "Dispatcher":
        self._connect_scheduler()
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(*_LOST):
            self._client.close()

    @property
    def busy(self) -> bool:
        """Whether a segment is being gone, or waits for a worker."""
        return bool(self._running or self._waiting)

    @property
    def idle(self) -> int:
        """How many workers have nothing to do."""
        return max(0, len(self._free()) - len(self._waiting))

    def start(self, name: str, config: str, files: Files, until: int | None) -> None:
        """Let some worker go a run's next segment.

        Args:
            name: The run's.
            config: Its complete configuration, as YAML.
            files: Its folder's.
            until: The epoch at which it ends at the latest; None: that of the configuration.
        """
        to_and_fro = 2 * sum(map(len, files.values()))
        seconds = max(SECONDS_A_LEG, to_and_fro / BYTES_A_SECOND)
        segment = Segment(name, config, until, self._threads, seconds)
        self._waiting.append(_RunningSegment(segment, files))

    def wait(self) -> list[tuple[str, SegmentResult]]:
        """What has been gone meanwhile, by the names of the runs; nothing, after a while.

        Raises:
            NNTrainError: The cluster does not come back, or no worker can write what it has to.
        """
        if self._gone_since is not None:
            self._reconnect(self._gone_since)
            return []
        try:
            self._poll_workers()
            self._judge()
            self._assign()
            self._gather()
        except _LOST as error:
            self._notice(f"the scheduler is gone ({type(error).__name__}); waiting for it")
            self._disconnect()
        gone, self._gone = self._gone, []
        return gone

    def _connect_scheduler(self) -> None:
        self._client = self._connect()
        self._client.subscribe_topic(self._topic, self._on_event)
        self._data = None
        self._known = {}

    def _disconnect(self) -> None:
        with suppress(*_LOST):
            self._client.close(timeout=1)
        self._put_back(list(self._running.values()))
        self._known = {}
        self._gone_since = time.monotonic()

    def _reconnect(self, gone_since: float) -> None:
        """Try to; it is for who asks again and again to see whether people still want to wait."""
        try:
            self._connect_scheduler()
            self._gone_since = None
        except _LOST as error:
            if time.monotonic() - gone_since > PATIENCE:
                raise NNTrainError(
                    f"the scheduler has been gone for {PATIENCE:.0f} s; start it again, and "
                    "then the same command, which goes on"
                ) from error
            time.sleep(LOOK_AROUND)

    def _poll_workers(self) -> None:
        """Meet workers that have come, and take back the segments of those that have gone."""
        if time.monotonic() - self._looked < LOOK_AROUND:
            return
        self._looked = time.monotonic()
        if self._client.status != "running":
            raise CommClosedError("no longer connected")
        # Not scheduler_info(), which may return what the client itself asks for now and then:
        # totals without any worker.
        workers = self._client.sync(self._client.scheduler.identity)["workers"]
        heard = max((worker["last_seen"] for worker in workers.values()), default=0.0)
        present = {
            address: worker["nthreads"]
            for address, worker in workers.items()
            if heard - worker["last_seen"] < SILENCE
        }
        for address in [address for address in self._known if address not in present]:
            for running in [
                running for running in self._running.values() if running.worker == address
            ]:
                self._reclaim(running)
            del self._known[address]
        for address, threads in present.items():
            if address not in self._known:
                place = workers[address]["host"]
                self._known[address] = _Worker(place, self._request_versions(address))
                if threads > self._threads:
                    self._notice(
                        f"worker {address} has {threads} threads, but a training there uses "
                        f"{self._threads}; better start it with --nworkers {threads} --nthreads 1"
                    )
        self._warn_if_no_workers(len(workers))

    def _request_versions(self, address: str) -> dict[str, Any]:
        # A function of Python's own, which a worker can run whatever it has installed.
        return {
            name: self._client.submit(
                importlib.metadata.version, name, workers=[address], pure=False
            )
            for name in OURS
        }

    def _judge(self) -> None:
        """Decide on the workers that have told their versions whether they may go segments."""
        for address, worker in self._known.items():
            if not worker.versions or not all(asked.done() for asked in worker.versions.values()):
                continue
            theirs = {
                name: asked.result() if asked.status == "finished" else None
                for name, asked in worker.versions.items()
            }
            worker.versions, worker.fit = {}, True
            for name, version in theirs.items():
                if version == OURS[name]:
                    continue
                has = f"has {name} {version}" if version else f"has no {name}"
                if name == "numpy" and version:
                    meaning = "what it trains is as good, but not the same to the last bit"
                else:
                    worker.fit = False
                    meaning = "it gets no work; install the same version there"
                self._notice(f"worker {address} {has}, but this is {name} {OURS[name]}: {meaning}")

    def _warn_if_no_workers(self, workers: int) -> None:
        now = time.monotonic()
        if any(worker.fit for worker in self._known.values()):
            self._accompanied = now
        elif now - self._accompanied > ALONE:
            self._accompanied = float("inf")  # once is enough
            which = " that can be given work" if workers else ""
            address = self._client.scheduler.address
            self._notice(f"there is no worker{which}; start one with: {start_worker(address)}")

    def _free(self) -> list[str]:
        taken = {running.worker for running in self._running.values()}
        return [
            address
            for address, worker in self._known.items()
            if worker.fit and address not in taken
        ]

    def _assign(self) -> None:
        for address in self._free():
            running = self._segment_for(self._known[address].place)
            if running is None:
                continue
            try:
                data = self._data_at(address)
                [files] = self._client.scatter([running.files], workers=[address], hash=False)
            except (KeyError, ValueError, OSError, _LATE):
                # Dask's, of a worker that has just gone; if the scheduler has, `_gather` notices.
                del self._known[address]
                continue
            running.worker = address
            running.future = self._client.submit(
                _run_on_worker,
                running.segment,
                files,
                data,
                self._topic,
                workers=[address],
                pure=False,
                retries=0,
            )
            self._waiting.remove(running)
            self._running[running.segment.name] = running

    def _segment_for(self, place: str) -> _RunningSegment | None:
        """The next segment for a worker; one that a worker was lost with goes elsewhere, if it can.

        So a machine with too little memory does not fail all trials, one after the other.
        """
        others = {worker.place for worker in self._known.values() if worker.fit} - {place}
        return next(
            (
                running
                for running in self._waiting
                if place not in running.lost_at or others <= set(running.lost_at)
            ),
            None,
        )

    def _data_at(self, address: str) -> Any:
        """The rows on a worker, who has them from another worker, apart from the first.

        Dask drops copies that no task needs at the moment, so that they would be sent again after
        each pause; what a task of the worker's own has returned, it keeps.
        """
        worker = self._known[address]
        if worker.data is None or worker.data.status not in ("pending", "finished"):
            if self._data is None or self._data.status != "finished":
                [self._data] = self._client.scatter([self._rows], workers=[address], hash=False)
            worker.data = self._client.submit(_keep, self._data, workers=[address], pure=False)
        return worker.data

    def _gather(self) -> None:
        if not self._running:
            time.sleep(LOOK_AROUND / 10)
            return
        with suppress(_LATE, FuturesCancelledError):
            distributed.wait(
                [running.future for running in self._running.values()],
                timeout=LOOK_AROUND,
                return_when="FIRST_COMPLETED",
            )
        if self._client.status != "running":
            raise CommClosedError("no longer connected")
        lost = []
        for name, running in list(self._running.items()):
            match running.future.status:
                case "pending":
                    continue
                case "finished":
                    try:
                        found = running.future.result(timeout=max(SILENCE, running.segment.seconds))
                    except (_LATE, FutureCancelledError):  # gone with a worker before it was here
                        lost.append(running)
                        continue
                    if found.elsewhere:
                        self._put_back([running])
                        self._blacklist(running.worker, found.fault)
                    else:
                        self._gone.append((name, found))
                        del self._running[name]
                case "error":
                    self._gone.append((name, SegmentResult({}, _reason(running.future))))
                    del self._running[name]
                case _:  # what it needed was lost with a worker, its own or another
                    lost.append(running)
        if lost:
            self._looked = -LOOK_AROUND
            self._poll_workers()
            self._put_back([running for running in lost if running.segment.name in self._running])
        worn = [running for running in self._waiting if len(running.lost_at) >= MOST_LOSSES]
        self._waiting = [running for running in self._waiting if running not in worn]
        fault = f"{MOST_LOSSES} workers were lost while they trained it; have they enough memory?"
        self._gone += [(running.segment.name, SegmentResult({}, fault)) for running in worn]

    def _blacklist(self, address: str, reason: str) -> None:
        """Give a worker no more work, which would not succeed there either.

        Raises:
            NNTrainError: It was the last.
        """
        where = f"worker {address}: {reason}"
        if address in self._known:
            self._known[address].fit = False
        if not any(worker.fit or worker.versions for worker in self._known.values()):
            raise NNTrainError(f"{where}; see to it there, and the same command goes on")
        self._notice(f"{where}; it gets no more work")

    def _reclaim(self, running: _RunningSegment) -> None:
        name = running.segment.name
        self._notice(f"{name}: its worker {running.worker} is gone; another takes it up")
        running.lost_at.append(self._known[running.worker].place)
        self._put_back([running])

    def _put_back(self, walks: list[_RunningSegment]) -> None:
        for running in walks:
            del self._running[running.segment.name]
        self._waiting = [*walks, *self._waiting]

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        _, told = event
        self._tell(told["run"], EpochRecord(*told["record"]))


def start_worker(address: str) -> str:
    """What to type to start a worker of the scheduler at this address."""
    return f"dask worker {address} --nworkers 1 --nthreads 1"


def _keep(rows: _Rows) -> _Rows:
    """On the worker: the rows as a result of its own."""
    return rows


def _run_on_worker(segment: Segment, files: Files, rows: _Rows, topic: str) -> SegmentResult:
    """On the worker: what `run_segment` does, its epochs told to who listens to this topic."""
    worker = distributed.get_worker()
    keep_freed_memory()

    def tell(name: str, record: EpochRecord) -> None:
        worker.log_event(topic, {"run": name, "record": tuple(record)})

    with _ALONE_HERE:
        return run_segment(segment, files, rows.data, tell)


def _in_memory(rows: Subset | None) -> Subset | None:
    """Rows that can be sent to another machine."""
    if rows is None or rows.dataset.mapped is None:
        return rows
    dataset = replace(rows.dataset, pixels=rows.dataset.pixels.copy(), mapped=None)
    return replace(rows, dataset=dataset)


def _reason(future: Any) -> str:
    error = future.exception()
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
