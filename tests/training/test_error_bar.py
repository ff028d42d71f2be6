"""The bar that becomes the curve of the error."""

import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.training.error_bar import ASCII_LEVELS, LEVELS, ErrorBar, sparkline
from nntrain.training.reporter import NARROW_BAR
from tests.support.terminal import width

ERRORS = st.lists(st.floats(min_value=0) | st.just(math.nan))


@given(ERRORS, st.integers(0, 40), st.integers(1, 60), st.floats(0, 1))
def test_every_cell_is_drawn_and_only_finished_epochs_have_a_height(
    errors: list[float], more: int, cells: int, done: float
) -> None:
    epochs = max(1, len(errors) + more)
    drawn = sparkline(errors, epochs, cells, done)
    assert len(drawn) == cells
    heights = drawn.rstrip("· ")
    assert set(heights) <= set(LEVELS)
    assert math.isclose(len(heights) / cells, len(errors) / epochs, abs_tol=1 / cells)
    assert sparkline(errors, epochs, cells, done, ASCII_LEVELS) == drawn.translate(
        str.maketrans(LEVELS + "·", ASCII_LEVELS + ".")
    )


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30))
def test_a_greater_error_is_never_drawn_lower(errors: list[float]) -> None:
    heights = [LEVELS.index(cell) for cell in sparkline(errors, len(errors), len(errors))]
    for (one, height), (other, than) in zip(
        zip(errors, heights, strict=True), zip(errors[1:], heights[1:], strict=False), strict=False
    ):
        assert (height <= than) if one <= other else (height >= than)
    if max(errors) > 1.1 * min(errors):
        assert heights[errors.index(max(errors))] == len(LEVELS) - 1
        assert heights[errors.index(min(errors))] == 0


@pytest.mark.parametrize(
    ("errors", "drawn"),
    [
        ([1.0], "██"),
        ([1.0, 0.1], "██▁▁"),
        ([8, 4, 2, 1], "█▆▃▁"),  # halving is a straight fall
        ([0.5, 0.499, 0.5, 0.499], "████"),  # noise
        ([1.0, math.inf], "████"),
    ],
)
def test_curves(errors: list[float], drawn: str) -> None:
    cells = 4
    assert sparkline(errors, max(2, len(errors)), cells).rstrip() == drawn


@pytest.mark.parametrize("bar_format", [None, NARROW_BAR])
@pytest.mark.parametrize("columns", [80, 120])
def test_the_bar_has_ten_cells_beside_the_longest_words(
    columns: int, bar_format: str | None
) -> None:
    bar = ErrorBar(
        epochs=1000,
        total=1_000_000,
        initial=999_000,
        file=io.StringIO(),
        ncols=columns - 1,
        bar_format=bar_format,
        desc="member 10/10, epoch 1000",
        postfix="loss 12345.6789, accuracy 100.00%",
    )
    bar.start_t -= 360_000
    bar.errors = [1.0, 0.1]
    line = str(bar)
    assert width(line) == columns - 1
    assert len(line.split("|")[1]) >= 10
    assert re.match(r"member 10/10, epoch 1000: 100%\|", line)
    bar.close()


def test_the_bar_draws_the_curve_between_its_ends() -> None:
    timeless = "{desc}|{bar}|{postfix}"
    bar = ErrorBar(
        epochs=4, total=40, file=io.StringIO(), ncols=60, ascii=False, bar_format=timeless
    )
    assert "|" in str(bar)
    bar.update(15)
    plain = str(bar)
    bar.errors = [1.0]
    drawn = str(bar)
    assert len(drawn) == len(plain)
    cells = drawn.split("|")[1]
    assert cells.startswith("█")
    assert set(cells) == set("█· ")
    assert drawn.replace(cells, plain.split("|")[1]) == plain
    bar.close()
