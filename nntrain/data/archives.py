"""Names CSVs in .zip files, and finds packed ones in place of those that are not there.

The path of a file in an archive is that of the archive, a slash and its name in it:
digit-recognizer.zip/train.csv.
"""

import os
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from nntrain.errors import DataError, printable
from nntrain.paths import exists

# The files of a competition.
TRAIN, TEST, SAMPLE = "train.csv", "test.csv", "sample_submission.csv"

ENDINGS = (".gz", ".zip", ".bz2", ".xz")
_LISTED = 5  # names in a message
_OF_SYSTEMS = ("__MACOSX/", "Thumbs.db", "desktop.ini")  # what Finder and Explorer add


def divide(path: str | Path) -> tuple[Path, str | None]:
    """Divide the path of a file in an archive into the archive and the name; others stay whole."""
    whole = Path(path)
    for parent in whole.parents:
        # Unlike Path.is_file, this does not fail for a name that is too long.
        if os.path.isfile(parent):  # noqa: PTH113
            return parent, whole.relative_to(parent).as_posix()
    return whole, None


def is_there(path: str | Path) -> bool:
    """Whether there is something of this name, or the archive that it is in."""
    return exists(divide(path)[0])


def files_of(names: Iterable[str]) -> list[str]:
    """The names in an archive but those of folders and of the hidden files that systems add."""
    return [
        name
        for name in names
        if not name.endswith("/")
        and not name.startswith(_OF_SYSTEMS)
        and not PurePosixPath(name).name.startswith(".")
    ]


def choose(names: Collection[str], wanted: str | None, source: str) -> str:
    """The name of the CSV to read from an archive.

    Args:
        names: Those of all its files.
        wanted: The name to look for, perhaps without folders; None: the only file, or only CSV.
        source: The path, for messages.

    Raises:
        DataError: If there is none or more than one.
    """
    listed = printable(", ".join(list(names)[:_LISTED])) + ", …" * (len(names) > _LISTED)
    if wanted is None:
        csvs = [name for name in names if name.lower().endswith(".csv")]
        found = list(names) if len(names) == 1 else csvs
        if len(found) == 1:
            return found[0]
        if not names:
            raise DataError(f"{source}: a .zip of 0 files; name one with a CSV")
        first = printable((csvs or list(names))[0])
        raise DataError(
            f"{source}: a .zip of {len(names)} files, {listed}; name one, such as {source}/{first}"
        )
    found = [wanted] if wanted in names else _named(names, wanted)
    if len(found) != 1:
        how_often = "more than once" if found else "not"
        raise DataError(f"{source}: is {how_often} in the .zip of {listed}; name one of its files")
    return found[0]


def file_in(path: str | Path, name: str, least: int = 1) -> str | None:
    """The path of a file of this name in an archive; None if there is not exactly one.

    Args:
        path: The archive; for another file, the result is None.
        name: The name, perhaps without folders.
        least: The number of files that the archive must hold.
    """
    names = _names_in(Path(path))
    found = _named(names, name)
    return f"{path}/{found[0]}" if len(names) >= least and len(found) == 1 else None


def one_of_several(path: str | Path, name: str) -> str | None:
    """The path of a file of this name in an archive that holds others, too; None if not so."""
    return file_in(path, name, least=2)


def packed_instead(path: str | Path) -> str | None:
    """The packed form of a file that is not there, such as train.csv.gz for train.csv.

    It may also be in a .zip of the same folder, if it is in one only.
    """
    plain = Path(path)
    for ending in ENDINGS:
        packed = plain.parent / f"{plain.name}{ending}"
        if os.path.isfile(packed):  # noqa: PTH113
            return str(packed)
    found = in_archives(plain)
    return found[0] if len(found) == 1 else None


def in_archives(path: Path) -> list[str]:
    """The paths of files of this name in the .zip files of the same folder."""
    try:
        archives = sorted(path.parent.glob("*.zip"))
    except OSError:
        return []
    return [found for archive in archives if (found := file_in(archive, path.name))]


def _named(names: Iterable[str], wanted: str) -> list[str]:
    """Those that end with a name."""
    return [name for name in names if f"/{name}".endswith(f"/{wanted}")]


def _names_in(archive: Path) -> list[str]:
    """The names of the files in an archive; none if it cannot be read."""
    try:
        if not archive.is_file():  # reading a pipe could block forever
            return []
        with zipfile.ZipFile(archive) as opened:
            return files_of(opened.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return []
