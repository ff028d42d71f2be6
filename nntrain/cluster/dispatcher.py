"""Assignment of training segments to local or remote Dask workers.

Each worker trains one segment at a time, workers with other versions get none, and a segment whose
worker is lost goes to another machine. See docs/decisions/training-segments.md.
"""

import asyncio
import importlib.metadata
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
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
from nntrain.shell import command_line
from nntrain.training.progress import EpochRecord
from nntrain.training.rows import Split
from nntrain.version import __version__

SEGMENT_SECONDS = 20.0  # a lost worker costs at most this and one epoch
MIN_BANDWIDTH = 1e6  # bytes per second; segments with checkpoints too large for it last longer
MAX_LOST_WORKERS = 3  # per segment, which may be what crashes them
SCHEDULER_TIMEOUT = 600.0  # seconds to wait for a lost scheduler
HEARTBEAT_TIMEOUT = 60.0  # seconds after which a worker without a heartbeat counts as lost
POLL_INTERVAL = 1.0  # seconds between two queries of the list of workers
NO_WORKERS_DELAY = 5.0  # seconds without workers before a notice is given
VERSIONS = {
    "nntrain": __version__,
    "distributed": importlib.metadata.version("distributed"),
    "numpy": np.__version__,  # the only one that may differ, but then the last bits do too
}
training_lock = threading.Lock()  # the number of BLAS threads is set for the whole process
_TimeoutError = asyncio.TimeoutError  # before Python 3.11 not the built-in one
_CONNECTION_ERRORS = (
    *(OSError, _TimeoutError, CommClosedError),
    *(FutureCancelledError, FuturesCancelledError),
)


@dataclass(frozen=True)
class SharedRows:
    """Training and validation rows; as a tuple, they would be serialised with all pixels twice."""

    data: Split


@dataclass(eq=False)
class QueuedSegment:
    """A segment, the files of its run, and the hosts whose workers were lost with it."""

    segment: Segment
    files: Files
    lost_hosts: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _Worker:
    address: str
    host: str
    versions: list[Any]  # futures of the versions there; empty once they are checked
    usable: bool = False
    data: Any = None  # future of the rows there
    queued: QueuedSegment | None = None  # the segment that it trains
    future: Any = None  # of that segment's result


class Dispatcher(AbstractContextManager["Dispatcher"]):
    """Trains segments on the workers of a cluster.

    Args:
        connect: Makes a client of the cluster; called again if the scheduler was lost.
        data: The rows that all trainings share, sent to each worker once.
        threads: Threads per segment.
        notice: Called with one-line messages for the user.
        on_epoch_end: Called with the name of a run and the record of each epoch.
    """

    def __init__(
        self,
        connect: Callable[[], distributed.Client],
        data: Split,
        threads: int,
        notice: Callable[[str], None],
        on_epoch_end: Callable[[str, EpochRecord], None],
    ) -> None:
        self._connect = connect
        self._rows = SharedRows(cast(Split, tuple(map(_in_memory, data))))
        self._threads = threads
        self._notice = notice
        self._on_epoch_end = on_epoch_end
        self._disconnected_at: float | None = None
        self._queue: list[QueuedSegment] = []
        self._results: list[tuple[str, SegmentResult]] = []  # not returned yet
        self._workers: dict[str, _Worker] = {}  # by address
        self._topic = f"nntrain-{uuid.uuid4()}"  # others may train on the same cluster
        self._polled_at = -POLL_INTERVAL
        self._last_usable_at = time.monotonic()  # when there was a usable worker
        self._client: Any = None
        self._data: Any = None

    def __enter__(self) -> "Dispatcher":
        self._open_client()
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(*_CONNECTION_ERRORS):
            self._client.close()

    @property
    def busy(self) -> bool:
        """Whether a segment is running or queued."""
        return bool(self._queue or self._running())

    @property
    def idle(self) -> int:
        """Number of workers without a segment, running or queued."""
        return max(0, len(self._free()) - len(self._queue))

    def start(self, name: str, config: str, files: Files, until: int | None) -> None:
        """Queue a run's next segment; see `Segment`. `files` are the files of the run's folder."""
        round_trip = 2 * sum(map(len, files.values())) / MIN_BANDWIDTH
        seconds = max(SEGMENT_SECONDS, round_trip)
        self._queue.append(
            QueuedSegment(Segment(name, config, until, self._threads, seconds), files)
        )

    def wait(self) -> list[tuple[str, SegmentResult]]:
        """Dispatch segments, wait up to a second for results, and return them by the runs' names.

        Raises:
            NNTrainError: If the scheduler stays away, or the last worker cannot write its files.
        """
        if self._disconnected_at is not None:
            self._reconnect(self._disconnected_at)
            return []
        try:
            self._poll_workers()
            self._check_versions()
            self._assign()
            self._collect()
        except _CONNECTION_ERRORS as error:
            self._notice(f"the scheduler is gone ({type(error).__name__}); waiting for it")
            self._disconnect()
        results, self._results = self._results, []
        return results

    def _open_client(self) -> None:
        self._client = self._connect()
        self._client.subscribe_topic(self._topic, self._on_event)

    def _disconnect(self) -> None:
        with suppress(*_CONNECTION_ERRORS):
            self._client.close(timeout=1)
        for worker in self._running():
            self._requeue(worker)
        self._workers, self._data = {}, None
        self._disconnected_at = time.monotonic()

    def _reconnect(self, disconnected_at: float) -> None:
        """Try once to connect, so that the caller can check for interruptions between attempts."""
        try:
            self._open_client()
            self._disconnected_at = None
        except _CONNECTION_ERRORS as error:
            if time.monotonic() - disconnected_at > SCHEDULER_TIMEOUT:
                raise NNTrainError(
                    f"the scheduler has been gone for {SCHEDULER_TIMEOUT:.0f} s; start it again, "
                    "then repeat the command to continue"
                ) from error
            time.sleep(POLL_INTERVAL)

    def _check_connection(self) -> None:
        if self._client.status != "running":
            raise CommClosedError("no longer connected")

    def _poll_workers(self) -> None:
        """Add new workers, and requeue the segments of lost ones."""
        if time.monotonic() - self._polled_at < POLL_INTERVAL:
            return
        self._polled_at = time.monotonic()
        self._check_connection()
        # Not scheduler_info(): the client's own periodic query overwrites it without workers.
        workers = self._client.sync(self._client.scheduler.identity)["workers"]
        newest = max((worker["last_seen"] for worker in workers.values()), default=0.0)
        alive = {
            address: worker
            for address, worker in workers.items()
            if newest - worker["last_seen"] < HEARTBEAT_TIMEOUT
        }
        for address in [address for address in self._workers if address not in alive]:
            lost = self._workers.pop(address)
            if lost.queued is not None:
                self._lose(lost, lost.queued)
        for address, worker in alive.items():
            if address not in self._workers:
                self._add_worker(address, worker["host"], worker["nthreads"])
        self._warn_if_no_workers(bool(workers))

    def _add_worker(self, address: str, host: str, threads: int) -> None:
        # A function of the standard library can run on workers with any version of nntrain.
        versions = self._client.map(
            importlib.metadata.version, list(VERSIONS), workers=[address], pure=False
        )
        self._workers[address] = _Worker(address, host, versions)
        if threads > self._threads:
            self._notice(
                f"worker {address} has {threads} threads, but a training there uses "
                f"{self._threads}; better start it with --nworkers {threads} --nthreads 1"
            )

    def _check_versions(self) -> None:
        """Decide whether the workers that have returned their versions are usable."""
        for worker in self._workers.values():
            if not worker.versions or not all(future.done() for future in worker.versions):
                continue
            futures, worker.versions, worker.usable = worker.versions, [], True
            for (name, expected), future in zip(VERSIONS.items(), futures, strict=True):
                version = future.result() if future.status == "finished" else None
                if version == expected:
                    continue
                installed = f"has {name} {version}" if version else f"has no {name}"
                effect = "its results are as good, but not the same to the last bit"
                if name != "numpy" or not version:
                    worker.usable = False
                    effect = "it gets no work; install the same version there"
                self._notice(
                    f"worker {worker.address} {installed}, but this is {name} {expected}: {effect}"
                )

    def _warn_if_no_workers(self, any_workers: bool) -> None:
        now = time.monotonic()
        if any(worker.usable for worker in self._workers.values()):
            self._last_usable_at = now
        elif now - self._last_usable_at > NO_WORKERS_DELAY:
            self._last_usable_at = float("inf")  # give this notice only once
            which = " that can be given work" if any_workers else ""
            address = self._client.scheduler.address
            options = ("--nworkers", "1", "--nthreads", "1")
            command = command_line("dask", "worker", address, *options)
            self._notice(f"there is no worker{which}; start one with: {command}")

    def _running(self) -> list[_Worker]:
        return [worker for worker in self._workers.values() if worker.queued is not None]

    def _free(self) -> list[_Worker]:
        return [one for one in self._workers.values() if one.usable and one.queued is None]

    def _assign(self) -> None:
        hosts = {worker.host for worker in self._workers.values() if worker.usable}
        for worker in self._free():
            queued = next_segment(self._queue, worker.host, hosts)
            if queued is None:
                continue
            try:
                data, files = self._data_on(worker), self._send(worker, queued.files)
            except (KeyError, ValueError, OSError, _TimeoutError):
                # The worker was just lost; if the scheduler was, `_collect` will notice.
                del self._workers[worker.address]
                continue
            inputs = (queued.segment, files, data, self._topic)
            worker.future = self._client.submit(
                run_on_worker, *inputs, workers=[worker.address], pure=False, retries=0
            )
            self._queue.remove(queued)
            worker.queued = queued

    def _send(self, worker: _Worker, value: object) -> Any:
        [future] = self._client.scatter([value], workers=[worker.address], hash=False)
        return future

    def _data_on(self, worker: _Worker) -> Any:
        """The rows on a worker, copied from another worker except for the first.

        They are the result of a task there: Dask's memory manager drops mere copies that no task
        needs at the moment, and would send them again after each pause.
        """
        if worker.data is None or worker.data.status not in ("pending", "finished"):
            if self._data is None or self._data.status != "finished":
                self._data = self._send(worker, self._rows)
            worker.data = self._client.submit(
                _identity, self._data, workers=[worker.address], pure=False
            )
        return worker.data

    def _collect(self) -> None:
        """Wait for a segment to finish, and collect all available results."""
        if not self._running():
            time.sleep(POLL_INTERVAL / 10)
            return
        with suppress(_TimeoutError, FuturesCancelledError):
            distributed.wait(
                [worker.future for worker in self._running()],
                timeout=POLL_INTERVAL,
                return_when="FIRST_COMPLETED",
            )
        self._check_connection()
        lost = []
        for worker in self._workers.values():
            if worker.queued is None or worker.future.status == "pending":
                continue
            result = self._result_of(worker)
            if result is None:
                lost.append(worker)
            elif result.retryable:
                self._requeue(worker)
                self._exclude(worker, result.error or "")
            else:
                self._results.append((worker.queued.segment.name, result))
                worker.queued = worker.future = None
        if lost:
            self._polled_at = -POLL_INTERVAL
            self._poll_workers()  # requeues the segments whose own worker was lost
            for worker in lost:
                self._requeue(worker)

    def _result_of(self, worker: _Worker) -> SegmentResult | None:
        """The result of a worker's segment; None if it, or its input, was lost with a worker."""
        assert worker.queued is not None  # noqa: S101 (callers check it)
        if worker.future.status == "error":
            error = worker.future.exception()
            return SegmentResult({}, f"{type(error).__name__}: {' '.join(str(error).split())}")
        if worker.future.status == "finished":
            with suppress(_TimeoutError, FutureCancelledError):
                timeout = max(HEARTBEAT_TIMEOUT, worker.queued.segment.seconds)
                return cast(SegmentResult, worker.future.result(timeout=timeout))
        return None

    def _requeue(self, worker: _Worker) -> None:
        if worker.queued is not None:
            self._queue.insert(0, worker.queued)
            worker.queued = worker.future = None

    def _lose(self, worker: _Worker, queued: QueuedSegment) -> None:
        """Requeue the segment of a lost worker, or fail it if it may be what crashes workers."""
        name = queued.segment.name
        queued.lost_hosts.append(worker.host)
        if len(queued.lost_hosts) < MAX_LOST_WORKERS:
            self._notice(f"{name}: its worker {worker.address} is gone; another one continues it")
            self._requeue(worker)
        else:
            error = f"{MAX_LOST_WORKERS} workers were lost while training it; check their memory"
            self._results.append((name, SegmentResult({}, error)))
            worker.queued = worker.future = None

    def _exclude(self, worker: _Worker, reason: str) -> None:
        """Stop using a worker, or raise an NNTrainError if it was the last one."""
        worker.usable = False
        message = f"worker {worker.address}: {reason}"
        if not any(other.usable or other.versions for other in self._workers.values()):
            raise NNTrainError(f"{message}; fix that there, then repeat the command to continue")
        self._notice(f"{message}; it gets no more work")

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        _, message = event
        self._on_epoch_end(message["run"], EpochRecord(*message["record"]))


def next_segment(
    queue: Sequence[QueuedSegment], host: str, hosts: Collection[str]
) -> QueuedSegment | None:
    """The next segment for a worker on `host`, given the hosts of all usable workers.

    A segment that was lost on this host is left to hosts where it was not, if there are any, so
    that one machine with too little memory does not fail all trials.
    """
    others = set(hosts) - {host}
    for queued in queue:
        if host not in queued.lost_hosts or others <= set(queued.lost_hosts):
            return queued
    return None


def run_on_worker(segment: Segment, files: Files, rows: SharedRows, topic: str) -> SegmentResult:
    """Run a segment in a worker process, and log its epochs as events of a topic."""
    worker = distributed.get_worker()
    keep_freed_memory()

    def log_epoch(name: str, record: EpochRecord) -> None:
        worker.log_event(topic, {"run": name, "record": tuple(record)})

    with training_lock:
        return run_segment(segment, files, rows.data, log_epoch)


def _identity(rows: SharedRows) -> SharedRows:
    return rows


def _in_memory(rows: Subset | None) -> Subset | None:
    """Copy memory-mapped rows, which cannot be sent to another machine."""
    if rows is None or rows.dataset.mapped is None:
        return rows
    dataset = replace(rows.dataset, pixels=rows.dataset.pixels.copy(), mapped=None)
    return replace(rows, dataset=dataset)
