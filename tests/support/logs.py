"""Logs of a training, read back."""

import json
from pathlib import Path

from nntrain.training.progress import EpochRecord
from nntrain.training.run import RunFolder


def logged(folder: Path) -> list[EpochRecord]:
    """The epochs in a run's log.jsonl."""
    records = []
    for line in (folder / "log.jsonl").read_text().splitlines():
        values = json.loads(line)
        assert values.pop("run") == folder.as_posix()
        records.append(EpochRecord(**values))
    return records


def assert_logged(folder: Path) -> None:
    """Each epoch of metrics.csv is in log.jsonl once, with the same numbers."""
    history = RunFolder(folder).history()
    assert history
    assert logged(folder) == history


def unexpected(text: str) -> None:
    """In place of a warning that must not be given."""
    raise AssertionError(text)
