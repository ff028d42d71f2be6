"""Compressed CSVs, and damaged ones."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.data.dataset import Dataset
from nntrain.errors import DataError
from tests.support.csvs import (
    CORRUPTIBLE,
    PACKERS,
    PIXELS,
    TRAIN,
    cells_of,
    corrupted,
    rows_of,
    zipped,
)
from tests.support.examples import examples


def test_packing_is_recognised_by_content(read: Callable[..., Dataset]) -> None:
    for pack in PACKERS.values():
        assert read(pack(TRAIN)).pixels.tolist() == PIXELS
    assert read(zipped(TRAIN, "data/", "data/a.csv", "__MACOSX/._a.csv")).pixels.tolist() == PIXELS


@examples(200)
@given(CORRUPTIBLE, st.sampled_from([".gz", ".zip", ".bz2", ".xz"]), st.data())
def test_a_single_corruption_of_a_packed_file_is_refused_or_harmless(
    read: Callable[..., Dataset],
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
    packing: str,
    data: st.DataObject,
) -> None:
    undamaged = "".join(",".join(row) + "\n" for row in cells_of(*table, "")).encode()
    try:
        digits = read(corrupted(PACKERS[packing](undamaged), data)[0])
    except DataError as error:
        assert str(error).isprintable()
        return
    assert rows_of(digits.pixels, digits.labels, digits.ids) == rows_of(*table)
