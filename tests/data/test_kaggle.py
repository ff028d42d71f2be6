import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import (
    competition_of,
    read_csv,
    write_csv,
    write_probabilities,
    write_submission,
)
from nntrain.errors import ConfigError, DataError, NNTrainError
from tests.support.csvs import (
    TEST,
    TRAIN,
    refusal,
    tables,
)


@pytest.mark.parametrize(
    ("content", "options", "parts"),
    [
        (TEST, {"labels": "required"}, ["no label column", "test file", "training file"]),
        (b"0,1,2,3\n4,5,6,7\n", {"labels": "required"}, ["no label column", "test file"]),
        (TRAIN, {"labels": "forbidden"}, ["column 'label'", "training file", "nntrain evaluate"]),
        (TRAIN[34:], {"labels": "forbidden"}, ["column 'column 1'", "nntrain evaluate"]),
        (TRAIN, {"label_column": "lable"}, ["no column 'lable'", "did you mean 'label'?"]),
        (TRAIN, {"id_column": "Q"}, ["no column 'Q' for the id", "'label' to 'pixel3'"]),
        (TRAIN, {"label_column": "label", "id_column": "label"}, ["cannot be both"]),
    ],
)
def test_a_file_that_does_not_suit_is_refused(
    read: Callable[..., Dataset], content: bytes, options: dict[str, Any], parts: list[str]
) -> None:
    message = refusal(read, content, **options)
    for part in parts:
        assert part in message


def test_places_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.csv").write_bytes(TRAIN)
    for name, part in [
        ("trian.csv", "no such file; did you mean 'train.csv'?"),
        ("quite-other", "no such file; 'nntrain data demo' makes"),
        ("nowhere/train.csv", "no such file; 'nntrain data demo' makes"),
        ("", "cannot be read: Is a directory"),
        ("train.csv/train.csv", "cannot be read: Not a directory"),
    ]:
        with pytest.raises(DataError) as caught:
            read_csv(tmp_path / name)
        assert part in str(caught.value)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(DataError, match=r"train\.csv: cannot be read: Permission denied"):
        read_csv(tmp_path / "train.csv")


@settings(max_examples=50, deadline=None)
@given(table=tables())
def test_a_written_table_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.csv"
    pixels, labels, _ = table
    write_csv(path, pixels, labels)
    digits = read_csv(path)
    assert np.array_equal(digits.pixels, pixels)
    assert (None if digits.labels is None else digits.labels.tolist()) == labels
    oracle = pd.read_csv(path)
    names = [f"pixel{number}" for number in range(pixels.shape[1])]
    assert oracle.columns.tolist() == (["label"] if labels else []) + names
    assert np.array_equal(oracle[names].to_numpy(), pixels)


def test_a_competition_is_told_by_the_id_column(read: Callable[..., Dataset]) -> None:
    assert competition_of(read(TEST)) == "nn5"
    assert competition_of(read(b"pixel0\n1\n")) == "digit-recognizer"
    assert competition_of(read(TEST), "digit-recognizer") == "digit-recognizer"
    assert competition_of(read(b"pixel0\n1\n"), "nn5") == "nn5"
    with pytest.raises(ConfigError, match="'kagle'; choose auto, digit-recognizer or nn5"):
        competition_of(read(TEST), "kagle")


@pytest.mark.parametrize(
    ("content", "competition", "expected"),
    [
        (TEST, "nn5", "id,number\na17,7\nb2,0\n"),
        (TEST, "digit-recognizer", "ImageId,Label\n1,7\n2,0\n"),
        (b"0\n1\n", "nn5", "id,number\n1,7\n2,0\n"),
        (b"0\n1\n", "digit-recognizer", "ImageId,Label\n1,7\n2,0\n"),
    ],
)
def test_a_submission_has_the_competitions_form(
    read: Callable[..., Dataset],
    tmp_path: Path,
    content: bytes,
    competition: Literal["digit-recognizer", "nn5"],
    expected: str,
) -> None:
    path = tmp_path / "submission.csv"
    write_submission(path, read(content), np.array([7, 0]), competition)
    assert path.read_bytes() == expected.encode()


def test_a_submission_needs_a_prediction_for_each_row(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    for competition in ("digit-recognizer", "nn5"):
        with pytest.raises(ValueError, match=r"shorter|longer"):
            write_submission(tmp_path / "s.csv", read(TEST), [1], competition)
    assert list(tmp_path.iterdir()) == []


def test_probabilities_give_each_float32_back(read: Callable[..., Dataset], tmp_path: Path) -> None:
    path = tmp_path / "probabilities.csv"
    shares = np.random.default_rng(0).dirichlet(np.full(10, 0.1), 2).astype(np.float32)
    write_probabilities(path, read(TEST), shares)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", *"0123456789"]
    assert [row[0] for row in rows] == ["a17", "b2"]
    assert np.array_equal(np.array([row[1:] for row in rows], np.float32), shares)


def test_an_impossible_place_is_told_in_one_line(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    with pytest.raises(NNTrainError, match=r"s\.csv: cannot be written: No such file"):
        write_submission(tmp_path / "missing" / "s.csv", read(TEST), [1, 2], "nn5")


# The peak is read from /proc: getrusage would also count the parent's memory before the exec.
SCRIPT = """
import re, sys
from pathlib import Path
from nntrain.data.kaggle import read_csv
digits = read_csv(sys.argv[1], labels="required")
print(digits.describe())
print(digits.pixels.sum(), digits.labels[:5].tolist())
print(int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""


@pytest.mark.skipif("NNTRAIN_MNIST" not in os.environ, reason="NNTRAIN_MNIST names no folder")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
def test_mnist_is_read_within_400_megabytes() -> None:
    path = Path(os.environ["NNTRAIN_MNIST"]) / "train.csv.gz"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    description, check, megabytes = done.stdout.splitlines()
    assert description == "60,000 rows, digits 0–9, 28×28, label column 'label'"
    assert check == "1567298545 [5, 0, 4, 1, 9]"
    assert float(megabytes) < 400
