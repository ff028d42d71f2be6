"""What callers of the Python interface give: paths and configurations."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntrain.config import Config, FileFinder, load_config, make_config, parse_config
from nntrain.errors import ConfigError
from nntrain.paths import expand, url_problem
from nntrain.training.origin import RunName
from nntrain.training.run import name_for

NAME = RunName("notebook", None)  # of runs whose configuration is not a file


def complete_config(
    config: str | Path | Mapping[str, Any] | Config,
    overrides: Mapping[str, Any],
    finder: FileFinder,
) -> tuple[Config, RunName]:
    """The configuration with the overrides, and the name of its runs."""
    assignments = [f"{key}={_as_yaml(value)}" for key, value in overrides.items()]
    match config:
        case Config():
            return make_config(config.model_dump(), "config", assignments, finder), NAME
        case str() if "\n" in config:
            return parse_config(config, "config", assignments, finder), NAME
        case str() | os.PathLike():
            path = local(config)
            return load_config(path, assignments, finder), name_for(Path(path))
    return make_config(config, "config", assignments, finder), NAME


def local(path: str | os.PathLike[str]) -> str:
    """Expand ~ and $NAME in a path.

    Raises:
        ConfigError: If it is a URL.
    """
    expanded = expand(os.fspath(path))
    if problem := url_problem(expanded):
        raise ConfigError(f"{expanded}: {problem}")
    return expanded


def _as_yaml(value: object) -> str:
    """A value as JSON, which is also YAML."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
