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
        for pair in map_ahead(square, numbers(), threads=2, most=6):
            got.append(pair)
    assert got == [(number, number**2) for number in range(100)]


def test_few_items_are_read_ahead() -> None:
    read = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    for number, result in map_ahead(str, numbers(), threads=2, most=6):
        assert result == str(number)
        assert len(read) <= number + 6
    assert len(read) == 100


def test_leaving_it_unfinished_does_not_wait_for_threads() -> None:
    asked, released, done = Event(), Event(), []

    def work(number: int) -> None:
        if number > 0:
            asked.set()
            released.wait(10)
            done.append(number)

    results = map_ahead(work, range(100), threads=2, most=6)
    assert next(results) == (0, None)
    asked.wait(10)
    del results
    assert done == []
    released.set()


def test_an_error_of_the_function_comes_in_place_of_its_result() -> None:
    got = []
    with pytest.raises(ZeroDivisionError):
        for _, result in map_ahead(lambda number: 6 / number, [1, 2, 0, 3], threads=2, most=6):
            got.append(result)
    assert got == [6, 3]
