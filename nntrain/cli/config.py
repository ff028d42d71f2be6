"""nntrain config: write, show and check configurations."""

import json
from pathlib import Path

import click

from nntrain.cli.options import config_argument, force_option, set_option
from nntrain.cli.terminal import echo
from nntrain.errors import NNTrainError


@click.group(epilog="Example: nntrain config init")
def config() -> None:
    """Write, show and check configurations."""


@config.command(epilog="Example: nntrain config init mine.yaml")
@click.argument("file", type=click.Path(path_type=Path), default="config.yaml")
@force_option
def init(file: Path, force: bool) -> None:
    """Write a commented configuration to start from, FILE (config.yaml)."""
    from nntrain.config import starter_text
    from nntrain.files import atomic_write

    if file.exists() and not force:
        raise NNTrainError(f"{file}: exists already; name another file, or replace it with --force")
    with atomic_write(file, "w") as output:
        output.write(starter_text())
    echo(f"{file}: written; train it with 'nntrain fit {file}'")


@config.command(epilog="Example: nntrain config show config.yaml")
@config_argument
@set_option
def show(config: str, overrides: tuple[str, ...]) -> None:
    """Print CONFIG with all defaults filled in."""
    from nntrain.config import dump_config, load_config

    echo(dump_config(load_config(config, overrides)), keep="\n", end="")


@config.command(epilog="Example: nntrain config check config.yaml")
@config_argument
@set_option
def check(config: str, overrides: tuple[str, ...]) -> None:
    """Read CONFIG and its CSVs and build the network, but train nothing."""
    from nntrain.config import load_config
    from nntrain.training.fit import dry_run
    from nntrain.training.reporter import TerminalReporter

    echo(f"{config}: {dry_run(load_config(config, overrides), TerminalReporter())}")


@config.command(epilog="Example: nntrain config schema > nntrain.schema.json")
def schema() -> None:
    """Print the JSON Schema of configurations, for editors."""
    from nntrain.config import Config

    echo(json.dumps(Config.model_json_schema(), indent=2), keep="\n")
