"""A working directory with small CSVs and a configuration."""

from pathlib import Path

import pytest

from nntrain.data.kaggle import write_csv
from tests.conftest import CONFIG, stripes

TINY = CONFIG.format(train="data/train.csv")


def fill(folder: Path) -> None:
    """Write the data and the configuration."""
    (folder / "data").mkdir()
    pixels, labels = stripes(260)
    write_csv(folder / "data/train.csv", pixels[:200], labels[:200])
    write_csv(folder / "data/test.csv", pixels[200:])
    write_csv(folder / "data/test_labelled.csv", pixels[200:], labels[200:])
    (folder / "tiny.yaml").write_text(TINY)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with data and a configuration."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path)
    return tmp_path
