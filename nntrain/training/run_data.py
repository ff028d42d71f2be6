"""The rows of a run, also when it is used from another folder, or was moved or copied."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from nntrain.config import Config
from nntrain.data.archives import is_there
from nntrain.errors import ConfigError, DataError, NNTrainError
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split, digest, read_data
from nntrain.training.run import RunFolder

NAME_THE_DATA = "name the CSV with --set data.train=FILE"  # hint of commands that train


def read_run_data(
    run: RunFolder, config: Config, reporter: Reporter, data_digest: str | None, hint: str
) -> Split:
    """The training and validation rows of a run.

    Their paths start from the current folder; if a CSV is not there or has other rows, from the
    folder that the run was begun in; then from the folder that is there relative to the run now.

    Args:
        run: The run or committee.
        config: Its configuration.
        reporter: Logs what is read, and from where if it is not the current folder.
        data_digest: That of the rows; None takes the first rows that can be read.
        hint: What to do if the CSVs are not found.

    Returns:
        The rows of this digest; if there are none, the first that can be read.

    Raises:
        DataError: If a CSV is not found or invalid.
        ConfigError: If data.distortion is set, but the images are not square.
    """
    candidates = list(_candidates(run, config))
    others: Split | None = None
    error: NNTrainError | None = None
    for candidate in candidates:
        if not all(is_there(file) for file in candidate.data.files):
            continue
        if candidate is not config:
            files = " and ".join(candidate.data.files)
            reporter.log(f"{run}: its data are not in this folder; reading {files}")
        try:
            data = read_data(candidate, reporter)
        except (DataError, ConfigError) as invalid:
            error = error or invalid
            continue
        if data_digest in (None, digest(*data)):
            return data
        others = others or data
    if others is None:
        raise error or _not_found(candidates, hint)
    return others


def _candidates(run: RunFolder, config: Config) -> Iterator[Config]:
    """The configuration with each of the places where its CSVs may be, the current folder first."""
    origin = run.origin()
    places: list[Callable[[str], str | Path]] = [str]
    if origin is None:  # it was begun in the folder of runs/, or is a member or a trial
        places += [folder.joinpath for folder in run.folder.resolve().parents[1:3]]
    else:
        places += [
            origin.folder.joinpath,
            lambda path: origin.now(origin.folder / path, run.folder),
        ]
    seen: list[list[str]] = []
    for place in places:
        candidate = _moved(config, place)
        paths = list(map(os.path.realpath, candidate.data.files))
        if paths not in seen:
            seen.append(paths)
            yield config if candidate == config else candidate


def _moved(config: Config, place: Callable[[str], str | Path]) -> Config:
    """The configuration with other paths of its CSVs."""
    data = config.data
    files = tuple(str(place(file)) for file in data.training_files)
    paths: dict[str, object] = {"train": files if len(files) > 1 else files[0]}
    if isinstance(data.validation, str):
        paths["validation"] = str(place(data.validation))
    return config.model_copy(update={"data": data.model_copy(update=paths)})


def _not_found(candidates: list[Config], hint: str) -> DataError:
    first, *others = (
        next(file for file in candidate.data.files if not is_there(file))
        for candidate in candidates
    )
    elsewhere = "".join(f", nor {file}" for file in others)
    return DataError(f"{first}: no such file{elsewhere}; {hint}")
