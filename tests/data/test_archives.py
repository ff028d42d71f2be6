"""CSVs in .zip files: which of them is read, and the errors that say how to name one."""

# ruff: noqa: E501  # a message stands on one line

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.archives import divide, file_in, is_there, one_of_several, packed_instead
from nntrain.data.kaggle import count_pixels, read_csv
from nntrain.errors import DataError
from tests.support.csvs import PIXELS, TEST, TRAIN

JUNK = ("__MACOSX/._train.csv", "__MACOSX/a/._train.csv", ".DS_Store", "a/.DS_Store", "a/", "b/")
LEFT_OUT = b"0\n1,2\n"


def archive(path: Path, **members: bytes) -> Path:
    """Write a .zip; `_` stands for the slash, and `junk` adds what systems leave."""
    with zipfile.ZipFile(path, "w") as file:
        for name in JUNK if members.pop("junk", b"") else ():
            file.writestr(name, LEFT_OUT if not name.endswith("/") else b"")
        for name, content in members.items():
            file.writestr(f"{name.replace('_', '/')}.csv", content)
    return path


@pytest.mark.parametrize("junk", [b"", b"1"])
def test_a_file_in_an_archive_has_a_path_below_it(tmp_path: Path, junk: bytes) -> None:
    path = archive(tmp_path / "digits.zip", junk=junk, a_train=TRAIN, a_b_test=TEST)
    for name in ("train.csv", "a/train.csv"):
        digits = read_csv(path / name, labels="required")
        assert (digits.pixels.tolist(), digits.source) == (PIXELS, str(path / name))
        assert count_pixels(path / name) == 4
    assert read_csv(path / "b/test.csv", labels="forbidden").ids is not None
    assert file_in(path, "train.csv") == one_of_several(path, "train.csv") == f"{path}/a/train.csv"
    assert file_in(path, "rain.csv") is None
    assert is_there(path / "x.csv")
    assert divide(path / "a/train.csv") == (path, "a/train.csv")
    assert divide(path) == (path, None)


def test_one_file_in_an_archive_or_one_csv_needs_no_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "digits.zip", junk=b"1", a_train=TRAIN)
    assert read_csv(path).pixels.tolist() == PIXELS
    assert one_of_several(path, "train.csv") is None
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("README", "digits")
    assert read_csv(path).pixels.tolist() == PIXELS


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("", "a .zip of 7 files, train.csv, a/test.csv, b/test.csv, c.csv, d.csv, …; name one, such as {0}/train.csv"),
        ("/x.csv", "is not in the .zip of train.csv, a/test.csv, b/test.csv, c.csv, d.csv, …; name one of its files"),
        ("/test.csv", "is more than once in the .zip of train.csv, a/test.csv, b/test.csv, c.csv, d.csv, …; name one of its files"),
    ],
)  # fmt: skip
def test_an_archive_of_several_files_lists_them(tmp_path: Path, named: str, message: str) -> None:
    several = dict.fromkeys(["train", "a_test", "b_test", "c", "d", "e", "f"], TRAIN)
    path = archive(tmp_path / "digits.zip", **several)
    with pytest.raises(DataError) as raised:
        read_csv(f"{path}{named}")
    assert str(raised.value) == f"{path}{named}: {message.format(path)}"


def test_files_of_one_archive_are_cached_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntrain.data.kaggle.MIN_CACHED_BYTES", 1)
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    path = archive(tmp_path / "digits.zip", one=TRAIN, two=TRAIN.replace(b"255", b"0"))
    for _ in range(2):
        assert read_csv(path / "one.csv").pixels.max() == 255
        assert read_csv(path / "two.csv").pixels.max() == 6


def test_what_is_in_two_archives_is_to_be_named(tmp_path: Path) -> None:
    one = archive(tmp_path / "a.zip", train=TRAIN, test=TEST)
    assert packed_instead(tmp_path / "train.csv") == f"{one}/train.csv"
    (tmp_path / "no.zip").write_bytes(b"PK no archive")
    two = archive(tmp_path / "b.zip", nn_train=TRAIN)
    assert packed_instead(tmp_path / "train.csv") is None
    with pytest.raises(DataError) as raised:
        read_csv(tmp_path / "train.csv")
    hint = f"it is in {one}/train.csv and {two}/nn/train.csv; name one of them"
    assert str(raised.value) == f"{tmp_path / 'train.csv'}: no such file; {hint}"


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4), st.text(min_size=1, max_size=8))
def test_whatever_names_an_archive_has_one_line_is_said(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], named: str
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in dict.fromkeys(names):
            file.writestr(zipfile.ZipInfo(name), TRAIN)
    path = tmp_path_factory.getbasetemp() / "any.zip"
    path.write_bytes(buffer.getvalue())
    for whole in (str(path), f"{path}/{named}"):
        try:
            assert read_csv(whole).pixels.tolist() == PIXELS
        except DataError as error:
            assert str(error).isprintable()
