"""Look for bytes that a reader cannot bear, guided by what they reach in its code.

`python -m tests.fuzz.fuzz --minutes 30` shares the time out among the targets. What it finds is
kept in tests/fuzz/findings/TARGET, from where every run of the tests feeds it again.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris
import click

with atheris.instrument_imports(include=["nntrain"]):
    from tests.fuzz.targets import TARGETS, seeds

FINDINGS = Path(__file__).parent / "findings"
LONGEST = 4_096  # bytes of an input
PATIENCE = 10  # seconds for an input
MEMORY = 1_024  # MB


@click.command()
@click.argument("target", type=click.Choice(list(TARGETS)), required=False)
@click.option("--minutes", type=click.FloatRange(min=0.01), default=30, show_default=True)
def main(target: str | None, minutes: float) -> None:
    """Feed TARGET, or all one after the other, for so long or until something is found."""
    if target is None:
        share = minutes / len(TARGETS)
        command = [sys.executable, "-m", "tests.fuzz.fuzz", "--minutes", str(share)]
        statuses = [subprocess.run([*command, name], check=False).returncode for name in TARGETS]
        sys.exit(any(statuses))
    findings = FINDINGS / target
    findings.mkdir(parents=True, exist_ok=True)
    feed = TARGETS[target]
    with TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()[target]):
            (Path(corpus) / str(number)).write_bytes(seed)
            feed(seed)  # imports what is imported late, so that no input seems slow for it
        options = [
            f"-max_total_time={round(60 * minutes)}",
            f"-max_len={LONGEST}",
            f"-timeout={PATIENCE}",
            f"-rss_limit_mb={MEMORY}",
            f"-artifact_prefix={findings}/",
            "-print_final_stats=1",
            corpus,
        ]
        os.fsync = lambda fd: None  # nothing of this must outlast a power failure
        atheris.Setup([sys.argv[0], *options], feed)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
