"""What all reports share: the page frame, and the protection of other files."""

from datetime import datetime
from pathlib import Path

import matplotlib

from nntrain.errors import ConfigError, NNTrainError
from nntrain.files import check_writable
from nntrain.report.templates import template as _template
from nntrain.training import checkpoint

GENERATOR = "nntrain report"
_MARK = f'<meta name="generator" content="{GENERATOR}">'


def check_report_path(out: Path) -> None:
    """Check early that a report can be written to a path.

    Raises:
        ConfigError: If a file exists there that is not a report.
        NNTrainError: If the file cannot be written.
    """
    check_writable(out)
    if out.exists() and not _is_report(out):
        raise ConfigError(f"{out}: is no report; name another file with --out or remove it")


def render(template: str, **values: object) -> str:
    """Render a page.

    Args:
        template: The name of a template in assets/ that extends base.html.
        values: The template's variables.
    """
    return _template(template).render(
        generator=GENERATOR,
        made=datetime.now().astimezone(),
        machine=checkpoint.machine(),
        versions={**checkpoint.versions(), "matplotlib": matplotlib.__version__},
        **values,
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
