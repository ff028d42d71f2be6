"""What all reports share: the page frame, and the protection of other files."""

from datetime import datetime
from pathlib import Path

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


def render(template: str, *, has_charts: bool = True, **values: object) -> str:
    """Render a page.

    Args:
        template: The name of a template in assets/ that extends base.html.
        has_charts: Whether Matplotlib has drawn something in it.
        values: The template's variables.
    """
    versions = checkpoint.versions()
    if has_charts:
        import matplotlib  # slow

        versions = {**versions, "matplotlib": matplotlib.__version__}
    return _template(template).render(
        generator=GENERATOR,
        made=datetime.now().astimezone(),
        machine=checkpoint.machine(),
        versions=versions,
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
