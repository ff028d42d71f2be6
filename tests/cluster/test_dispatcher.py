"""A dispatcher on a cluster in this process, whose workers do what a test wants."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import dask
import distributed
import pytest
from distributed.comm.core import CommClosedError

from nntrain.cluster import dispatcher
from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.segment import Files, Segment, SegmentResult
from nntrain.config import Config
from nntrain.errors import NNTrainError
from nntrain.training.progress import EpochRecord
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split, read_data

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
    data, made = read_data(make_config(), Reporter()), []

    def make(tell: Callable[[str, EpochRecord], None] = lambda name, record: None) -> Dispatcher:
        def connected() -> Any:
            return distributed.Client(cluster)

        made.append(Dispatcher(connected, data, 2, notices.append, tell))
        return made[-1].__enter__()

    yield make
    for one in made:
        one.__exit__()


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_segment(
        segment: Segment, files: Files, data: Split, tell: Callable[[str, EpochRecord], None]
    ) -> SegmentResult:
        tell(segment.name, RECORD)
        return SegmentResult({"worker": distributed.get_worker().address.encode()}, None)

    monkeypatch.setattr(dispatcher, "run_segment", run_segment)
    monkeypatch.setattr(dispatcher, "LOOK_AROUND", 0.05)


def until(happened: Callable[[], bool], patience: float = 20) -> None:
    end = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def gone(one: Dispatcher, count: int) -> list[tuple[str, SegmentResult]]:
    """What that many segments came to."""
    found: list[tuple[str, SegmentResult]] = []

    def enough() -> bool:
        found.extend(one.wait())
        return len(found) >= count

    until(enough)
    return found


def both_idle(one: Dispatcher) -> bool:
    one.wait()
    return one.idle == 2


def test_the_rows_reach_each_worker_once_and_nothing_is_kept_of_a_leg(
    cluster: Any, make_dispatcher: MakeDispatcher
) -> None:
    one = make_dispatcher()
    until(lambda: both_idle(one))
    logs = [worker.transfer_incoming_log for worker in cluster.workers.values()]
    for log in logs:
        log.clear()
    with distributed.Client(cluster) as client:
        for number in range(6):
            one.start(f"a-{number}", "", {}, None)
            one.start(f"b-{number}", "", {}, None)
            assert len({found.files["worker"] for _, found in gone(one, 2)}) == 2
            client.amm.run_once()  # as Dask does of itself every other second
            until(lambda: len(cluster.scheduler.tasks) < 5)  # the rows, here and at each worker
            time.sleep(0.05)
    assert sum(len(entry["keys"]) for log in logs for entry in log) == 1  # to the second worker


def test_crews_on_one_cluster_hear_of_their_own_runs_only(make_dispatcher: MakeDispatcher) -> None:
    heard: dict[str, list[str]] = {"first": [], "second": []}
    first = make_dispatcher(lambda name, record: heard["first"].append(name))
    second = make_dispatcher(lambda name, record: heard["second"].append(name))
    for number in range(3):
        first.start(f"trial-{number}", "", {}, None)
        second.start(f"trial-{number}", "", {}, None)
    gone(first, 3)
    gone(second, 3)
    until(lambda: len(heard["first"]) >= 3 and len(heard["second"]) >= 3)
    time.sleep(0.1)
    assert sorted(heard["first"]) == sorted(heard["second"]) == ["trial-0", "trial-1", "trial-2"]


def test_a_process_trains_one_leg_at_a_time(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, most = 0, 0

    def run_segment(
        segment: Segment, files: Files, data: Split, tell: Callable[..., None]
    ) -> SegmentResult:
        nonlocal here, most
        here += 1
        most = max(most, here)
        time.sleep(0.05)
        here -= 1
        return SegmentResult({}, None)

    monkeypatch.setattr(dispatcher, "run_segment", run_segment)
    first, second = make_dispatcher(), make_dispatcher()
    for one in (first, second):
        for number in range(2):
            one.start(f"trial-{number}", "", {}, None)
    for one in (first, second):
        until(lambda one=one: bool(one.wait()) or not one.busy)  # type: ignore[misc]
    assert most == 1


def test_a_worker_that_falls_silent_loses_its_leg_to_another(
    cluster: Any,
    make_dispatcher: MakeDispatcher,
    monkeypatch: pytest.MonkeyPatch,
    notices: list[str],
) -> None:
    monkeypatch.setattr(dispatcher, "SILENCE", 1.5)
    monkeypatch.setattr(
        dispatcher, "_ALONE_HERE", threading.Semaphore(9)
    )  # all are one process here
    woken, stuck = threading.Event(), list[Any]()

    def run_segment(
        segment: Segment, files: Files, data: Split, tell: Callable[..., None]
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
        [(_, found)] = gone(one, 1)
    finally:
        woken.set()
        stuck[0].loop.add_callback(stuck[0].periodic_callbacks["heartbeat"].start)
    assert found.files["worker"] != stuck[0].address.encode()
    assert notices[-1] == f"trial-1: its worker {stuck[0].address} is gone; another takes it up"


def test_a_worker_that_cannot_write_gets_no_more_work_and_the_last_ends_it(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    full: set[str] = set()

    def run_segment(
        segment: Segment, files: Files, data: Split, tell: Callable[..., None]
    ) -> SegmentResult:
        address = distributed.get_worker().address
        if not full or segment.name in full:
            full.add(address)
        return SegmentResult(
            {}, "disk full" if address in full else None, elsewhere=address in full
        )

    monkeypatch.setattr(dispatcher, "run_segment", run_segment)
    one = make_dispatcher()
    until(lambda: both_idle(one))
    one.start("trial-1", "", {}, None)
    assert gone(one, 1) == [("trial-1", SegmentResult({}, None))]
    assert notices == [f"worker {min(full)}: disk full; it gets no more work"]
    assert one.idle == 1
    full.add("trial-2")
    one.start("trial-2", "", {}, None)
    with pytest.raises(NNTrainError, match="disk full; see to it there, and the same command"):
        gone(one, 1)


def test_a_leg_that_a_worker_was_lost_with_goes_elsewhere_if_it_can(
    make_dispatcher: MakeDispatcher,
) -> None:
    one = make_dispatcher()
    until(lambda: both_idle(one))
    first, second = "one machine", "another"
    for worker, place in zip(one._known.values(), (first, second), strict=True):
        worker.place = place
    one.start("trial-1", "", {}, None)
    one.start("trial-2", "", {}, None)
    waiting = one._waiting
    waiting[0].lost_at.append(first)
    assert [one._segment_for(place) for place in (first, second)] == [waiting[1], waiting[0]]
    waiting[1].lost_at.append(first)
    assert one._segment_for(first) is None
    list(one._known.values())[1].fit = False  # none is left but the one that it was lost with
    assert one._segment_for(first) is waiting[0]


class Finished:
    """A future of a segment that has been gone, whose result may be out of reach."""

    status = "finished"

    def __init__(self, result: SegmentResult | Exception) -> None:
        self._result = result

    def result(self, timeout: float) -> SegmentResult:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.mark.parametrize("lost", [CommClosedError("gone"), asyncio.TimeoutError()])
def test_what_is_here_already_is_told_though_the_next_result_is_out_of_reach(
    lost: Exception, make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_dispatcher()
    until(lambda: both_idle(one))
    monkeypatch.setattr(distributed, "wait", lambda *futures, **options: None)
    monkeypatch.setattr(one, "_assign", lambda: None)
    here = SegmentResult({"last.npz": b"trained"}, None)
    for name, result in (("trial-1", here), ("trial-2", lost)):
        one.start(name, "", {}, None)
        running = one._waiting.pop()
        running.worker, running.future = next(iter(one._known)), Finished(result)
        one._running[name] = running
    assert one.wait() == [("trial-1", here)]
    assert [running.segment.name for running in one._waiting] == ["trial-2"]
    assert one._running == {}


def test_who_waits_for_a_scheduler_is_asked_again_and_again_whether_he_still_wants_to(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    one = make_dispatcher()
    one.start("trial-1", "", {}, None)
    connected, tries = one._connect, 0

    def refused() -> Any:
        nonlocal tries
        tries += 1
        raise OSError("refused")

    one._connect = refused
    one._client.close()
    monkeypatch.setattr(dispatcher, "LOOK_AROUND", 0)
    for _ in range(4):
        assert one.wait() == []
        assert one.idle == 0
        assert one.busy
    assert tries == 3
    assert notices == ["the scheduler is gone (CommClosedError); waiting for it"]
    monkeypatch.setattr(dispatcher, "PATIENCE", 0)
    with pytest.raises(NNTrainError, match="the scheduler has been gone for 0 s; start it again"):
        one.wait()
    one._connect = connected
    monkeypatch.setattr(dispatcher, "LOOK_AROUND", 0.05)
    assert [name for name, _ in gone(one, 1)] == ["trial-1"]


def test_what_the_client_asks_for_itself_takes_no_worker_away(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "LOOK_AROUND", 0)
    with dask.config.set({"distributed.client.scheduler-info-interval": "1ms"}):
        one = make_dispatcher()
    until(lambda: both_idle(one))
    assert all(both_idle(one) for _ in range(200))


def test_other_versions_are_told_and_only_another_numpy_gets_work(
    make_dispatcher: MakeDispatcher, monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    ours = dict(dispatcher.OURS)
    monkeypatch.setattr(dispatcher, "OURS", {**ours, "numpy": "0.1"})
    one = make_dispatcher()
    until(lambda: both_idle(one))
    assert len(notices) == 2
    assert "but this is numpy 0.1: what it trains is as good, but not the same" in notices[0]

    monkeypatch.setattr(dispatcher, "OURS", {**ours, "distributed": "0.1"})
    monkeypatch.setattr(dispatcher, "ALONE", 0.2)
    other = make_dispatcher()
    until(lambda: other.wait() == [] and len(notices) == 5)
    assert other.idle == 0
    assert f"has distributed {ours['distributed']}, but this is distributed 0.1" in notices[2]
    assert notices[4].startswith("there is no worker that can be given work; start one with: dask")


def test_more_threads_than_a_training_uses_are_told(
    cluster: Any, make_config: Callable[..., Config], notices: list[str]
) -> None:
    data = read_data(make_config(), Reporter())

    def connected() -> Any:
        return distributed.Client(cluster)

    with Dispatcher(connected, data, 1, notices.append, lambda name, record: None) as one:
        until(lambda: both_idle(one))
    assert notices[0].endswith(
        "has 2 threads, but a training there uses 1; better start it with --nworkers 2 --nthreads 1"
    )


def test_who_forgot_to_start_a_worker_is_told_how(
    make_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    monkeypatch.setattr(dispatcher, "ALONE", 0.2)
    data = read_data(make_config(), Reporter())
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as empty,
        Dispatcher(
            lambda: distributed.Client(empty),
            data,
            1,
            notices.append,
            lambda name, record: None,
        ) as one,
    ):
        until(lambda: one.wait() == [] and bool(notices))
        for _ in range(5):
            one.wait()
        assert notices == [
            f"there is no worker; start one with: dask worker {empty.scheduler_address} "
            "--nworkers 1 --nthreads 1"
        ]
