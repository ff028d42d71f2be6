"""nntrain config: write, show and check configurations."""

import json
from pathlib import Path

import click

from nntrain.cli.options import (
    OUT_PATH,
    check_not_existing,
    config_argument,
    force_option,
    set_option,
)
from nntrain.cli.terminal import echo
from nntrain.shell import command_line


@click.group(epilog="Example: nntrain config init")
def config() -> None:
    """Write, show and check configurations."""


@config.command(epilog="Example: nntrain config init mine.yaml")
@click.argument("file", type=OUT_PATH, default="config.yaml")
@force_option
def init(file: Path, force: bool) -> None:
    """Write a commented starter configuration to FILE.

    FILE is config.yaml by default.
    """
    from nntrain.config import starter_text
    from nntrain.files import atomic_write

    check_not_existing(file, force)
    with atomic_write(file, "w") as output:
        output.write(starter_text())
    echo(f"{file}: written; train it with: {command_line('nntrain', 'fit', file)}")


@config.command(epilog="Example: nntrain config show config.yaml")
@config_argument
@set_option
def show(config: str, overrides: tuple[str, ...]) -> None:
    """Print CONFIG with all defaults."""
    from nntrain.config import dump_config, load_config

    echo(dump_config(load_config(config, overrides)), keep="\n", end="")


@config.command(epilog="Example: nntrain config check config.yaml")
@config_argument
@set_option
def check(config: str, overrides: tuple[str, ...]) -> None:
    """Read CONFIG and its CSVs and build the network, but do not train."""
    from nntrain.config import FileFinder, load_config
    from nntrain.training.fit import dry_run
    from nntrain.training.reporter import TerminalReporter

    reporter = TerminalReporter()
    loaded = load_config(config, overrides, FileFinder(reporter.log))
    echo(f"{config}: {dry_run(loaded, reporter)}")


@config.command(epilog="Example: nntrain config schema > nntrain.schema.json")
def schema() -> None:
    """Print the JSON Schema of configurations, for use in editors."""
    from nntrain.config import Config

    echo(json.dumps(Config.model_json_schema(), indent=2), keep="\n")
