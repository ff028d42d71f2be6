"""What all reports share: one HTML file, its frame, and which files it may take the place of."""

import math
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
import matplotlib

from nntrain.errors import ConfigError, NNTrainError
from nntrain.files import refuse_unwritable
from nntrain.training import checkpoint

GENERATOR = "nntrain report"
_MARK = f'<meta name="generator" content="{GENERATOR}">'


def refuse_place(out: Path) -> None:
    """Find out before the work whether a report may and can be written there.

    Raises:
        ConfigError: Something else than a report is there.
        NNTrainError: It cannot be written.
    """
    refuse_unwritable(out)
    if out.exists() and not _is_report(out):
        raise ConfigError(f"{out}: is no report; name another file with --out or remove it")


def render(template: str, **values: object) -> str:
    """A page.

    Args:
        template: The name of one in assets/ that extends base.html.
        values: What stands in it.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            generator=GENERATOR,
            made=datetime.now().astimezone(),
            machine=checkpoint.machine(),
            versions={**checkpoint.versions(), "matplotlib": matplotlib.__version__},
            **values,
        )
    )


def _is_report(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            beginning = file.read(1000)
    except OSError as error:
        raise NNTrainError(
            f"{path}: cannot be read: {error.strerror}; name another file with --out"
        ) from error
    return not beginning or _MARK.encode() in beginning


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("nntrain.report", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": _share, "duration": _duration}
    return environment


def _share(share: float | None) -> str:
    return "–" if share is None or math.isnan(share) else f"{share:.2%}"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
