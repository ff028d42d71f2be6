"""Cases of a parametrized test that `make test` leaves to `make soak`."""

from typing import Any

import pytest


def slow(*cases: Any) -> list[Any]:
    """Mark cases of which others show the same; a tuple is a case of several parameters."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for case in cases
    ]


def slow_except(quick: set[str], cases: Any) -> list[Any]:
    """Mark the cases of these names but for the quick ones, all of which must exist."""
    assert quick <= set(cases)
    return [case if case in quick else pytest.param(case, marks=pytest.mark.slow) for case in cases]
