"""A working directory with small CSVs and a configuration."""

from pathlib import Path

import pytest

from nntrain.data.kaggle import write_csv
from tests.conftest import CONFIG, stripes

TINY = CONFIG.format(train="data/train.csv")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with data and a configuration."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    pixels, labels = stripes(260)
    write_csv("data/train.csv", pixels[:200], labels[:200])
    write_csv("data/test.csv", pixels[200:])
    write_csv("data/test_labelled.csv", pixels[200:], labels[200:])
    Path("tiny.yaml").write_text(TINY)
    return tmp_path
