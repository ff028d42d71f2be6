"""Arguments and options that several commands share."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from nntrain.cli import completion
from nntrain.cli.terminal import echo
from nntrain.errors import ConfigError, NNTrainError
from nntrain.paths import exists, expand, unknown_part, url_problem


class ExpandedPath(click.Path):
    """A path in which ~ and $NAME are expanded; an empty path and a URL are refused.

    Args:
        new: Whether the command makes the file or folder, so that it need not exist.
        options: Options of `click.Path`.
    """

    def __init__(self, new: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._new = new

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> "str | bytes | os.PathLike[str]":
        """Expand the path, and convert it as `click.Path` does.

        Raises:
            ConfigError: If it is a URL, or has a variable that is not set.
        """
        written = os.fspath(value)
        if not written:
            self.fail("an empty path names no file", param, ctx)
        path = expand(written)
        if problem := url_problem(path):
            place = written if len(written) <= _MAX_URL else f"{written[:_MAX_URL]}…"
            problem = "a URL, but nntrain writes files; name one" if self._new else problem
            raise ConfigError(f"{place}: {problem}")
        # The name of a new file may contain a $; the folder that it is written into exists.
        needed = os.path.dirname(path) if self._new else path  # noqa: PTH120  keeps ~user/
        if needed and not exists(needed) and (unknown := unknown_part(path)):
            raise ConfigError(f"{written}: {unknown}; write the path in full")
        return super().convert(path, param, ctx)


class CompletedPath(ExpandedPath):
    """A path with a shell completion of its own.

    Args:
        complete: Returns the completions of an incomplete path.
        options: Options of `ExpandedPath`.
    """

    def __init__(
        self, complete: "Callable[[str], list[CompletionItem[str]]]", **options: Any
    ) -> None:
        super().__init__(**options)
        self._complete = complete

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem[str]]":
        """Return the completions of an incomplete path."""
        return self._complete(incomplete)


class CsvPath(CompletedPath):
    """The path of a CSV; in place of one that is not there, its packed form is taken.

    Args:
        name: The name of the file to take from an archive of several.
    """

    def __init__(self, name: str | None = None) -> None:
        # Not checked for being readable: read_csv reports that with a hint.
        super().__init__(completion.csvs, readable=False)
        self._name = name

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> "str | bytes | os.PathLike[str]":
        """Convert as `ExpandedPath` does, and say which other file is taken."""
        from nntrain.data.archives import is_there, one_of_several, packed_instead

        path = os.fsdecode(super().convert(value, param, ctx))
        if not is_there(path):
            taken, why = packed_instead(path), "was not found"
        else:
            taken, why = self._name and one_of_several(path, self._name), "holds several files"
        if taken is None or (ctx is not None and ctx.resilient_parsing):
            return path
        echo(f"{path} {why}; {taken} is taken", err=True)
        return taken


CSV_PATH = CsvPath()
RUN_PATH = CompletedPath(completion.runs, path_type=Path)
INIT_PATH = CompletedPath(completion.runs_and_weights, path_type=Path)
NEW_RUN_PATH = CompletedPath(completion.runs, path_type=Path, new=True)
SWEEP_PATH = CompletedPath(completion.folders_of_sweeps, path_type=Path)
NEW_SWEEP_PATH = CompletedPath(completion.folders_of_sweeps, path_type=Path, new=True)
OUT_PATH = ExpandedPath(path_type=Path, new=True)

_MAX_URL = 80  # characters; it is repeated in the command that fetches it


_LONGEST_NUMBER = 40  # characters; Python refuses to convert thousands of digits


class BoundedInt(click.IntRange):
    """An integer within bounds, which error messages call an integer, not an "integer range"."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Convert as `click.IntRange` does, but fail for very long numbers."""
        _check_length(self, value, param, ctx)
        number: int = super().convert(value, param, ctx)
        return number


class BoundedFloat(click.FloatRange):
    """A number within bounds, not NaN, which error messages call a number, not a "float range"."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Convert as `click.FloatRange` does, but fail for NaN and very long numbers."""
        _check_length(self, value, param, ctx)
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def _check_length(
    kind: click.IntRange | click.FloatRange,
    value: object,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> None:
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        start = value[:_LONGEST_NUMBER]
        kind.fail(f"'{start}…' has more than {_LONGEST_NUMBER} characters", param, ctx)


config_argument = click.argument("config", type=CompletedPath(completion.configs))

set_option = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=completion.overrides,
    help="Override a key of the configuration, such as training.epochs=3.",
)

run_argument = click.argument("folder", metavar="RUN", type=RUN_PATH)

runs_argument = click.argument("folders", metavar="[RUN]...", nargs=-1, type=RUN_PATH)

config_or_run_argument = click.argument(
    "source", metavar="CONFIG|RUN", type=CompletedPath(completion.configs_and_runs, path_type=Path)
)

data_option = click.option(
    "--data",
    "path",
    type=CSV_PATH,
    help="A labelled CSV.  [default: the validation rows of the run]",
)

label_column_option = click.option(
    "--label-column",
    metavar="NAME",
    help="Column of the labels in --data, if it has an unusual name.",
)

distortions_option = click.option(
    "--distortions",
    type=BoundedInt(0, 1_000),
    default=0,
    show_default=True,
    help="Average the probabilities over this many distorted copies of each image, too.",
)

threads_type = BoundedInt(1, 1024)  # starting more would take minutes

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Train on the workers of a Dask scheduler, such as tcp://host:8786.",
)

quiet_option = click.option(
    "--quiet", is_flag=True, help="Show no progress, only warnings, errors and the result."
)

force_option = click.option("--force", is_flag=True, help="Replace existing files.")


def check_label_column_is_used(path: str | None, label_column: str | None) -> None:
    """Check that --label-column is given only together with --data.

    Raises:
        ConfigError: If it is given alone.
    """
    if label_column is not None and path is None:
        raise ConfigError("--label-column names a column of --data; give --data CSV too")


def check_not_existing(file: Path, force: bool) -> None:
    """Check that a file may be written.

    Raises:
        NNTrainError: If the file exists and `force` is false.
    """
    if file.exists() and not force:
        raise NNTrainError(f"{file}: exists already; name another file, or replace it with --force")


def check_output_is_not_input(out: Path, *inputs: str | Path, option: str = "--out") -> None:
    """Check that an output file is none of the input files, also by another path.

    Args:
        out: The file to write.
        inputs: The files to read.
        option: The option that names the output file, for the error message.

    Raises:
        ConfigError: If `out` is one of the inputs.
    """
    from nntrain.data.archives import divide

    for path in (divide(path)[0] for path in inputs):
        if out.exists() and path.exists() and out.samefile(path):
            raise ConfigError(
                f"{out}: is the same file as {path}, which is read; name another file with {option}"
            )
