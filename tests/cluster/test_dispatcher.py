"""A dispatcher on a cluster in this process, with a stub in place of the training."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import dask
import distributed
import pytest
from distributed.comm.core import CommClosedError
from distributed.protocol.serialize import serialize

from nntrain.cluster import dispatcher
from nntrain.cluster.dispatcher import (
    Dispatcher,
    QueuedSegment,
    SharedRows,
    next_segment,
    run_on_worker,
)
from nntrain.cluster.segment import Files, OnEpochEnd, Segment, SegmentResult
from nntrain.config import Config
from nntrain.errors import NNTrainError
from nntrain.training.progress import EpochRecord
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split, read_data
from tests.support.variants import slow

RECORD = EpochRecord(*range(len(EpochRecord._fields)))
MakeDispatcher = Callable[..., Dispatcher]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    options = {"processes": False, "dashboard_address": "127.0.0.1:0", "memory_limit": None}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, **options) as made:
        yield made


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.fixture
def make_dispatcher(
    cluster: Any, make_config: Callable[..., Config], notices: list[str]
) -> Iterator[MakeDispatcher]:
    data = read_data(make_config(), Reporter())
    with ExitStack() as stack:

        def make(
            on_epoch_end: Callable[[str, EpochRecord], None] = lambda name, record: None,
            connect: Callable[[], Any] = lambda: distributed.Client(cluster),
        ) -> Dispatcher:
            return stack.enter_context(Dispatcher(connect, data, 2, notices.append, on_epoch_end))

        yield make


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_segment(
        segment: Segment, files: Files, data: Split, on_epoch_end: OnEpochEnd
    ) -> SegmentResult:
        on_epoch_end(segment.name, RECORD)
        return SegmentResult({"worker": distributed.get_worker().address.encode()}, None)

    monkeypatch.setattr(dispatcher, "run_segment", run_segment)
    monkeypatch.setattr(dispatcher, "POLL_INTERVAL", 0.05)


def wait_until(condition: Callable[[], bool], timeout: float = 20) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def results_of(one: Dispatcher, count: int) -> list[tuple[str, SegmentResult]]:
    """Wait for the results of so many segments."""
    results: list[tuple[str, SegmentResult]] = []

    def all_finished() -> bool:
        results.extend(one.wait())
        return len(results) >= count

    wait_until(all_finished)
    return results


def both_idle(one: Dispatcher) -> bool:
    one.wait()
    return one.idle == 2


def test_the_rows_reach_each_worker_once_and_no_result_stays_on_the_cluster(
    cluster: Any, make_dispatcher: MakeDispatcher
) -> None:
    one = make_dispatcher()
    wait_until(lambda: both_idle(one))
    logs = [worker.transfer_incoming_log for worker in cluster.workers.values()]
    for log in logs:
        log.clear()
    with distributed.Client(cluster) as client:

        def only_the_rows_stay() -> bool:  # scattered, and on each worker
            client.amm.run_once()  # as Dask itself does every two seconds
            return len(cluster.scheduler.tasks) < 5

        for number in range(3):
            one.start(f"a-{number}", "", {}, None)
            one.start(f"b-{number}", "", {}, None)
            assert len({result.files["worker"] for _, result in results_of(one, 2)}) == 2
            wait_until(only_the_rows_stay)
            time.sleep(0.05)
    assert sum(len(entry["keys"]) for log in logs for entry in log) == 1  # to the second worker


def test_dispatchers_on_one_cluster_receive_epochs_of_their_own_runs_only(
    make_dispatcher: MakeDispatcher,
) -> None:
    received: dict[str, list[str]] = {"first": [], "second": []}
    first = make_dispatcher(lambda name, record: received["first"].append(name))
    second = make_dispatcher(lambda name, record: received["second"].append(name))
    for number in range(3):
        first.start(f"trial-{number}", "", {}, None)
        second.start(f"trial-{number}", "", {}, None)
    results_of(first, 3)
    results_of(second, 3)
    wait_until(lambda: len(received["first"]) >= 3 and len(received["second"]) >= 3)
    time.sleep(0.1)
    assert (
        sorted(received["first"]) == sorted(received["second"]) == ["trial-0", "trial-1", "trial-2"]
    )


def test_a_process_trains_one_segment_at_a_time(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, max_running = 0, 0

    def run_segment(
        segment: Segment, files: Files, data: Split, on_epoch_end: OnEpochEnd
    ) -> SegmentResult:
        nonlocal running, max_running
        running += 1
        max_running = max(max_running, running)
        time.sleep(0.05)
        running -= 1
        return SegmentResult({}, None)

    monkeypatch.setattr(dispatcher, "run_segment", run_segment)
    first, second = make_dispatcher(), make_dispatcher()
    for one in (first, second):
        for number in range(2):
            one.start(f"trial-{number}", "", {}, None)
    for one in (first, second):
        wait_until(lambda one=one: bool(one.wait()) or not one.busy)  # type: ignore[misc]
    assert max_running == 1


@pytest.mark.parametrize("max_lost_workers", [1, *slow(3)])
def test_a_worker_without_heartbeat_loses_its_segment_to_another(
    max_lost_workers: int,
    make_dispatcher: MakeDispatcher,
    monkeypatch: pytest.MonkeyPatch,
    notices: list[str],
) -> None:
    monkeypatch.setattr(dispatcher, "HEARTBEAT_TIMEOUT", 1.5)
    monkeypatch.setattr(dispatcher, "MAX_LOST_WORKERS", max_lost_workers)
    # All workers share one process here, which would train one segment at a time.
    monkeypatch.setattr(dispatcher, "training_lock", threading.Semaphore(9))
    woken, stuck = threading.Event(), list[Any]()

    def run_segment(
        segment: Segment, files: Files, data: Split, on_epoch_end: OnEpochEnd
    ) -> SegmentResult:
        worker = distributed.get_worker()
        if not stuck:
            stuck.append(worker)
            worker.loop.add_callback(worker.periodic_callbacks["heartbeat"].stop)
            woken.wait(20)
        return SegmentResult({"worker": worker.address.encode()}, None)

    monkeypatch.setattr(dispatcher, "run_segment", run_segment)
    one = make_dispatcher()
    one.start("trial-1", "", {}, None)
    try:
        [(_, result)] = results_of(one, 1)
    finally:
        woken.set()
        stuck[0].loop.add_callback(stuck[0].periodic_callbacks["heartbeat"].start)
    if max_lost_workers == 1:
        assert result.error == "1 workers were lost while training it; check their memory"
        assert not one.busy
        return
    assert result.files["worker"] != stuck[0].address.encode()
    lost = f"trial-1: its worker {stuck[0].address} is gone; another one continues it"
    assert notices[-1] == lost


def test_a_worker_that_cannot_write_gets_no_more_work_and_the_last_ends_it(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    full: set[str] = set()

    def run_segment(
        segment: Segment, files: Files, data: Split, on_epoch_end: OnEpochEnd
    ) -> SegmentResult:
        address = distributed.get_worker().address
        if not full or segment.name in full:
            full.add(address)
        return SegmentResult(
            {}, "disk full" if address in full else None, retryable=address in full
        )

    monkeypatch.setattr(dispatcher, "run_segment", run_segment)
    one = make_dispatcher()
    wait_until(lambda: both_idle(one))
    one.start("trial-1", "", {}, None)
    assert results_of(one, 1) == [("trial-1", SegmentResult({}, None))]
    assert notices == [f"worker {min(full)}: disk full; it gets no more work"]
    assert one.idle == 1
    full.add("trial-2")
    one.start("trial-2", "", {}, None)
    with pytest.raises(NNTrainError, match="disk full; fix that there, then repeat the command"):
        results_of(one, 1)


def queued(name: str, *lost_hosts: str) -> QueuedSegment:
    return QueuedSegment(Segment(name, "", None, 1, 1.0), {}, list(lost_hosts))


def test_a_segment_that_was_lost_on_a_host_goes_to_another_if_there_is_one() -> None:
    both = {"first", "second"}
    queue = [queued("trial-1", "first"), queued("trial-2")]
    assert next_segment(queue, "first", both) is queue[1]
    assert next_segment(queue, "second", both) is queue[0]
    queue[1].lost_hosts.append("first")
    assert next_segment(queue, "first", both) is None
    assert next_segment(queue, "first", {"first"}) is queue[0]


class FinishedFuture:
    """A future of a finished segment, whose result may be lost."""

    status = "finished"

    def __init__(self, result: SegmentResult | Exception) -> None:
        self._result = result

    def result(self, timeout: float) -> SegmentResult:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.mark.parametrize("lost", [CommClosedError("gone"), asyncio.TimeoutError()])
def test_a_result_is_returned_though_the_next_is_lost(
    lost: Exception, cluster: Any, make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = SegmentResult({"last.npz": b"1"}, None), SegmentResult({"last.npz": b"2"}, None)
    results: dict[str, list[Any]] = {"trial-1": [first], "trial-2": [lost, second]}

    def connect() -> Any:
        client: Any = distributed.Client(cluster)
        submit = client.submit

        def submit_or_finish(function: Any, *arguments: Any, **options: Any) -> Any:
            if function is run_on_worker:
                return FinishedFuture(results[arguments[0].name].pop(0))
            return submit(function, *arguments, **options)

        client.submit = submit_or_finish
        return client

    monkeypatch.setattr(distributed, "wait", lambda *futures, **options: None)
    one = make_dispatcher(connect=connect)
    wait_until(lambda: both_idle(one))
    one.start("trial-1", "", {}, None)
    one.start("trial-2", "", {}, None)
    assert one.wait() == [("trial-1", first)]
    assert one.busy
    assert results_of(one, 1) == [("trial-2", second)]
    assert not one.busy


def test_the_caller_gets_control_between_attempts_to_reach_a_lost_scheduler(
    cluster: Any,
    make_dispatcher: MakeDispatcher,
    monkeypatch: pytest.MonkeyPatch,
    notices: list[str],
) -> None:
    refused, attempts = False, 0
    clients: list[Any] = []

    def connect() -> Any:
        nonlocal attempts
        if refused:
            attempts += 1
            raise OSError("refused")
        clients.append(distributed.Client(cluster))
        return clients[-1]

    one = make_dispatcher(connect=connect)
    one.start("trial-1", "", {}, None)
    refused = True
    clients[0].close()
    monkeypatch.setattr(dispatcher, "POLL_INTERVAL", 0)
    for _ in range(4):
        assert one.wait() == []
        assert one.idle == 0
        assert one.busy
    assert attempts == 3
    assert notices == ["the scheduler is gone (CommClosedError); waiting for it"]
    monkeypatch.setattr(dispatcher, "SCHEDULER_TIMEOUT", 0)
    with pytest.raises(NNTrainError, match="the scheduler has been gone for 0 s; start it again"):
        one.wait()
    refused = False
    monkeypatch.setattr(dispatcher, "POLL_INTERVAL", 0.05)
    assert [name for name, _ in results_of(one, 1)] == ["trial-1"]


def test_the_clients_own_queries_remove_no_worker(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "POLL_INTERVAL", 0)
    with dask.config.set({"distributed.client.scheduler-info-interval": "1ms"}):
        one = make_dispatcher()
    wait_until(lambda: both_idle(one))
    assert all(both_idle(one) for _ in range(200))


def test_other_versions_give_a_notice_and_only_another_numpy_gets_work(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    ours = dict(dispatcher.VERSIONS)
    monkeypatch.setattr(dispatcher, "VERSIONS", {**ours, "numpy": "0.1"})
    one = make_dispatcher()
    wait_until(lambda: both_idle(one))
    assert len(notices) == 2
    assert "but this is numpy 0.1: its results are as good, but not the same" in notices[0]

    monkeypatch.setattr(dispatcher, "VERSIONS", {**ours, "distributed": "0.1"})
    monkeypatch.setattr(dispatcher, "NO_WORKERS_DELAY", 0.2)
    other = make_dispatcher()
    wait_until(lambda: other.wait() == [] and len(notices) == 5)
    assert other.idle == 0
    assert f"has distributed {ours['distributed']}, but this is distributed 0.1" in notices[2]
    assert notices[4].startswith("there is no worker that can be given work; start one with: dask")


def test_more_threads_than_a_training_uses_give_a_notice(
    cluster: Any, make_config: Callable[..., Config], notices: list[str]
) -> None:
    data = read_data(make_config(), Reporter())

    def connected() -> Any:
        return distributed.Client(cluster)

    with Dispatcher(connected, data, 1, notices.append, lambda name, record: None) as one:
        wait_until(lambda: both_idle(one))
    assert notices[0].endswith(
        "has 2 threads, but a training there uses 1; better start it with --nworkers 2 --nthreads 1"
    )


def test_without_workers_a_notice_shows_how_to_start_one(
    make_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    monkeypatch.setattr(dispatcher, "NO_WORKERS_DELAY", 0.2)
    data = read_data(make_config(), Reporter())
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as empty,
        Dispatcher(
            lambda: distributed.Client(empty), data, 1, notices.append, lambda name, record: None
        ) as one,
    ):
        wait_until(lambda: one.wait() == [] and bool(notices))
        for _ in range(5):
            one.wait()
        assert notices == [
            f"there is no worker; start one with: dask worker {empty.scheduler_address} "
            "--nworkers 1 --nthreads 1"
        ]


def test_the_rows_are_sent_once_though_two_subsets_share_them(
    make_config: Callable[..., Config],
) -> None:
    data = read_data(make_config(), Reporter())
    _, frames = serialize(SharedRows(data))
    sent = sum(memoryview(frame).nbytes for frame in frames)
    assert data[0].dataset.pixels.nbytes < sent < 1.9 * data[0].dataset.pixels.nbytes
