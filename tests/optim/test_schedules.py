import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.optim import constant, cosine, exponential, one_cycle, step, warm_up


def test_constant_stays() -> None:
    assert constant()(17.3) == 1


def test_step_falls_after_each_interval() -> None:
    schedule = step(every=10, factor=0.5)
    assert [schedule(t) for t in (0.1, 9.9, 10.1, 25)] == [1, 1, 0.5, 0.25]


def test_exponential_is_smooth() -> None:
    schedule = exponential(0.25)
    assert [schedule(t) for t in (0, 0.5, 1, 2)] == [1, 0.5, 0.25, 0.0625]


def test_cosine_goes_from_one_through_the_middle_to_the_end() -> None:
    schedule = cosine(epochs=8, final=0.2)
    assert [schedule(t) for t in (0, 4, 8)] == pytest.approx([1, 0.6, 0.2])


def test_one_cycle_rises_to_its_peak_and_falls() -> None:
    schedule = one_cycle(epochs=10, peak_at=0.3, initial=0.04, final=0.01)
    values = [schedule(t) for t in (0, 1.5, 3, 6.5, 10)]
    assert values == pytest.approx([0.04, 0.52, 1, 0.505, 0.01])


def test_warm_up_ramps_and_then_leaves_the_schedule_alone() -> None:
    schedule = warm_up(exponential(0.25), epochs=2)
    assert [schedule(t) for t in (0, 0.5, 1, 2, 3)] == pytest.approx(
        [0, 0.25 * 0.5, 0.5 * 0.25, 0.0625, 0.25**3]
    )


@given(st.floats(0, 20))
def test_no_schedule_leaves_zero_to_one(t: float) -> None:
    for schedule in (
        constant(),
        step(3, 0.1),
        exponential(0.9),
        cosine(20),
        one_cycle(20),
        warm_up(cosine(20, 0.1), 5),
    ):
        assert -1e-12 <= schedule(t) <= 1 + 1e-12
