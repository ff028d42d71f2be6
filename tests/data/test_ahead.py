from collections.abc import Iterator
from threading import Event

import pytest

from nntrain.data.ahead import map_ahead


def test_results_come_in_order_and_before_the_error_after_them() -> None:
    slow = Event()

    def square(number: int) -> int:
        if number == 0:
            slow.wait(10)
        elif number == 1:
            slow.set()
        return number**2

    def numbers() -> Iterator[int]:
        yield from range(100)
        raise EOFError

    got = []
    with pytest.raises(EOFError):
        for pair in map_ahead(square, numbers()):
            got.append(pair)
    assert got == [(number, number**2) for number in range(100)]


def test_few_items_are_read_ahead() -> None:
    read = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    for number, result in map_ahead(str, numbers()):
        assert result == str(number)
        assert len(read) <= number + 10
    assert len(read) == 100


def test_leaving_it_unfinished_does_not_wait_for_threads() -> None:
    asked, released, done = Event(), Event(), []

    def work(number: int) -> None:
        if number > 0:
            asked.set()
            released.wait(10)
            done.append(number)

    results = map_ahead(work, iter(range(100)))
    assert next(results) == (0, None)
    asked.wait(10)
    del results
    assert done == []
    released.set()
