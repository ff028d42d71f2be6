"""Grid of original and augmented images."""

from math import isqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntrain.data.dataset import Array
from nntrain.errors import MissingLibraryError
from nntrain.files import atomic_write

_ENLARGEMENT = 3
_LINE = 1  # width of a separator, before enlargement
_LINE_GREY = 90


def save_image_grid(pixels: NDArray[np.uint8], augmented: Array, path: Path) -> None:
    """Write a PNG with a row for each square image: the original, then its augmentations.

    Pixels are `(N, P)`, augmentations `(N, K, P)`, both grey values from 0 to 255.

    Raises:
        MissingLibraryError: If Pillow is not installed.
        NNTrainError: If the file cannot be written.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingLibraryError(f"{path}: pictures need Pillow", "pictures") from error

    side = isqrt(pixels.shape[1])
    cells = np.concatenate([pixels[:, np.newaxis], np.rint(augmented).astype(np.uint8)], axis=1)
    rows, columns = cells.shape[:2]
    pitch = side + _LINE
    grid = np.full((rows, pitch, columns, pitch), _LINE_GREY, np.uint8)
    grid[:, :side, :, :side] = cells.reshape(rows, columns, side, side).transpose(0, 2, 1, 3)
    # No separator follows the last row or the last column.
    image = grid.reshape(rows * pitch, columns * pitch)[:-_LINE, :-_LINE]
    enlarged = image.repeat(_ENLARGEMENT, axis=0).repeat(_ENLARGEMENT, axis=1)
    with atomic_write(path) as file:
        Image.fromarray(enlarged).save(file, format="PNG")
