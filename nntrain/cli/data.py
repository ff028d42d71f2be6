"""nntrain data: make, fetch and examine CSVs of digits, and preview distortions."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import (
    CSV_PATH,
    PositiveInt,
    check_output_is_not_input,
    config_argument,
    force_option,
    set_option,
)
from nntrain.cli.terminal import echo
from nntrain.errors import DataError

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

_BAR = 40  # columns of the longest bar

folder_option = click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    default="data",
    show_default=True,
    help="The folder to write into.",
)


@click.group(epilog="Example: nntrain data demo")
def data() -> None:
    """Make, fetch and examine CSVs of digits."""


@data.command(epilog="Example: nntrain data demo --train 12000 --test 2000")
@click.option(
    "--train",
    type=PositiveInt(1, 10_000_000),
    default=12_000,
    show_default=True,
    help="Number of training rows.",
)
@click.option(
    "--test",
    type=PositiveInt(1, 10_000_000),
    default=2_000,
    show_default=True,
    help="Number of test rows.",
)
@click.option(
    "--seed",
    type=PositiveInt(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="The same seed draws the same digits.",
)
@folder_option
@force_option
def demo(train: int, test: int, seed: int, folder: Path, force: bool) -> None:
    """Draw digits, for a machine that has no data.

    Writes train.csv, test.csv (without labels) and test_labelled.csv in Kaggle's form.
    """
    from nntrain.data.demo import demo_digits
    from nntrain.data.kaggle import write_files

    _refuse_existing(folder, force)
    pixels, labels = demo_digits(train + test, seed)
    write_files(folder, (pixels[:train], labels[:train]), (pixels[train:], labels[train:]))
    _report(folder, train, test)


@data.command(epilog="Example: nntrain data mnist")
@click.option("--mirror", "mirrors", metavar="URL", multiple=True, help="Where to fetch from.")
@folder_option
@force_option
def mnist(mirrors: tuple[str, ...], folder: Path, force: bool) -> None:
    """Fetch real MNIST from a public mirror and check its SHA-256 sums.

    Writes train.csv, test.csv (without labels) and test_labelled.csv in Kaggle's form.
    """
    from nntrain.data.kaggle import write_files
    from nntrain.data.mnist import MIRRORS, fetch_mnist

    _refuse_existing(folder, force)
    train_pixels, train_labels, test_pixels, test_labels = fetch_mnist(
        mirrors or MIRRORS, notice=lambda text: echo(text, err=True)
    )
    write_files(folder, (train_pixels, train_labels), (test_pixels, test_labels))
    _report(folder, len(train_pixels), len(test_pixels))


@data.command(epilog="Example: nntrain data check data/train.csv data/test.csv")
@click.argument("paths", metavar="CSV...", nargs=-1, required=True, type=CSV_PATH)
def check(paths: tuple[str, ...]) -> None:
    """Read each CSV, and say what is in it or what is wrong.

    A terminal is shown some digits, too: the first of each kind, or the first ten without labels.
    """
    from nntrain.data.kaggle import read_csv

    faults = 0
    for path in paths:
        try:
            digits = read_csv(path)
            echo(f"{digits.source}: {digits.describe()}")
            _show(digits)
            for doubt in digits.warnings():
                echo(f"warning: {doubt}", err=True)
        except DataError as error:
            echo(str(error), keep="\n", err=True)
            faults += 1
    if faults:
        raise click.exceptions.Exit(1)


@data.command(epilog="Example: nntrain data preview configs/best.yaml --out preview.png")
@config_argument
@set_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="preview.png",
    show_default=True,
    help="The picture to write.",
)
@force_option
def preview(config: str, overrides: tuple[str, ...], out: Path, force: bool) -> None:
    """Draw training digits beside what data.distortion makes of them."""
    from nntrain.config import load_config
    from nntrain.files import check_writable
    from nntrain.training.preview import draw_preview
    from nntrain.training.reporter import TerminalReporter

    if out.exists() and not force:
        raise DataError(f"{out}: exists already; name another with --out, or replace it by --force")
    loaded = load_config(config, overrides)
    csvs = [csv for csv in (loaded.data.train, loaded.data.validation) if isinstance(csv, str)]
    check_output_is_not_input(out, config, *csvs)
    check_writable(out)
    draw_preview(loaded, out, TerminalReporter())
    echo(f"{out}: a row for each digit, first as it is, then distorted nine times")


def _show(digits: "Dataset") -> None:
    """Print how many there are of each digit, and in a terminal some of them."""
    from rich.bar import Bar
    from rich.table import Table

    from nntrain.cli.ascii_art import show_pictures
    from nntrain.cli.terminal import console

    out = console()
    if digits.counts():
        counts = Table.grid(padding=(0, 2, 0, 0))
        most = max(count for _, count in digits.counts())
        for digit, count in digits.counts():
            bar = Bar(most, 0, count, width=_BAR, color="cyan") if out.is_terminal else ""
            counts.add_row(f"  {digit}", f"{count:>7,}", bar)
        out.print(counts)
    if out.is_terminal and digits.is_square():
        rows = digits.sample_rows()
        captions = (
            [f"row {row + 1}" for row in rows]
            if digits.labels is None
            else list(map(str, digits.labels[rows]))
        )
        out.print()
        show_pictures(digits.pixels[rows], captions, out)
        out.print()


def _report(folder: Path, train: int, test: int) -> None:
    from nntrain.data.kaggle import TEST, TEST_LABELLED, TRAIN

    echo(f"{folder / TRAIN}: {train:,} rows")
    echo(f"{folder / TEST}: {test:,} rows, no labels")
    echo(f"{folder / TEST_LABELLED}: the same rows, with their labels")


def _refuse_existing(folder: Path, force: bool) -> None:
    """Before any work: nobody's data are replaced unasked."""
    from nntrain.data.kaggle import NAMES

    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; name another with --out")
    existing = [str(folder / name) for name in NAMES if (folder / name).exists()]
    if existing and not force:
        raise DataError(
            f"{', '.join(existing)}: exists already; name another folder with --out, "
            "or replace it with --force"
        )
