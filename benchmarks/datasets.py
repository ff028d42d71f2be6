"""The CSVs that are measured with: real MNIST where NNTRAIN_MNIST names its folder, or demo digits.

Either way they are written plain into a temporary folder, as Kaggle's are once unpacked.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntrain.data.demo import demo_digits

Bytes = NDArray[np.uint8]
BLOCK = 10_000  # rows that are turned into text at a time, in some 60 MB
NAMES = ("train.csv", "test.csv")


class BenchSize(NamedTuple):
    """How much is measured.

    Attributes:
        rounds: How often everything is measured, except by `scale`.
        train: Rows of the training CSV.
        test: Rows of the test CSV.
        held_out: Rows that `accuracy` judges by.
        targets: The accuracies to be reached, in ascending order.
        minutes: The greatest duration of a training that is to reach them.
        predicted: Rows that `commands` predicts; Kaggle's test.csv has as many.
        sizes: Rows that `scale` trains on, and how many rounds.
    """

    rounds: int = 5
    train: int = 60_000
    test: int = 10_000
    held_out: int = 10_000
    targets: tuple[float, ...] = (0.97, 0.98, 0.99, 0.993, 0.995)
    minutes: float = 15
    predicted: int = 28_000
    sizes: tuple[tuple[int, int], ...] = ((60_000, 5), (600_000, 3), (3_000_000, 1))


class BenchData(NamedTuple):
    """What every section is given.

    Attributes:
        origin: Which digits, in a few words.
        folder: Temporary; sections may write into it.
        size: How much is to be measured.
        pixels: Of the training rows.
        labels: Likewise.
        kept: Where `accuracy` keeps its trainings, so as not to repeat them; None: nowhere.
    """

    origin: str
    folder: Path
    size: BenchSize
    pixels: Bytes
    labels: Bytes
    kept: Path | None = None

    @property
    def train(self) -> Path:
        """The training CSV."""
        return self.folder / NAMES[0]

    @property
    def test(self) -> Path:
        """The test CSV, without labels."""
        return self.folder / NAMES[1]


@contextmanager
def bench_data(size: BenchSize, kept: Path | None = None) -> Iterator[BenchData]:
    """Both CSVs, for as long as the context lasts."""
    mnist = os.environ.get("NNTRAIN_MNIST")
    if mnist:
        origin = "real MNIST"
        train, test = (
            pd.read_csv(next(Path(mnist).glob(f"{name}*"))).to_numpy(np.uint8) for name in NAMES
        )
        pixels, labels = train[: size.train, 1:], train[: size.train, 0]
        test_pixels = test[: size.test]
    else:
        origin = "demo digits"
        drawn, digits = demo_digits(size.train + size.test)
        pixels, labels = drawn[: size.train], digits[: size.train]
        test_pixels = drawn[size.train :]
    with TemporaryDirectory() as folder:
        made = BenchData(origin, Path(folder), size, pixels, labels, kept)
        write_csv(made.train, [(pixels, labels)])
        write_csv(made.test, [(test_pixels, None)])
        yield made


def write_csv(path: Path, chunks: Iterable[tuple[Bytes, Bytes | None]]) -> None:
    """Write pixels and labels as Kaggle has them, some ten times as fast as nntrain does."""
    cells = np.zeros((256, 4), np.uint8)  # a comma, up to three digits, zeros behind them
    for value, cell in enumerate(cells):
        text = f",{value}".encode()
        cell[: len(text)] = list(text)
    with path.open("wb") as file:
        for number, (pixels, labels) in enumerate(chunks):
            table = pixels if labels is None else np.column_stack([labels, pixels])
            if number == 0:
                names = [f"pixel{column}" for column in range(pixels.shape[1])]
                file.write(",".join(names if labels is None else ["label", *names]).encode())
            for start in range(0, len(table), BLOCK):
                block = cells[table[start : start + BLOCK]]
                block[:, 0, 0] = ord("\n")  # instead of the first cell's comma
                file.write(block[block != 0].tobytes())
        file.write(b"\n")


def distorted(pixels: Bytes, labels: Bytes, rows: int) -> Iterator[tuple[Bytes, Bytes]]:
    """As many rows as wanted, in chunks: the digits as they are, then moved and with noisy ink."""
    yield pixels[:rows], labels[:rows]
    for done in range(len(pixels), rows, len(pixels)):
        count = min(len(pixels), rows - done)
        rng = np.random.default_rng(done)
        yield _distort(pixels[:count], rng), labels[:count]


def _distort(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """Move each picture by up to two pixels either way, and each inked pixel by up to 8 of 255."""
    side = int(pixels.shape[1] ** 0.5)
    pictures = pixels.reshape(-1, side, side)
    moved = np.empty_like(pictures)
    down, right = rng.integers(-2, 3, (2, len(pixels)))
    for shift in np.ndindex(5, 5):
        chosen = (down == shift[0] - 2) & (right == shift[1] - 2)
        moved[chosen] = np.roll(pictures[chosen], (shift[0] - 2, shift[1] - 2), axis=(1, 2))
    noisy = moved + rng.integers(-8, 9, moved.shape, np.int16)
    return np.where(moved > 0, noisy.clip(1, 255), 0).astype(np.uint8).reshape(pixels.shape)
