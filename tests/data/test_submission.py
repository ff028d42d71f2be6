"""Submissions: the test file's own ids, each with its answer, in the form that is asked for."""

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.dataset import Dataset
from nntrain.data.labels import numbered
from nntrain.data.submission import (
    check_packing,
    form_for,
    form_like,
    holds_answers,
    write_probabilities,
    write_submission,
)
from nntrain.errors import ConfigError, DataError, NNTrainError
from tests.support.csvs import TEST
from tests.support.examples import examples

DIGITS = numbered(10)
PLAIN = b"pixel0\n1\n2\n"


@pytest.mark.parametrize(
    ("content", "header", "ids", "competition"),
    [
        (PLAIN, ("ImageId", "Label"), ["1", "2"], "digit-recognizer"),
        (b",pixel0\n0,1\n1,2\n", ("ImageId", "Label"), ["1", "2"], "digit-recognizer"),
        (b"Unnamed: 0,pixel0\n1,1\n2,2\n", ("ImageId", "Label"), ["1", "2"], "digit-recognizer"),
        (b"index,pixel0\n0,1\n1,2\n", ("ImageId", "Label"), ["1", "2"], "digit-recognizer"),
        (b"ImageId,pixel0\n7,1\n5,2\n", ("ImageId", "Label"), ["7", "5"], "digit-recognizer"),
        (TEST, ("id", "number"), ["a17", "b2"], "nn5"),
        (b"id,pixel0\n0,1\n1,2\n", ("id", "number"), ["0", "1"], "nn5"),
        (b"x3,1\nx4,2\n", ("id", "number"), ["x3", "x4"], "nn5"),
        (b"Id,pixel0\n0,1\n1,2\n", ("Id", "Label"), ["0", "1"], None),
        (b"Unnamed: 0,pixel0\n7,1\n5,2\n", ("Unnamed: 0", "Label"), ["7", "5"], None),
        (b"picture,pixel0\n7,1\nq,2\n", ("picture", "Label"), ["7", "q"], None),
    ],
)
def test_ids_are_the_files_own_under_their_own_name(
    read: Callable[..., Dataset],
    content: bytes,
    header: tuple[str, str],
    ids: list[str],
    competition: str | None,
) -> None:
    form = form_for(read(content, labels="forbidden"))
    assert (form.header, form.ids, form.competition) == (header, ids, competition)
    assert "--like" in form.decision


def test_a_competition_may_be_named(read: Callable[..., Dataset]) -> None:
    assert form_for(read(TEST), "digit-recognizer").header == ("ImageId", "Label")
    assert form_for(read(TEST), "digit-recognizer").ids == ["a17", "b2"]
    assert form_for(read(PLAIN), "nn5")[:3:2] == (("id", "number"), ["1", "2"])
    with pytest.raises(ConfigError, match="'kagle'; choose auto, digit-recognizer or nn5"):
        form_for(read(TEST), "kagle")


def written(path: Path, form: object, answers: list[str]) -> str:
    write_submission(path, form, answers)  # type: ignore[arg-type]
    return path.read_text()


def test_a_submission_has_the_competitions_form(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    path = tmp_path / "submission.csv"
    assert written(path, form_for(read(TEST)), ["7", "0"]) == "id,number\na17,7\nb2,0\n"
    assert written(path, form_for(read(PLAIN)), ["7", "0"]) == "ImageId,Label\n1,7\n2,0\n"
    assert written(path, form_for(read(PLAIN)), ["A", "é,"]) == 'ImageId,Label\n1,A\n2,"é,"\n'


def test_a_submission_needs_a_prediction_for_each_row(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="fewer"):
        write_submission(tmp_path / "s.csv", form_for(read(TEST)), ["1"])
    assert list(tmp_path.iterdir()) == []


@st.composite
def samples(draw: st.DrawFn) -> tuple[list[str], list[str], bool, tuple[str, str]]:
    """Ids of a test file, those of a sample, whether the file has them, and the sample's header."""
    has_ids = draw(st.booleans())
    first = draw(st.integers(0, 1))
    count = draw(st.integers(2, 12))
    names = st.lists(st.from_regex(r"[a-z]{1,3}[0-9]?", fullmatch=True), unique=True)
    ids = [str(first + at) for at in range(count)]
    if has_ids and draw(st.booleans()):
        ids = draw(names.filter(lambda names: len(names) > 1))
    own = draw(st.permutations(ids)) if has_ids else ids
    headers = [("id", "label"), ("Id", "Label"), ("Expected", "picture"), ("a", "b")]
    header = draw(st.sampled_from(headers))
    return own, draw(st.permutations(ids)), has_ids, header


@examples(150)
@given(samples(), st.sampled_from(["", "\ufeff"]))
def test_like_a_sample_ids_and_answers_stay_together(
    read: Callable[..., Dataset],
    tmp_path_factory: pytest.TempPathFactory,
    drawn: tuple[list[str], list[str], bool, tuple[str, str]],
    bom: str,
) -> None:
    own, asked, has_ids, header = drawn
    rows = [f"{name},{at}\n" if has_ids else f"{at}\n" for at, name in enumerate(own)]
    content = ("picture,pixel0\n" if has_ids else "pixel0\n") + "".join(rows)
    test = read(content.encode(), id_column="picture" if has_ids else None)
    folder = tmp_path_factory.getbasetemp()
    swapped = has_ids and "picture" in header
    lines = [f"0,{name}\n" if swapped else f"{name},0\n" for name in asked]
    (folder / "sample.csv").write_text(f"{bom}{','.join(header)}\n" + "".join(lines))
    form = form_like(folder / "sample.csv", test, DIGITS)
    write_submission(folder / "out.csv", form, [f"row {at}" for at in range(len(own))])
    result = pd.read_csv(folder / "out.csv", dtype=str, keep_default_na=False)
    assert tuple(result.columns) == header
    ids, labels = reversed(header) if swapped else header
    assert result[ids].tolist() == asked
    assert result[labels].tolist() == [f"row {own.index(name)}" for name in asked]


def test_the_column_with_the_name_of_the_ids_holds_them(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    (tmp_path / "sample.csv").write_text("label,id\n0,b2\n0,a17\n")
    form = form_like(tmp_path / "sample.csv", read(TEST), DIGITS)
    assert written(tmp_path / "s.csv", form, ["7", "0"]) == "label,id\n0,b2\n7,a17\n"


def test_a_sample_may_hold_some_of_the_ids(read: Callable[..., Dataset], tmp_path: Path) -> None:
    (tmp_path / "sample.csv.gz").write_bytes(gzip.compress(b"id,label\nb2,0\n"))
    form = form_like(tmp_path / "sample.csv.gz", read(TEST), DIGITS)
    assert written(tmp_path / "s.csv", form, ["7", "0"]) == "id,label\nb2,0\n"


@pytest.mark.parametrize(
    ("sample", "content", "message"),
    [
        ("id,label\nb2,0\nc3,0\n", TEST, "id 'c3' is not in .*, whose ids are 'a17' to 'b2'; give"),
        ("id,label\nb2,0\nb2,0\n", TEST, "id 'b2' is there twice; give each once"),
        ("id,label\n1,0\n", PLAIN, "its 1 ids do not count the 2 rows of .*, which has no ids"),
        ("id,label\n1,0\n3,0\n", PLAIN, "its 2 ids do not count the 2 rows"),
        ("id,label\na,0\nb,0\n", PLAIN, "its 2 ids do not count the 2 rows"),
        ("id,label,weight\n1,0,0\n2,0,0\n", PLAIN, "has the columns 'id,label,weight'; a sample"),
        ("id\n1\n2\n", PLAIN, "is no sample submission"),
        ("id,label\n", PLAIN, "is no sample submission"),
        ("", PLAIN, "is no sample submission"),
        ("id,label\n1,0\n2\n", PLAIN, "row 2: 1 cells instead of 2"),
    ],
)
def test_a_sample_that_cannot_be_matched_is_refused(
    read: Callable[..., Dataset], tmp_path: Path, sample: str, content: bytes, message: str
) -> None:
    (tmp_path / "sample.csv").write_text(sample)
    with pytest.raises(DataError, match=rf"sample\.csv: {message}"):
        form_like(tmp_path / "sample.csv", read(content), DIGITS)


def test_probabilities_give_each_float32_back(read: Callable[..., Dataset], tmp_path: Path) -> None:
    path = tmp_path / "probabilities.csv"
    shares = np.random.default_rng(0).dirichlet(np.full(10, 0.1), 2).astype(np.float32)
    write_probabilities(path, form_for(read(TEST)), DIGITS, shares)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", *"0123456789"]
    assert [row[0] for row in rows] == ["a17", "b2"]
    assert np.array_equal(np.array([row[1:] for row in rows], np.float32), shares)


def test_a_sample_with_a_column_for_each_class_is_for_probabilities(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    (tmp_path / "sample.csv").write_text("B,id,A\n0,b2,0\n0,a17,0\n")
    form = form_like(tmp_path / "sample.csv", read(TEST), ("A", "B"))
    write_probabilities(tmp_path / "s.csv", form, ("A", "B"), np.array([[0.25, 0.75], [1, 0]]))
    assert (tmp_path / "s.csv").read_text() == "B,id,A\n0,b2,1\n0.75,a17,0.25\n"


@pytest.mark.parametrize("name", ["s.csv", "s.csv.gz", "S.CSV.ZIP", "s.csv.bz2", "s.csv.xz", "s"])
def test_a_file_is_packed_as_its_name_says(
    read: Callable[..., Dataset], tmp_path: Path, name: str
) -> None:
    path, form = tmp_path / name, form_for(read(TEST))
    check_packing(path)
    write_submission(path, form, ["7", "0"])
    first = path.read_bytes()
    unpack = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(io.BytesIO(first)) as archive:
            assert archive.namelist() == [path.stem]
            content = archive.read(path.stem)
    else:
        content = unpack.get(path.suffix.lower(), bytes)(first)
    assert content == b"id,number\na17,7\nb2,0\n"
    assert holds_answers(path, form_for(read(PLAIN)), DIGITS)
    write_submission(path, form, ["7", "0"])
    assert path.read_bytes() == first, "equal answers are equal files"


@pytest.mark.parametrize("name", ["s.7z", "s.tar", "s.csv.zst", "s.xlsx", "s.PARQUET", "s.json"])
def test_other_kinds_of_file_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="submissions are CSVs; name a file that ends in"):
        check_packing(Path(name))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", True),
        ("id,label\n1,2\n", True),
        ("Id,Label\n", True),
        ("ImageId,Label\n1,2\n", True),
        ("key,0,1,2\n", True),
        ("label,pixel0\n1,2\n", False),
        ("label,pixel0,pixel1\n1,2,3\n", False),
        ("notes\n", False),
    ],
)
def test_what_holds_answers_may_be_replaced(
    read: Callable[..., Dataset], tmp_path: Path, content: str, expected: bool
) -> None:
    (tmp_path / "sample.csv").write_text("id,label\na17,0\n")
    (tmp_path / "s.csv").write_text(content)
    form = form_like(tmp_path / "sample.csv", read(TEST), DIGITS)
    assert holds_answers(tmp_path / "s.csv", form, DIGITS) == expected


def test_an_impossible_place_is_told_in_one_line(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    with pytest.raises(NNTrainError, match=r"s\.csv: cannot be written: No such file"):
        write_submission(tmp_path / "missing" / "s.csv", form_for(read(TEST)), ["1", "2"])
