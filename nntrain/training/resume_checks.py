"""Checks before a run is resumed: checkpoint, configuration, rows and versions."""

import math
from collections.abc import Sequence
from pathlib import Path

from nntrain.config import Config, parse_config
from nntrain.config.diff import diff_configs, format_short
from nntrain.errors import ChangedConfigError, ChangedRowsError, CheckpointError
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.format_2 import has_dropout
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder


def newest_checkpoint(run: RunFolder, reporter: Reporter) -> tuple[Path, Checkpoint | None]:
    """The checkpoint to resume from: last.npz, or best.npz if that is missing or damaged.

    Training ends with the same result from either.

    Returns:
        The file and the checkpoint; None if the run has no checkpoint.

    Raises:
        CheckpointError: If there is a file, but none is valid; or if best.npz is lost or damaged,
            since the best epoch is not trained again.
    """
    if not run.best_file.exists() and not run.last_file.exists():
        return run.last_file, None
    try:
        last = checkpoint.load(run.last_file)
    except CheckpointError as error:
        try:
            saved = checkpoint.load(run.best_file)
        except CheckpointError:
            raise error from None
        if run.last_file.exists():  # else a kill came between the two
            reporter.log(f"warning: {run.last_file}: damaged; going on from {run.best_file}")
        return run.best_file, saved
    if last.progress.history:
        checkpoint.load(run.best_file)
    return run.last_file, last


MAY_GROW = ("training.epochs", "training.patience")  # of a run


def may_grow(config: Config) -> tuple[str, ...]:
    """The keys that may be larger when a run, a committee or a cross-validation is resumed."""
    return (*MAY_GROW, "members") if config.members > 1 else MAY_GROW


def check_same_config(
    run: RunFolder, config: Config, before: Config, may_grow: Sequence[str] = MAY_GROW
) -> None:
    """Check that only the keys of `may_grow` (to larger values) and paths of CSVs have changed.

    null is the largest value: a patience without limit.

    Raises:
        ChangedConfigError: If another key has changed, or one of `may_grow` is smaller.
    """
    allowed = {"data.train"}  # the rows are compared by their digest
    if isinstance(config.data.validation, str) and isinstance(before.data.validation, str):
        allowed.add("data.validation")
    refused = [
        f"{key} is {format_short(new)} but was {format_short(old)}"
        for key, (new, old) in diff_configs([config, before]).items()
        if key not in allowed
        and not (key in may_grow and patience_limit(new) >= patience_limit(old))
    ]
    if refused:
        *others, last = may_grow
        raise ChangedConfigError(
            f"{run}: cannot be resumed with another configuration: {'; '.join(refused)} "
            f"(only {', '.join(others)} and {last} may grow)"
        )


def patience_limit(value: int | None) -> float:
    """The value of a key that may grow; infinite for a patience of null."""
    return math.inf if value is None else value


def check_same_rows(run: RunFolder, config: Config, saved: Checkpoint, data_digest: str) -> None:
    """Check that the rows are those of the checkpoint.

    Raises:
        ChangedRowsError: If they are not.
    """
    if saved.meta.data_digest != data_digest:
        raise ChangedRowsError(
            f"{config.data.training_source}: not the rows that {run} was trained and validated on; "
            "name those with --set data.train=…"
        )


def warn_if_rounding_differs(saved: Checkpoint, threads: int, reporter: Reporter) -> None:
    """Warn if results will differ in the last bits: other number of threads, NumPy or nntrain.

    Args:
        saved: The checkpoint, with the number of threads and the versions it was written with.
        threads: The number of threads now.
        reporter: Logs the warning.
    """
    numpy = checkpoint.versions()["numpy"]
    meta = saved.meta
    as_good = "the result will be as good, but not the same to the last bit"
    if meta.format == 2:
        nntrain = meta.versions.get("nntrain", "of an unknown version")
        reporter.log(f"warning: saved by nntrain {nntrain}, which rounded otherwise: {as_good}")
        if has_dropout(parse_config(meta.config, "config")):
            reporter.log(
                "warning: dropout now divides what it keeps by the kept share, so that the "
                "learning rate acts more strongly than before on the layers behind it"
            )
    elif (meta.threads, meta.versions.get("numpy")) != (threads, numpy):
        reporter.log(
            f"warning: trained by {meta.threads} thread{'s' * (meta.threads > 1)} and NumPy "
            f"{meta.versions.get('numpy', 'of an unknown version')} so far, now by {threads} and "
            f"NumPy {numpy}: {as_good}"
        )
