"""The Jinja templates of the pages, with autoescaping."""

import math
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup


def template(name: str) -> jinja2.Template:
    """A template of assets/; undefined variables are errors."""
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("nntrain.report", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["verbatim"] = _verbatim
    environment.filters |= {"share": _share, "duration": _duration}
    return environment


def _verbatim(name: str) -> Markup:
    """A file of assets/ as it is: braces in a script are no template's."""
    text = resources.files(__package__).joinpath("assets", name).read_text("utf-8")
    return Markup(text)  # noqa: S704 (a file of the program)


def _share(share: float | None) -> str:
    return "–" if share is None or math.isnan(share) else f"{share:.2%}"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
