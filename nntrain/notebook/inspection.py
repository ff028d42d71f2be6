"""The summary of a network before or after its training: `nntrain.inspect`."""

from __future__ import annotations  # so that help() shows the types as they are written here

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntrain.config import Config, FileFinder
from nntrain.errors import ConfigError
from nntrain.explain import model_summary
from nntrain.explain.model_summary import ModelSummary
from nntrain.notebook.arguments import complete_config, local
from nntrain.notebook.reporter import suitable_reporter
from nntrain.notebook.run import Run
from nntrain.notebook.session import load
from nntrain.training.run import RUNS, RunFolder


def inspect(
    source: str | Path | Mapping[str, Any] | Config | Run,
    *,
    overrides: Mapping[str, Any] | None = None,
) -> ModelSummary:
    """Summarise a network, as `nntrain inspect` does: its layers, parameters and memory.

    Args:
        source: A configuration, as for `fit`; or a run, its folder or its name, as for `load`.
        overrides: Values that override the configuration, as for `fit`.

    Raises:
        ConfigError: If the configuration is invalid, or there are overrides for a run.
        RunError: If there is no such run.
        CheckpointError: If the run's checkpoint is damaged or invalid.
        DataError: If the first line of data.train is invalid.
    """
    reporter = suitable_reporter()
    if isinstance(source, str | os.PathLike) and _is_run(os.fspath(source)):
        source = load(source)
    if isinstance(source, Run):
        if overrides:
            raise ConfigError(
                f"{source.folder}: a run stays as it was trained; leave out overrides, which are "
                "for a configuration"
            )
        return model_summary.inspect(RunFolder(source.folder), reporter)
    finder = FileFinder(reporter.log, needed=())
    config, _ = complete_config(source, overrides or {}, finder)
    return model_summary.inspect(config, reporter)


def _is_run(source: str) -> bool:
    """Whether a text names a run, not a configuration's file or its keys."""
    if "\n" in source:
        return False
    folder = Path(local(source))
    return folder.is_dir() or (not folder.exists() and (RUNS / folder).is_dir())
