"""Where a run was begun: by which configuration file, and in which folder.

The record tells the runs of two files with similar names apart, and finds the CSVs of a run that
was moved. Runs of earlier versions have none.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

from nntrain.errors import RunError


class RunName(NamedTuple):
    """What new runs are named after.

    Attributes:
        stem: The beginning of their folders' names in runs/.
        config: The absolute path of their configuration's file; None if it is not a file.
    """

    stem: str
    config: Path | None


class Origin(NamedTuple):
    """Where a run was begun, as absolute paths of that time.

    Attributes:
        run: The run's folder.
        folder: The current folder, which relative paths of CSVs start from.
        config: The file of its configuration; None if it was not a file.
    """

    run: Path
    folder: Path
    config: Path | None

    def write(self, file: Path) -> None:
        """Write the record as JSON; half a record, after a kill, is none.

        Raises:
            RunError: If the file cannot be written.
        """
        record = {name: path and str(path) for name, path in self._asdict().items()}
        try:
            file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise RunError(
                f"{file}: cannot be written: {error.strerror}; name another folder with --run"
            ) from error

    @classmethod
    def read(cls, file: Path) -> "Origin | None":
        """Read a record; None if there is no valid one."""
        try:
            if not file.is_file():  # reading a pipe could block forever
                return None
            record = json.loads(file.read_bytes())
            config = None if record["config"] is None else Path(record["config"])
            return cls(Path(record["run"]), Path(record["folder"]), config)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def now(self, path: Path, run: Path) -> Path:
        """Where a path is if it was moved or copied together with the run, which is here now."""
        try:
            return Path(os.path.normpath(run.resolve() / os.path.relpath(path, self.run)))
        except ValueError:  # on another drive of Windows
            return path

    def is_of(self, config: Path, run: Path) -> bool:
        """Whether the run, which is in the folder `run` now, was begun with this file."""
        return self.config is not None and config in (self.config, self.now(self.config, run))


def absolute(file: Path) -> Path:
    """The absolute path of a file; a link stays the link, as its name counts."""
    return file.parent.resolve() / file.name
