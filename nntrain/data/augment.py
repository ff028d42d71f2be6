"""Random augmentation of images: rotation, scaling, shear, shift and elastic distortion.

Elastic distortion follows Simard, Steinkraus & Platt, *Best practices for convolutional neural
networks applied to visual document analysis*, 2003; its combination with the others follows Cireşan
et al., *Deep, big, simple neural nets for handwritten digit recognition*, 2010.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.dataset import Array, Labels
from nntrain.data.labels import MOST_CLASSES
from nntrain.errors import ConfigError

# Images of 28×28 per chunk: few calls, and the arrays fit into a core's cache.
_CHUNK = 64


@dataclass(frozen=True)
class Augmentation:
    """Limits of the random transformations; each amount is uniform within its limit.

    Attributes:
        rotation: Degrees, either way.
        scale: Below 1; each axis is scaled by 1 ± scale.
        shear: A pixel y below the centre moves sideways by up to shear·y.
        shift: Pixels along each axis.
        elastic_strength: α in pixels, factor of the smoothed noise; 0 for none.
        elastic_sigma: σ > 0 in pixels of the smoothing Gaussian.
        limits: Factors of rotation and shear for single classes, by their numbers.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    elastic_strength: float = 0.0
    elastic_sigma: float = 5.0
    limits: Mapping[int, float] = field(default_factory=dict)


class TransformParams(NamedTuple):
    """Random transformation of each of N images.

    Attributes:
        affine: Maps (y, x, 1) of a pixel in the result to (y, x) in the original, both in pixels
            from the centre; `(N, 2, 3)`.
        noise: Uniform in ±1 for each pixel and axis, y before x; `(N, 2, side, side)`, or
            `(0, 2, side, side)` without elastic distortion.
    """

    affine: NDArray[np.float32]
    noise: NDArray[np.float32]


def check_square(pixels: int) -> None:
    """Raise a ConfigError if images of so many pixels are not square."""
    if isqrt(pixels) ** 2 != pixels:
        raise ConfigError(
            f"{pixels} pixels are not a square image and cannot be distorted; "
            "leave the distortion out"
        )


class Augmenter:
    """Samples random transformations and applies them to square images.

    A pixel takes its value from position affine·(y, x, 1) + α·(g * noise): g is a Gaussian of unit
    sum, applied to the noise of each axis as G · noise · Gᵀ.

    Attributes:
        strictest_label: Label with the smallest rotation and shear, for unlabelled images; 0 if
            all are equal.

    Raises:
        ConfigError: If the images are not square.
    """

    def __init__(self, limits: Augmentation, pixels: int) -> None:
        self.limits = limits
        check_square(pixels)
        self.side = isqrt(pixels)
        centred = np.arange(self.side) - (self.side - 1) / 2
        self._grid = np.ones((3, pixels), np.float32)
        self._grid[0] = np.repeat(centred, self.side)
        self._grid[1] = np.tile(centred, self.side)
        smoothing = _smoothing(self.side, limits.elastic_sigma)
        self._across = smoothing.astype(np.float32)
        self._down = (limits.elastic_strength * smoothing).astype(np.float32)
        self._factors = np.ones(MOST_CLASSES)
        for label, factor in limits.limits.items():
            self._factors[label] = factor
        self.strictest_label = int(self._factors.argmin())

    def sample(
        self, rng: np.random.Generator, labels: Labels | None, count: int
    ) -> TransformParams:
        """Draw transformations of N = count images; without labels, limits of labels are void."""
        limits = self.limits
        factor = 1.0 if labels is None else self._factors[labels]
        chance = rng.uniform(-1, 1, (6, count))
        angle = np.radians(limits.rotation) * factor * chance[0]
        shear = limits.shear * factor * chance[1]
        height, width = 1 + limits.scale * chance[2:4]
        down, right = limits.shift * chance[4:6]
        sine, cosine = np.sin(angle), np.cos(angle)

        # Images are scaled, sheared, rotated and shifted; this is the inverse.
        affine = np.empty((count, 2, 3), np.float32)
        affine[:, 0, 0] = yy = cosine / height
        affine[:, 0, 1] = yx = sine / height
        affine[:, 1, 0] = xy = (-sine - shear * cosine) / width
        affine[:, 1, 1] = xx = (cosine - shear * sine) / width
        affine[:, 0, 2] = -yy * down - yx * right
        affine[:, 1, 2] = -xy * down - xx * right
        return TransformParams(affine, self._noise(rng, count if limits.elastic_strength else 0))

    def _noise(self, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
        """Uniform in ±1 with eight random bits each, which is cheap and precise enough."""
        shape = (count, 2, self.side, self.side)
        size = count * 2 * self.side**2
        words = np.asarray(rng.bit_generator.random_raw(-(-size // 8)), "<u8")
        noise = np.empty(shape, np.float32)
        np.copyto(noise, words.view(np.uint8)[:size].reshape(shape))
        noise *= 1 / 128
        noise += 1 / 256 - 1
        return noise

    def apply(self, pixels: NDArray[np.uint8], params: TransformParams, out: Array) -> None:
        """Fill `out`, `(N, P)`, with transformed images, grey values from 0 to 255.

        Thread-safe; the result for an image does not depend on the others.
        """
        size = max(1, min(len(pixels), _CHUNK * 28**2 // pixels.shape[1]))
        buffers = _AugmentBuffers(size, self.side)
        for first in range(0, len(pixels), size):
            rows = slice(first, first + size)
            part = TransformParams(params.affine[rows], params.noise[rows])
            buffers.interpolate(pixels[rows], self._positions(part, buffers), out[rows])

    def _positions(
        self, params: TransformParams, buffers: "_AugmentBuffers"
    ) -> NDArray[np.float32]:
        """Source (y, x) of each pixel from the centre, `(n, 2, P)`."""
        count = len(params.affine)
        positions = np.matmul(params.affine, self._grid, out=buffers.positions[:count])
        if len(params.noise):
            half = buffers.half[:count].reshape(params.noise.shape)
            field = buffers.whole[:count].reshape(params.noise.shape)
            # One product per image, so that rounding does not depend on its place in the chunk.
            np.matmul(params.noise, self._across, out=half)
            np.matmul(self._down, half, out=field)
            positions += buffers.whole[:count]
        return positions


def _smoothing(side: int, sigma: float) -> NDArray[np.float64]:
    """Matrix G, `(side, side)`, of a convolution with a Gaussian of unit sum and zero padding."""
    reach = side + int(10 * sigma)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    distance = np.subtract.outer(np.arange(side), np.arange(side))
    smoothing: NDArray[np.float64] = bell[reach + distance] / bell.sum()
    return smoothing


class _AugmentBuffers:
    """Work arrays for chunks of up to `count` images.

    The images of a chunk form a strip of side + 1 columns. Its first column, a row above each image
    and one below the last are background, so that positions outside of an image can be clipped.
    """

    def __init__(self, count: int, side: int) -> None:
        self.side = side
        self.positions = np.empty((count, 2, side**2), np.float32)
        self.half = np.empty_like(self.positions)
        self.whole = np.empty_like(self.positions)
        self.index = np.empty((count, side**2), np.intp)
        self.corners = np.empty((3, count, side**2), np.float32)
        width = side + 1
        self.strip = np.zeros(count * width**2 + 2 * width + 2, np.float32)
        self.images = self.strip[width : width + count * width**2].reshape(count, width, width)
        self.starts = (np.arange(count, dtype=np.float32) * width**2)[:, np.newaxis]

    def interpolate(
        self, pixels: NDArray[np.uint8], positions: NDArray[np.float32], out: Array
    ) -> None:
        """Fill `out`, `(n, P)`, with the values at positions, `(n, 2, P)`; overwrites these."""
        count, width, strip = len(pixels), self.side + 1, self.strip
        self.images[:count, : self.side, 1:] = pixels.reshape(count, self.side, self.side)
        whole, index = self.whole[:count], self.index[:count]

        positions += width / 2  # the strip's row 1 and column 1 hold an image's first pixel
        np.clip(positions, 0, width, out=positions)
        np.floor(positions, out=whole)
        positions -= whole
        down, right = positions[:, 0], positions[:, 1]
        start = whole[:, 0]
        start *= width
        start += whole[:, 1]
        np.add(start, self.starts[:count], out=index, casting="unsafe")  # exact below 2²⁴

        # In mode "clip" NumPy writes straight into `out`; the indices are in range anyway.
        upper, lower, other = self.corners[:, :count]
        np.take(strip, index, out=upper, mode="clip")
        np.take(strip[1:], index, out=other, mode="clip")
        _blend(upper, other, right)
        np.take(strip[width:], index, out=lower, mode="clip")
        np.take(strip[width + 1 :], index, out=other, mode="clip")
        _blend(lower, other, right)
        _blend(upper, lower, down)
        np.copyto(out, upper)


def _blend(
    values: NDArray[np.float32], others: NDArray[np.float32], share: NDArray[np.float32]
) -> None:
    """Interpolate linearly from values to others, in place; overwrites others."""
    others -= values
    others *= share
    values += others
