"""nntrain data: generate, download and check CSVs of digits, and preview distortions."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import (
    CSV_PATH,
    OUT_PATH,
    BoundedInt,
    check_not_existing,
    check_output_is_not_input,
    config_argument,
    force_option,
    set_option,
)
from nntrain.cli.terminal import echo, echo_about
from nntrain.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nntrain.data.dataset import Dataset

    PixelsAndLabels = tuple[NDArray[np.uint8], NDArray[np.uint8]]

BAR_WIDTH = 40  # columns

folder_option = click.option(
    "--out",
    "folder",
    type=OUT_PATH,
    default="data",
    show_default=True,
    help="The output folder.",
)


@click.group(epilog="Example: nntrain data demo")
def data() -> None:
    """Generate, download and check CSVs of digits."""


@data.command(epilog="Example: nntrain data demo --train 12000 --test 2000")
@click.option(
    "--train",
    type=BoundedInt(1, 10_000_000),
    default=12_000,
    show_default=True,
    help="Number of training rows.",
)
@click.option(
    "--test",
    type=BoundedInt(1, 10_000_000),
    default=2_000,
    show_default=True,
    help="Number of test rows.",
)
@click.option(
    "--seed",
    type=BoundedInt(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Seed of the random numbers; the same seed generates the same digits.",
)
@folder_option
@force_option
def demo(train: int, test: int, seed: int, folder: Path, force: bool) -> None:
    """Generate synthetic digits, for use without MNIST.

    Writes train.csv, test.csv (without labels) and test_labelled.csv in Kaggle's format.
    """
    from nntrain.data.demo import demo_digits

    _check_folder(folder, force)
    pixels, labels = demo_digits(train + test, seed)
    _write(folder, (pixels[:train], labels[:train]), (pixels[train:], labels[train:]))


@data.command(epilog="Example: nntrain data mnist")
@click.option("--mirror", "mirrors", metavar="URL", multiple=True, help="URL to download from.")
@folder_option
@force_option
def mnist(mirrors: tuple[str, ...], folder: Path, force: bool) -> None:
    """Download MNIST from a public mirror and verify its checksums.

    Writes train.csv, test.csv (without labels) and test_labelled.csv in Kaggle's format.
    """
    from nntrain.data.mnist import MIRRORS, fetch_mnist

    _check_folder(folder, force)
    train_pixels, train_labels, test_pixels, test_labels = fetch_mnist(
        mirrors or MIRRORS, notice=lambda text: echo(text, err=True)
    )
    _write(folder, (train_pixels, train_labels), (test_pixels, test_labels))


@data.command(epilog="Example: nntrain data check data/train.csv data/test.csv")
@click.argument("paths", metavar="CSV...", nargs=-1, required=True, type=CSV_PATH)
def check(paths: tuple[str, ...]) -> None:
    """Check each CSV and summarize its contents.

    In a terminal, some digits are shown, too: the first of each class, or the first ten rows if
    there are no labels. Rows that two files share are counted.
    """
    from nntrain.data.checks import file_warnings, picture_warnings
    from nntrain.data.kaggle import read_csv
    from nntrain.data.labels import DIGITS, class_kind, numbered

    failed, readable = False, list["Dataset"]()
    for path in paths:
        try:
            digits = read_csv(path)
            if class_kind(digits.classes) == "digits":
                digits = digits.with_classes(numbered(DIGITS))
            echo_about(digits.source, digits.describe())
            _show(digits)
            for note in digits.annotations.notes:
                echo_about(digits.source, note, err=True)
            for warning in [*file_warnings(digits), *picture_warnings(digits)]:
                echo(f"warning: {warning}", err=True)
            for other in readable:
                _show_shared(other, digits)
            readable.append(digits)
        except DataError as error:
            echo(str(error), keep="\n", err=True)
            failed = True
    if failed:
        raise click.exceptions.Exit(1)


@data.command(epilog="Example: nntrain data preview configs/best.yaml --out preview.png")
@config_argument
@set_option
@click.option(
    "--out",
    type=OUT_PATH,
    default="preview.png",
    show_default=True,
    help="The output image.",
)
@force_option
def preview(config: str, overrides: tuple[str, ...], out: Path, force: bool) -> None:
    """Draw training digits and distorted copies of them."""
    from nntrain.config import FileFinder, load_config
    from nntrain.files import check_writable
    from nntrain.training.preview import draw_preview
    from nntrain.training.reporter import TerminalReporter

    check_not_existing(out, force)
    reporter = TerminalReporter()
    loaded = load_config(config, overrides, FileFinder(reporter.log, needed=["train"]))
    check_output_is_not_input(out, config, *loaded.data.files)
    check_writable(out)
    draw_preview(loaded, out, reporter)
    echo(f"{out}: a row for each digit: the original and nine distorted copies")


def _show_shared(first: "Dataset", second: "Dataset") -> None:
    """Print how many rows of the second file are also rows of the first one."""
    from nntrain.data.checks import count_shared

    if first.pixels.shape[1] != second.pixels.shape[1]:
        return
    both = count_shared(first.as_subset(), second.as_subset())
    if both:
        echo(
            f"warning: {second.source}: {both:,} of {len(second):,} rows are also rows of "
            f"{first.source}",
            err=True,
        )


def _show(digits: "Dataset") -> None:
    """Print the number of rows of each class, and in a terminal some digits."""
    from rich.bar import Bar
    from rich.table import Table

    from nntrain.cli.terminal import console
    from nntrain.text.ascii_art import side_by_side

    out = console()
    if digits.counts():
        counts = Table.grid(padding=(0, 2, 0, 0))
        most = max(count for _, count in digits.counts())
        for digit, count in digits.counts():
            bar = Bar(most, 0, count, width=BAR_WIDTH) if out.is_terminal else ""
            counts.add_row(f"  {digit}", f"{count:>7,}", bar)
        out.print(counts)
    if out.is_terminal and digits.is_square():
        rows = digits.sample_rows()
        captions = (
            [f"row {row + 1}" for row in rows]
            if digits.labels is None
            else [digits.classes[label] for label in digits.labels[rows]]
        )
        out.print()
        out.print(side_by_side(digits.pixels[rows], captions, out))
        out.print()


def _write(folder: Path, train: "PixelsAndLabels", test: "PixelsAndLabels") -> None:
    from nntrain.data.archives import TEST, TRAIN
    from nntrain.data.kaggle import TEST_LABELLED, write_files

    write_files(folder, train, test)
    echo(f"{folder / TRAIN}: {len(train[0]):,} rows")
    echo(f"{folder / TEST}: {len(test[0]):,} rows, no labels")
    echo(f"{folder / TEST_LABELLED}: the same rows with labels")


def _check_folder(folder: Path, force: bool) -> None:
    """Check the output folder before the work starts."""
    from nntrain.data.kaggle import NAMES

    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; name another with --out")
    existing = [str(folder / name) for name in NAMES if (folder / name).exists()]
    if existing and not force:
        raise DataError(
            f"{', '.join(existing)}: exists already; name another folder with --out, "
            "or replace it with --force"
        )
