"""Finds the files that a YAML file names, and says why one is not there."""

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from nntrain.config.issues import (
    ConfigIssue,
    KeyPath,
    SourceMap,
    config_error,
    dotted,
    location_of,
)
from nntrain.config.schema import Config
from nntrain.config.yaml_errors import escapes_in
from nntrain.data.archives import TRAIN, in_archives, is_there, one_of_several, packed_instead
from nntrain.errors import DataError, NNTrainError, did_you_mean
from nntrain.paths import exists, expand, unknown_part, url_problem

CSVS = ("train", "validation")

_NO_CSV = (DataError, "'nntrain data demo' makes data/train.csv and test.csv")
_MAX_LINE = 300  # characters of an error
_ENDING = r"\.(csv|tsv|txt|gz|zip|bz2|xz|ya?ml)"


class FileFinder(NamedTuple):
    """Finds files that YAML names: from the working directory, else beside the YAML file.

    In place of a CSV that is in neither folder, its packed form is taken.

    Attributes:
        log: Receives a line about each file that was found otherwise than it was written.
        needed: The keys of `data` whose CSVs must exist.
    """

    log: Callable[[str], None]
    needed: Collection[str] = CSVS

    def find_csvs(self, config: Config, source_map: SourceMap, file: Path | None) -> Config:
        """The configuration with the paths of its CSVs expanded, or absolute if beside `file`.

        Raises:
            ConfigError: If one is a URL.
            DataError: If a needed one is not found, and there is more to say than that.
        """
        data = config.data
        keys: list[KeyPath] = [("data", "train")]
        if not isinstance(data.train, str):
            keys = [("data", "train", number) for number in range(len(data.train))]
        found = tuple(
            self._find_csv(written, key, source_map, file)
            for written, key in zip(data.training_files, keys, strict=True)
        )
        paths: dict[str, object] = {"train": found if len(found) > 1 else found[0]}
        if isinstance(data.validation, str):
            key = ("data", "validation")
            paths["validation"] = self._find_csv(data.validation, key, source_map, file)
        return config.model_copy(update={"data": data.model_copy(update=paths)})

    def _find_csv(
        self, written: str, key: KeyPath, source_map: SourceMap, file: Path | None
    ) -> str:
        # An override is of this command, so that it is meant to be there.
        is_needed = key[1] in self.needed or location_of(key, source_map).is_override
        path = self.find(written, key, source_map, file, _NO_CSV if is_needed else None)
        rows = one_of_several(path, TRAIN) if key[1] == "train" else None
        if rows:
            self.log(f"{dotted(key)}: {path} holds several files; {rows} is taken")
        return rows or path

    def find(
        self,
        written: str,
        key: KeyPath,
        source_map: SourceMap,
        file: Path | None,
        if_missing: tuple[type[NNTrainError], str] | None,
    ) -> str:
        """The path of a file, also if it is nowhere and reading it will fail.

        Args:
            written: The path as it was read from YAML.
            key: Its key.
            source_map: The locations of the keys.
            file: The YAML file; None for other text.
            if_missing: Class and hint of the error if it is nowhere and there is more to say than
                its reader will say; None: no error.

        Raises:
            ConfigError: If it is a URL.
            NNTrainError: See `if_missing`.
        """
        location = location_of(key, source_map)
        path = expand(written)
        if problem := url_problem(path):
            raise config_error(location, key, problem)
        if is_there(path) and not Path(path).is_dir():
            return path
        folders = [Path()]
        if file and _has_folder(file) and not location.is_override and not Path(path).is_absolute():
            folder = file.parent.resolve()
            if is_there(beside := folder / path):
                taken = beside.parent.resolve() / beside.name
                self.log(
                    f"{dotted(key)}: {path} was not found here; {taken} beside {file} is taken"
                )
                return str(taken)
            if not folder.samefile(Path()):
                folders.append(folder)
        is_csv = key[0] == "data" and not exists(path)
        if is_csv and (packed := _packed(path, folders)):
            self.log(f"{dotted(key)}: {path} was not found; {packed} is taken")
            return packed
        hint = _hint(path, written, location.written, folders)
        if Path(path).is_dir() and not hint:
            return path  # its reader will say so
        if if_missing and (hint or len(folders) > 1):
            error, otherwise = if_missing
            hint = hint or _similar(path, folders, otherwise)
            lines = [
                str(ConfigIssue(location, key, f"{path}: no such file{where}; {hint}"))
                for where in _places(folders, file)
            ]
            raise error(next((line for line in lines if len(line) <= _MAX_LINE), lines[-1]))
        return path


def _packed(path: str, folders: Collection[Path]) -> str | None:
    """The packed form of a file in the first of these folders that has one."""
    found = (packed_instead(folder / path) for folder in folders)
    return next(filter(None, found), None)


def _places(folders: Sequence[Path], file: Path | None) -> list[str]:
    """Where a file was looked for, in full and in short."""
    if len(folders) == 1 or file is None:
        return [""]
    beside = f"nor beside {file.name}"
    return [f", neither in {Path.cwd()} {beside} in {folders[1]}", f", neither here {beside}"]


def _has_folder(file: Path) -> bool:
    """Whether YAML is from a file in a folder, not from a pipe or /dev/stdin."""
    return file.is_file() and file.parent not in (Path("/dev"), Path("/dev/fd"))


def _hint(path: str, value: str, written: str, folders: Collection[Path]) -> str | None:
    """What is wrong with a path that is not found: a variable, or what YAML made of it."""
    if unknown := unknown_part(path):
        return f"{unknown}; write the path in full"
    if escapes := escapes_in(written):
        return escapes
    if "\n" in written and value not in written:
        return "YAML joins the lines of a value; write the path in one line"
    comment = re.search(re.escape(value) + r"\s+(#[^\n]*)", written)
    if comment and _belongs_to(value, comment, folders):
        shown = comment[1] if len(comment[1]) <= 40 else f"{comment[1][:39]}…"
        return f"YAML takes {shown!r} as a comment; put the whole path in quotes"
    return None


def _belongs_to(value: str, comment: "re.Match[str]", folders: Collection[Path]) -> bool:
    """Whether a comment after a path is likely to be a part of the path."""
    text = comment[0]
    ends = [match.start() for match in re.finditer(r"\s+#|$", text)][1:]
    if any(exists(folder / text[:end].rstrip()) for folder in folders for end in ends):
        return True
    if re.search(f"{_ENDING}$", value):
        return bool(re.search(rf"^#\S.*{_ENDING}$", comment[1].rstrip()))
    return True


def _similar(path: str, folders: Collection[Path], otherwise: str) -> str:
    """A hint with the most similar name in these folders, if there is one."""
    names: list[str] = []
    for folder in folders:
        try:
            names += [entry.name for entry in (folder / path).parent.iterdir()]
        except OSError:
            continue
    packed = [name for folder in folders for name in in_archives(folder / path)]
    if packed:
        return f"it is in {' and '.join(packed)}; name one of them"
    return did_you_mean(Path(path).name, names, otherwise)
