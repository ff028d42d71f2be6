"""Finds packed CSVs in place of those that are not there."""

import os
from pathlib import Path

ENDINGS = (".gz", ".zip", ".bz2", ".xz")


def packed_instead(path: str | Path) -> str | None:
    """The packed form of a file that is not there: train.csv.gz, or train.zip, of train.csv."""
    plain = Path(path)
    names = [f"{plain.name}{ending}" for ending in ENDINGS] + [f"{plain.stem}.zip"]
    candidates = [str(plain.parent / name) for name in names]
    # Unlike Path.is_file, this does not fail for a name that is too long.
    return next((name for name in candidates if os.path.isfile(name)), None)  # noqa: PTH113
