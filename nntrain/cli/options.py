"""Arguments and options that several commands share."""

import os
from pathlib import Path

import click

from nntrain.errors import ConfigError

# The reader itself says in one line what may not be read, and how to mend it.
CSV_PATH = click.Path(readable=False)


class Count(click.IntRange):
    """A whole number between bounds; click's own is called "integer range" in complaints."""

    name = "integer"


config_argument = click.argument("config", type=click.Path())

set_option = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override a key of the configuration, such as training.epochs=3.",
)

runs_argument = click.argument(
    "folders", metavar="[RUN]...", nargs=-1, type=click.Path(path_type=Path)
)

distortions_option = click.option(
    "--distortions",
    type=Count(0),
    default=0,
    show_default=True,
    help="Also ask for so many distorted copies of each image, and average the answers.",
)

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Train on the workers of this Dask scheduler, such as tcp://host:8786.",
)

force_option = click.option("--force", is_flag=True, help="Replace files that exist.")


def refuse_input_as_output(out: Path, *inputs: str | Path) -> None:
    """What is read is not replaced, whatever its names are.

    Raises:
        ConfigError: `out` is one of the inputs.
    """
    for path in map(Path, inputs):
        if out.exists() and path.exists() and out.samefile(path):
            raise ConfigError(
                f"{out}: is the same file as {path}, which is read; name another file with --out"
            )


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
