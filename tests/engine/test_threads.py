"""Threads that do the parts of one task, and end."""

import threading
import time

import pytest

from nntrain.engine import WorkerPool


def test_a_pool_does_every_part_and_passes_faults_on() -> None:
    done: list[int] = []
    with WorkerPool(4) as pool:
        pool.run(done.append)
        assert sorted(done) == [0, 1, 2, 3]

        def fail(number: int) -> None:
            if number == 2:
                raise ValueError("part 2")

        with pytest.raises(ValueError, match="part 2"):
            pool.run(fail)
        pool.run(done.append)  # and goes on
        assert len(done) == 8


def test_a_task_starts_when_all_threads_have_finished_the_one_before() -> None:
    finished: list[tuple[str, int]] = []

    def slow(number: int) -> None:
        time.sleep(0.01 * number)
        finished.append(("slow", number))

    def fast(number: int) -> None:
        assert len([name for name, _ in finished if name == "slow"]) == 3
        finished.append(("fast", number))

    with WorkerPool(3) as pool:
        for _ in range(20):
            finished.clear()
            pool.run(slow, fast, lambda number: finished.append(("last", number)))
            assert [name for name, _ in finished] == ["slow"] * 3 + ["fast"] * 3 + ["last"] * 3


@pytest.mark.parametrize("failing", [0, 2])
def test_no_task_runs_after_one_that_failed(failing: int) -> None:
    done: list[int] = []

    def fail(number: int) -> None:
        if number == failing:
            raise KeyboardInterrupt

    with WorkerPool(3) as pool:
        with pytest.raises(KeyboardInterrupt):
            pool.run(fail, done.append)
        assert done == []
        pool.run(done.append, done.append)
        assert len(done) == 6


def test_a_pools_threads_end_with_it() -> None:
    before = threading.active_count()
    with WorkerPool(5) as pool:
        pool.run(lambda number: None)
        assert threading.active_count() == before + 4
    assert threading.active_count() == before
