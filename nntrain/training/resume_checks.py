"""What a run that was stopped must have in common with what is to go on with it."""

from collections.abc import Collection
from pathlib import Path

from nntrain.config import Config, parse_config
from nntrain.config.diff import differences, short
from nntrain.errors import CheckpointError, ConfigError, DataError
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.format_2 import has_dropout
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder


def newest_checkpoint(run: RunFolder, reporter: Reporter) -> tuple[Path, Checkpoint | None]:
    """Where a run is to be taken up: at its last checkpoint, or else at its best one.

    From either the training comes to the same end.

    Returns:
        The file, and what it holds; None if there is neither.

    Raises:
        CheckpointError: There are some, but none that can be trusted; or the best epoch, which
            would not be trained again, is lost.
    """
    if not run.best_file.exists() and not run.last_file.exists():
        return run.last_file, None
    try:
        last = checkpoint.load(run.last_file)
    except CheckpointError as fault:
        try:
            found = checkpoint.load(run.best_file)
        except CheckpointError:
            raise fault from None
        if run.last_file.exists():  # else a kill came between the two
            reporter.log(f"warning: {run.last_file}: damaged; going on from {run.best_file}")
        return run.best_file, found
    if last.progress.history:
        checkpoint.load(run.best_file)
    return run.last_file, last


def check_same_config(
    run: RunFolder, config: Config, before: Config, may_grow: Collection[str] = ("training.epochs",)
) -> None:
    """All but the numbers that may grow and the CSVs' places must be as before.

    Raises:
        ConfigError: Something is not.
    """
    allowed = {"data.train"}  # the rows themselves are held to their digest
    if isinstance(config.data.validation, str) and isinstance(before.data.validation, str):
        allowed.add("data.validation")
    refused = [
        f"{key} is {short(asked)} but was {short(begun)}"
        for key, (asked, begun) in differences([config, before]).items()
        if key not in allowed and not (key in may_grow and asked >= begun)
    ]
    if refused:
        raise ConfigError(
            f"{run}: cannot be resumed with another configuration: {'; '.join(refused)} "
            f"(only {' and '.join(may_grow)} may grow); its own is resumed by: "
            f"{run.resume_command}"
        )


def check_same_rows(run: RunFolder, config: Config, saved: Checkpoint, data_digest: str) -> None:
    """The rows must be those that the checkpoint was made with.

    Raises:
        DataError: They are not.
    """
    if saved.meta.data_digest != data_digest:
        raise DataError(
            f"{config.data.train}: not the rows that {run} was trained and validated on; "
            "name those with --set data.train=…, or begin a new run"
        )


def warn_if_rounding_differs(saved: Checkpoint, threads: int, reporter: Reporter) -> None:
    """Sums of other parts, or by another NumPy, differ in the last bits.

    Args:
        saved: Made by so many threads, and with some NumPy.
        threads: How many go on.
        reporter: Is told if either is another.
    """
    numpy = checkpoint.versions()["numpy"]
    meta = saved.meta
    as_good = "the result will be as good, but not the same to the last bit"
    if meta.format != checkpoint.FORMAT:
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
