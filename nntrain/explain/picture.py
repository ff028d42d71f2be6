"""A digit as text."""

import math

import numpy as np
from numpy.typing import NDArray

_SHADES = " ░▒▓█"
_SHOWN_PIXELS = 40


def drawn(pixels: NDArray[np.uint8]) -> str:
    """A square picture in shades, two characters a pixel; of any other, the grey values.

    Args:
        pixels: Grey values 0–255, shape (P,).
    """
    side = math.isqrt(len(pixels))
    if side * side != len(pixels) or side < 2:
        values = " ".join(map(str, pixels[:_SHOWN_PIXELS].tolist()))
        return f"pixels {values}{' …' * (len(pixels) > _SHOWN_PIXELS)}"
    shades = np.array(list(_SHADES))[pixels.astype(int) * len(_SHADES) // 256]
    lines = ("".join(shades[row].repeat(2)) for row in np.arange(len(pixels)).reshape(side, side))
    return "\n".join(line.rstrip() for line in lines)
