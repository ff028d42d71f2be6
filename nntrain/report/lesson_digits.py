"""The digits that the lesson trains a network on, in the page."""

import zlib
from base64 import b64encode
from typing import Any

import numpy as np

from nntrain.data.demo import SIDE, demo_digits

# 2,600 digits take 0.36 megabytes. The last ones are held out.
DEMO_DIGITS = 2600
HELD_OUT = 400
GREYS = 15  # four bits for a pixel


def demo_set() -> dict[str, Any]:
    """The demo digits for training in the page, as JSON types.

    Returns:
        `side`; `greys`, the grey value of ink; `labels`, a digit each; `heldOut`, how many of the
        last digits are held out; and `pixels`: base64 of the zlib stream of grey values, two in a
        byte, the first in the upper half.
    """
    pixels, labels = demo_digits(DEMO_DIGITS)
    greys = np.rint(pixels * (GREYS / 255)).astype(np.uint8)
    packed = greys[:, 0::2] << 4 | greys[:, 1::2]
    return {
        "side": SIDE,
        "greys": GREYS,
        "labels": "".join(map(str, labels)),
        "heldOut": HELD_OUT,
        "pixels": b64encode(zlib.compress(packed.tobytes(), 9)).decode(),
    }
