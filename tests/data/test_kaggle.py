import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from numpy.typing import NDArray

from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import read_csv, write_csv
from nntrain.errors import DataError
from tests.support.csvs import (
    TEST,
    TRAIN,
    refusal,
    tables,
)
from tests.support.examples import examples


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
        ("train.csv/train.csv", "no such file; a folder of its path is a file, but no .zip"),
    ]:
        with pytest.raises(DataError) as caught:
            read_csv(tmp_path / name)
        assert part in str(caught.value)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(DataError, match=r"train\.csv: cannot be read: Permission denied"):
        read_csv(tmp_path / "train.csv")


@examples(50)
@given(table=tables())
def test_a_written_table_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.csv"
    pixels, labels, _ = table
    write_csv(path, pixels, labels)
    digits = read_csv(path, classes=10)
    assert np.array_equal(digits.pixels, pixels)
    assert (None if digits.labels is None else digits.labels.tolist()) == labels
    oracle = pd.read_csv(path)
    names = [f"pixel{number}" for number in range(pixels.shape[1])]
    assert oracle.columns.tolist() == (["label"] if labels else []) + names
    assert np.array_equal(oracle[names].to_numpy(), pixels)


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
@pytest.mark.slow
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
