"""nntrain info: describe the installation, for a report of a fault."""

import json
from typing import TYPE_CHECKING

import click

from nntrain.cli.terminal import echo

if TYPE_CHECKING:
    from nntrain.explain.installation import Installation


@click.command(epilog="Example: nntrain info")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """Show versions, machine and cache, for a bug report.

    It reads nothing of your data and sends nothing. Paths contain your user name.
    """
    from nntrain.explain.installation import installation

    facts = installation()
    if as_json:
        echo(json.dumps(facts._asdict(), indent=2), keep="\n")
        return
    rows = _rows(facts)
    width = max(map(len, rows))
    for name, text in rows.items():
        echo(f"{name:<{width}}  {text}")


def _rows(facts: "Installation") -> dict[str, str]:
    missing = [name for name, version in facts.packages.items() if version is None]
    memory = "" if facts.memory is None else f", {facts.memory / 1e9:.1f} GB of memory"
    sizes = facts.cache_bytes
    held = "unreadable" if sizes is None else f"{sum(sizes) / 1e6:,.1f} MB of {len(sizes)} CSV(s)"
    return {
        "nntrain": f"{facts.nntrain} in {facts.folder}",
        "Python": f"{facts.python} at {facts.executable}",
        "system": facts.system,
        "machine": f"{facts.processor or 'unknown processor'}, {facts.cores or '?'} cores{memory}",
        "threads": str(facts.threads),
        "BLAS": "; ".join(facts.blas) or "unknown",
        "cache": f"{facts.cache}: {held}",
        **{name: version for name, version in facts.packages.items() if version},
        "not installed": ", ".join(missing) or "nothing",
    }
