"""Downloads MNIST from a public mirror and checks its SHA-256 sums."""

import gzip
import hashlib
import math
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPException
from typing import IO, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nntrain.columns import can_redraw
from nntrain.errors import ConfigError, DataError
from nntrain.version import __version__

Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint8]

MIRRORS: tuple[str, ...] = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class IdxFile:
    """Uncompressed file in the IDX format: a header of big-endian int32, then an array of uint8.

    The header holds a magic number, 0x0800 plus the number of dimensions, then each dimension.
    """

    name: str
    sha256: str
    shape: tuple[int, ...]

    @property
    def header(self) -> bytes:
        """Expected header."""
        return np.array([0x0800 + len(self.shape), *self.shape], dtype=">i4").tobytes()

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return len(self.header) + math.prod(self.shape)

    def parse(self, content: bytes) -> NDArray[np.uint8]:
        """Check size, SHA-256 and header, and return the array, read-only.

        Raises:
            ValueError: If one of them is wrong.
        """
        if len(content) > self.size:
            raise ValueError(f"unpacks to more than {self.size} bytes")
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ValueError("wrong SHA-256")
        if not content.startswith(self.header):
            raise ValueError(f"wrong IDX header for shape {self.shape}")
        return np.frombuffer(content, np.uint8, offset=len(self.header)).reshape(self.shape)


FILES: tuple[IdxFile, ...] = (
    IdxFile(
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        (60_000, 28, 28),
    ),
    IdxFile(
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        (60_000,),
    ),
    IdxFile(
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        (10_000, 28, 28),
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        (10_000,),
    ),
)


def fetch_mnist(
    mirrors: Sequence[str] = MIRRORS,
    progress: bool = True,
    notice: Callable[[str], None] = lambda _: None,
    files: Sequence[IdxFile] = FILES,
) -> tuple[Pixels, Labels, Pixels, Labels]:
    """Download MNIST into memory, without touching the disk.

    Args:
        mirrors: URLs of folders with the gzipped files, tried in order for each file.
        progress: Show a bar per file on stderr, if that can be drawn on again.
        notice: Called with a line of text when a mirror fails and the next is tried.
        files: Training images and labels, then test images and labels.

    Returns:
        Training pixels (60000, 784) and labels (60000,), then test pixels (10000, 784) and labels
        (10000,), all uint8 and read-only.

    Raises:
        ConfigError: If a mirror is not an http:// or https:// address.
        DataError: If no mirror has a valid copy of a file.
    """
    for mirror in mirrors:
        if not mirror.lower().startswith(("http://", "https://")):
            raise ConfigError(f"mirror {mirror!r}: must begin with https:// or http://")
    train_images, train_labels, test_images, test_labels = (
        _fetch(file, mirrors, progress, notice) for file in files
    )
    train, test = (images.reshape(len(images), -1) for images in (train_images, test_images))
    return train, train_labels, test, test_labels


def _fetch(
    file: IdxFile, mirrors: Sequence[str], progress: bool, notice: Callable[[str], None]
) -> NDArray[np.uint8]:
    errors: list[str] = []
    for mirror in mirrors:
        if errors:
            notice(f"{file.name}: {errors[-1]}; trying {mirror}")
        try:
            return file.parse(_download(file, mirror, progress))
        # urllib raises ValueError for an invalid URL.
        except (OSError, HTTPException, EOFError, zlib.error, ValueError) as error:
            errors.append(f"{mirror}: {_reason(error)}")
    raise DataError(
        f"{file.name}: {'; '.join(errors)}. "
        "Name another with --mirror URL, or put Kaggle's train.csv into data/"
    )


def _download(file: IdxFile, mirror: str, progress: bool) -> bytes:
    """Uncompressed file, or its first `file.size + 1` bytes if it is longer."""
    request = Request(  # noqa: S310  fetch_mnist has checked the scheme
        f"{mirror.rstrip('/')}/{file.name}.gz", headers={"User-Agent": f"nntrain/{__version__}"}
    )
    with (
        urlopen(request, timeout=TIMEOUT_SECONDS) as response,  # noqa: S310
        tqdm.wrapattr(
            response,
            "read",
            total=response.length,
            desc=file.name,
            disable=not (progress and can_redraw(sys.stderr)),
        ) as body,
        gzip.GzipFile(fileobj=cast(IO[bytes], body)) as unpacked,
    ):
        return unpacked.read(file.size + 1)


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, BadStatusLine):  # its text is whatever the server sent
        return "sent no HTTP response"
    if isinstance(error, EOFError):
        return "ended early"
    reason = error.reason if isinstance(error, URLError) else error
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
