"""Hold nntrain against its competitors, and write what was measured into results.md.

`python benchmarks/run.py [SECTION ...]` measures all sections, or those that are named; each takes
its own part of results.md as soon as it is measured.
"""

import importlib.metadata
import platform
import re
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import click
import command_time
import convolution_time
import distortion_time
import epoch_time
import scale
import sweep_time
import time_to_accuracy
import whole_job
from alternating import HERE, PeerError
from competitors import THREADS
from datasets import BenchData, BenchSize, bench_data

from nntrain.explain.installation import processor

RESULTS = HERE / "results.md"
SECTIONS: dict[str, ModuleType] = {
    "epochs": epoch_time,
    "convolution": convolution_time,
    "job": whole_job,
    "accuracy": time_to_accuracy,
    "distortions": distortion_time,
    "scale": scale,
    "commands": command_time,
    "sweeps": sweep_time,
}
INTRODUCTION = (
    "# Benchmarks\n\n"
    "`make bench` runs all benchmarks, `python benchmarks/run.py SECTION ...` some of them: "
    f"{', '.join(SECTIONS)}.\n"
)
REHEARSAL = BenchSize(
    rounds=1,
    train=2_000,
    test=300,
    held_out=300,
    targets=(0.5, 0.6, 0.7, 0.8, 0.9),
    minutes=0.5,
    predicted=300,
    sizes=((2_000, 1), (5_000, 1)),
)


@click.command()
@click.argument("sections", metavar="[SECTION]...", nargs=-1, type=click.Choice(list(SECTIONS)))
@click.option("--rehearse", is_flag=True, help="Little data, one round, and nothing is written.")
@click.option("--rounds", type=click.IntRange(1), help="At most so many, except in scale.")
@click.option("--minutes", type=float, help="The greatest duration of a training in accuracy.")
@click.option(
    "--keep",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the trainings of accuracy in this file, and do not repeat those that it holds: "
    "to go on after an interruption, or after a change of some scripts or configurations.",
)
def main(
    sections: tuple[str, ...],
    rehearse: bool,
    rounds: int | None,
    minutes: float | None,
    keep: Path | None,
) -> None:
    """Measure the SECTIONs, by default all of them, and write results.md.

    The environment variable NNTRAIN_MNIST names a folder with MNIST's train.csv and test.csv (or
    .csv.gz); without it, demo digits are drawn.
    """
    failed = False
    size = REHEARSAL if rehearse else BenchSize()
    size = size._replace(
        rounds=min(rounds or size.rounds, size.rounds), minutes=minutes or size.minutes
    )
    with bench_data(size, keep) as given:
        for name in sections or SECTIONS:
            section = SECTIONS[name]
            print(f"## {section.HEADING}", flush=True)
            try:
                lines = [_circumstances(section, given), "", *section.measure(given)]
            except PeerError as error:  # the other sections can still be measured
                click.echo(f"{name}: {error}", err=True)
                failed = True
                continue
            print("\n".join(lines), flush=True)
            if not rehearse:
                _replace(section.HEADING, lines)
    sys.exit(failed)


def _circumstances(section: ModuleType, given: BenchData) -> str:
    """When, where and with what this was measured."""
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("numpy", "pandas", "torch", "jax", "keras", "scikit-learn")
    )
    origin = "demo digits" if section in (epoch_time, convolution_time) else given.origin
    return (
        f"{date.today()}: {processor()}, {THREADS} cores and threads, Python "
        f"{platform.python_version()}, {versions}; {origin}."
    )


def _replace(heading: str, lines: list[str]) -> None:
    """Replace one section of results.md; the others, also those written by hand, are kept."""
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    parts = dict(part.split("\n", 1) for part in re.split(r"^## ", before, flags=re.MULTILINE)[1:])
    parts[heading] = "\n" + "\n".join(lines)
    order = dict.fromkeys([*(section.HEADING for section in SECTIONS.values()), *parts])
    text = INTRODUCTION
    for title in order:
        if title in parts:
            text += f"\n## {title}\n\n{parts[title].strip()}\n"
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
