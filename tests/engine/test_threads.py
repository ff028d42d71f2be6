"""Threads that do the parts of one task, and end."""

import threading

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


def test_a_pools_threads_end_with_it() -> None:
    before = threading.active_count()
    with WorkerPool(5) as pool:
        pool.run(lambda number: None)
        assert threading.active_count() == before + 4
    assert threading.active_count() == before
