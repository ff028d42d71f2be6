"""Rows of several CSVs: the same as those of one CSV with all of them."""

import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data import cache
from nntrain.data.checks import repeated_rows
from nntrain.data.combine import combine
from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import read_csv
from nntrain.data.labels import Classes, numbered
from nntrain.data.split import hold_out
from nntrain.errors import DataError
from tests.support.csvs import cells_of, dialects, make_dataset, tables, written
from tests.support.examples import examples

Expected = int | tuple[str, ...] | None
Rows = tuple[list[str], list[list[int]]]  # labels and pixels


def text(rows: Rows) -> bytes:
    header = "label," + ",".join(f"pixel{number}" for number in range(len(rows[1][0])))
    lines = [f"{label},{','.join(map(str, row))}" for label, row in zip(*rows, strict=True)]
    return "\n".join([header, *lines, ""]).encode()


def combined(files: Sequence[bytes], folder: Path, classes: Expected = None) -> Dataset:
    """Write the files, and read them as `data.train` does."""
    names = [f"{number}.csv" for number in range(len(files))]
    for name, content in zip(names, files, strict=True):
        (folder / name).write_bytes(content)
    expected: Classes = classes if isinstance(classes, tuple) else "any"
    parts = [read_csv(folder / name, labels="required", classes=expected) for name in names]
    return combine(parts, classes)


def outcome(read: Callable[[], Dataset]) -> list[object]:
    """The rows; the refused label instead if they are refused."""
    try:
        rows = read()
    except DataError as error:
        return [str(error).partition(": row ")[2].partition(": ")[2].partition(" ")[0]]
    assert rows.labels is not None
    return [rows.pixels.tolist(), [rows.classes[label] for label in rows.labels], rows.classes]


@st.composite
def rows_of_files(draw: st.DrawFn) -> list[Rows]:
    few = draw(st.sampled_from([["0", "1", "2"], ["A", "B", "C"], ["1", "02", "2", "77"]]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    files = []
    for count in draw(st.lists(st.integers(1, 50), min_size=2, max_size=4)):
        known = draw(st.lists(st.sampled_from(few), min_size=1, unique=True))
        share = draw(st.sampled_from([None, 0.02]))  # one label may be rare
        chances = None
        if share and len(known) > 1:
            chances = [share, *[(1 - share) / (len(known) - 1)] * (len(known) - 1)]
        labels = rng.choice(known, count, p=chances).tolist()
        files.append((labels, rng.integers(0, 256, (count, 4)).tolist()))
    return files


@examples(40)
@given(rows_of_files(), st.sampled_from([None, 2, 3, 4, ("0", "1", "2"), ("A", "B", "C")]))
def test_several_files_are_as_one_with_all_rows(
    tmp_path_factory: pytest.TempPathFactory, files: list[Rows], classes: Expected
) -> None:
    folder = tmp_path_factory.getbasetemp()
    labels = [label for labels, _ in files for label in labels]
    every = labels, [row for _, rows in files for row in rows]
    (folder / "all.csv").write_bytes(text(every))

    def read_all() -> Dataset:
        return read_csv(folder / "all.csv", labels="required", classes=classes)

    ours = outcome(lambda: combined(list(map(text, files)), folder, classes))
    assert ours == outcome(read_all)


@examples(30)
@given(st.lists(st.tuples(tables(least=2, pixels=(4,)), dialects()), min_size=2, max_size=3))
def test_each_file_has_its_own_dialect(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[Any, dict[str, Any]]]
) -> None:
    contents, pixels = [], []
    for (rows, _, ids), dialect in files:
        labels = list(range(len(rows)))
        cells = cells_of(rows, labels, ids, dialect["zero"])
        order = [*range(len(cells[0]))][:: -1 if dialect["shuffled"] else 1]
        contents.append(written([[row[at] for at in order] for row in cells], dialect))
        pixels += rows.tolist()
    result = combined(contents, tmp_path_factory.getbasetemp(), 4)
    assert result.pixels.tolist() == pixels
    assert [part.rows for part in result.parts] == [len(rows) for (rows, _, _), _ in files]
    assert result.ids is None


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    digits: Rows = (["1", "2"], [[0, 1, 2, 3], [4, 5, 6, 7]])
    names = [str(tmp_path / f"{number}.csv") for number in range(2)]
    for other, message in [
        ((["1"], [[0]]), f"1 pixels a row, but {names[0]} has 4; both must show the same pictures"),
        (
            (["A"], [[0] * 4]),
            f"its labels are A, but those of {names[0]} 1, 2; write the same labels in both, or "
            "list all of them in data.classes",
        ),
    ]:
        with pytest.raises(DataError) as raised:
            combined([text(digits), text(other)], tmp_path)
        assert str(raised.value) == f"{names[1]}: {message}"
    letters = text((["A", "3"], [[0] * 4] * 2))
    assert combined([text(digits), letters], tmp_path).classes == ("1", "2", "3", "A")
    listed = combined([text(digits), text((["A"], [[0] * 4]))], tmp_path, ("1", "A", "2"))
    assert listed.labels is not None
    assert listed.labels.tolist() == [0, 2, 1]
    with pytest.raises(DataError, match=r"1\.csv: row 1: 'A' is not a digit 0–2"):
        combined([text(digits), letters], tmp_path, 3)


@pytest.fixture
def two(tmp_path: Path) -> list[Dataset]:
    rng = np.random.default_rng(0)
    return [
        make_dataset(
            rng.integers(0, 256, (rows, 64), np.uint8), np.arange(rows) % 10, f"{rows}.csv"
        )
        for rows in (25_000, 12_000)
    ]


def test_many_rows_are_memory_mapped_and_cached(
    two: list[Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = sum(part.pixels.nbytes for part in two)
    loaded = combine(two)
    assert (loaded.mapped, loaded.source) == (None, "25000.csv and 12000.csv")
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MIN_MAPPED_BYTES", every)
    for _ in range(2):
        tracemalloc.start()
        mapped = combine(two)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < every / 2, "they are never all in memory"
        assert mapped.mapped is not None
        assert mapped.digest == loaded.digest
        assert mapped.parts == loaded.parts
        assert len([*tmp_path.rglob("pixels")]) == 1
        mapped.check_unchanged()
    np.testing.assert_array_equal(mapped.pixels, loaded.pixels)
    (tmp_path / "cache/csv").chmod(0o777)  # where others may write
    assert combine(two).mapped is None
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache/csv/.lock"))  # no folder
    assert combine(two).digest == loaded.digest


@examples(30)
@given(
    st.lists(st.integers(2, 30), min_size=2, max_size=4),
    st.integers(0, 9) | st.floats(0.1, 0.9),
    st.integers(0, 9),
)
def test_rows_are_held_out_of_the_first_file_as_if_it_were_alone(
    counts: list[int], rows: int | float, seed: int
) -> None:
    parts = [
        make_dataset(np.zeros((count, 4), np.uint8), np.arange(count) % 3, f"{at}.csv", classes=3)
        for at, count in enumerate(counts)
    ]
    every, first = combine(parts, numbered(3)), parts[0]
    try:
        training, held_out = hold_out(first, rows, seed)
    except DataError as error:
        with pytest.raises(DataError) as raised:
            hold_out(every, rows, seed)
        assert str(raised.value) == str(error)
        return
    training_of_all, held_out_of_all = hold_out(every, rows, seed)
    others = range(counts[0], sum(counts))
    assert training_of_all.index.tolist() == [*training.index.tolist(), *others]
    assert (held_out is None) == (held_out_of_all is None)
    if held_out and held_out_of_all:
        assert held_out_of_all.index.tolist() == held_out.index.tolist()


@examples(30)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=3), st.integers(0, 2**32))
def test_rows_that_stand_twice_are_told(counts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [
        make_dataset(
            rng.integers(0, 2, (count, 3), np.uint8), rng.integers(0, 2, count), f"{at}", classes=2
        )
        for at, count in enumerate(counts)
    ]
    seen: dict[tuple[int, ...], tuple[int, int]] = {}
    found: dict[tuple[int, int], list[bool]] = {}
    for at, part in enumerate(parts):
        assert part.labels is not None
        for row, label in zip(map(tuple, part.pixels.tolist()), part.labels.tolist(), strict=True):
            if row in seen:
                file, before = seen[row]
                found.setdefault((at, file), []).append(before != label)
            else:
                seen[row] = at, label
    expected = {
        f"{at}: {len(differ)} of {counts[at]} rows stand "
        f"{'earlier in it' if at == file else f'in {file}'}, too, "
        + (f"{sum(differ)} of them with another label" if any(differ) else "with the same label")
        for (at, file), differ in found.items()
    }
    told = repeated_rows(combine(parts, numbered(2)))
    assert {line.partition("; ")[0] for line in told} == expected
    assert len(told) == len(expected)
