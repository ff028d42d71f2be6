"""Arguments and options that several commands share."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from nntrain.cli import completion
from nntrain.errors import ConfigError


class CompletedPath(click.Path):
    """A path that the shell completes in a way of its own.

    Args:
        complete: From what has been typed to what it may become.
        options: Those of `click.Path`.
    """

    def __init__(
        self, complete: "Callable[[str], list[CompletionItem[str]]]", **options: Any
    ) -> None:
        super().__init__(**options)
        self._complete = complete

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> "str | bytes | os.PathLike[str]":
        """The path, unless it is none."""
        if not os.fspath(value):
            self.fail("an empty path names no file", param, ctx)
        return super().convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem[str]]":
        """What the word may become."""
        return self._complete(incomplete)


# The reader itself says in one line what may not be read, and how to mend it.
CSV_PATH = CompletedPath(completion.csvs, readable=False)
RUN_PATH = CompletedPath(completion.runs, path_type=Path)
SWEEP_PATH = CompletedPath(completion.folders_of_sweeps, path_type=Path)


class PositiveInt(click.IntRange):
    """A whole number between bounds; click's own is called "integer range" in complaints."""

    name = "integer"


class NonNegativeFloat(click.FloatRange):
    """A number between bounds; click's own is "float range" in complaints, and has nan in it."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


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
    help="A labelled CSV.  [default: the rows that the run held out]",
)

label_column_option = click.option(
    "--label-column",
    metavar="NAME",
    help="The labels' column of --data, if its name does not tell.",
)

distortions_option = click.option(
    "--distortions",
    type=PositiveInt(0, 1_000),
    default=0,
    show_default=True,
    help="Also ask for so many distorted copies of each image, and average the answers.",
)

threads_type = PositiveInt(1, 1024)  # more would take minutes only to be started

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Train on the workers of this Dask scheduler, such as tcp://host:8786.",
)

force_option = click.option("--force", is_flag=True, help="Replace files that exist.")


def check_label_column_is_used(path: str | None, label_column: str | None) -> None:
    """A column is named of a file that is not.

    Raises:
        ConfigError: It is so.
    """
    if label_column is not None and path is None:
        raise ConfigError("--label-column names a column of --data; give --data CSV too")


def check_output_is_not_input(out: Path, *inputs: str | Path, option: str = "--out") -> None:
    """What is read is not replaced, whatever its names are.

    Args:
        out: The file to be written.
        inputs: Those that are read.
        option: What names another file to write.

    Raises:
        ConfigError: `out` is one of the inputs.
    """
    for path in map(Path, inputs):
        if out.exists() and path.exists() and out.samefile(path):
            raise ConfigError(
                f"{out}: is the same file as {path}, which is read; name another file with {option}"
            )
