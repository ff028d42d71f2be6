"""Small pictures as data URIs."""

import base64
import io
from math import isqrt

import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from nntrain.nn.arrays import Array


def digit(pixels: NDArray[np.uint8]) -> str | None:
    """A digit, white on black, as a data URI.

    Args:
        pixels: Grey values, shape (P,).

    Returns:
        None if the picture is not square.
    """
    return _picture(pixels, "gray", 0, 255)


def grey(values: Array) -> str:
    """A feature map, shape (height, width), from its least value, black, to its greatest."""
    return _image(values, "gray", float(values.min()), float(values.max()))


def weights(values: Array) -> str | None:
    """The weights of one neuron of the first layer, as a data URI.

    Args:
        values: Shape (P,). Positive weights are drawn red, negative ones blue, 0 white.

    Returns:
        None if the picture is not square.
    """
    greatest = float(np.abs(values).max()) or 1.0
    return _picture(values, "RdBu_r", -greatest, greatest)


def _picture(
    values: NDArray[np.uint8] | Array, colours: str, low: float, high: float
) -> str | None:
    side = isqrt(len(values))
    if side * side != len(values):
        return None
    return _image(values.reshape(side, side), colours, low, high)


def _image(values: NDArray[np.uint8] | Array, colours: str, low: float, high: float) -> str:
    buffer = io.BytesIO()
    imsave(
        buffer,
        values,
        cmap=colours,
        vmin=low,
        vmax=high,
        format="png",
        metadata={"Software": ""},
    )
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
