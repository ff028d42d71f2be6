"""Digits rotated, stretched, sheared, shifted and bent at random, anew in every epoch.

The displacements are those of Simard, Steinkraus & Platt, *Best practices for convolutional neural
networks applied to visual document analysis*, 2003, as Cireşan et al. combine them in *Deep, big,
simple neural nets for handwritten digit recognition*, 2010.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.dataset import Array
from nntrain.errors import ConfigError

# Images of 28×28 in a chunk: enough to make calls rare, and their arrays stay in a core's cache.
_CHUNK = 64


@dataclass(frozen=True)
class Augmentation:
    """How far chance may distort a digit.

    Attributes:
        rotation: Degrees to the left; the angle is uniform in ±rotation.
        scale: Share below 1; each axis is stretched by a factor uniform in 1 ± scale.
        shear: The pixel y below the centre moves to the right by s·y, s uniform in ±shear.
        shift: Pixels; along each axis uniform in ±shift.
        elastic_strength: α in pixels, what the smoothed noise is multiplied by; 0 for none.
        elastic_sigma: σ > 0 in pixels, the standard deviation of the Gaussian that smooths it.
        limits: What rotation and shear are multiplied by for the digits named.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    elastic_strength: float = 0.0
    elastic_sigma: float = 5.0
    limits: Mapping[int, float] = field(default_factory=dict)


class TransformParams(NamedTuple):
    """What chance has decided for N images.

    Attributes:
        affine: Takes (y, x, 1) of a pixel in the distorted image to (y, x) in the original, both
            in pixels from the image's centre; `(N, 2, 3)`.
        noise: Uniform in ±1 for each pixel and axis, y before x; `(N, 2, side, side)`, or
            `(0, 2, side, side)` where nothing is bent.
    """

    affine: NDArray[np.float32]
    noise: NDArray[np.float32]


def check_square(pixels: int) -> None:
    """A check that images of so many pixels can be distorted.

    Raises:
        ConfigError: They are not square.
    """
    if isqrt(pixels) ** 2 != pixels:
        raise ConfigError(
            f"{pixels} pixels are not a square image and cannot be distorted; "
            "leave the distortion out"
        )


class Augmenter:
    """Draws distortions of square images and applies them.

    The source of a pixel is affine·(y, x, 1) + α·(g * noise): g is a Gaussian of unit sum, so that
    the smoothing of one axis's noise is G · noise · Gᵀ.

    Args:
        distortion: How far chance may go.
        pixels: P = side², the grey values of an image.

    Attributes:
        most_limited: The digit that is turned and sheared least; 0 if all are alike.

    Raises:
        ConfigError: The images are not square.
    """

    def __init__(self, distortion: Augmentation, pixels: int) -> None:
        self.distortion = distortion
        check_square(pixels)
        self.side = isqrt(pixels)
        centred = np.arange(self.side) - (self.side - 1) / 2
        self._grid = np.ones((3, pixels), np.float32)
        self._grid[0] = np.repeat(centred, self.side)
        self._grid[1] = np.tile(centred, self.side)
        smoothing = _smoothing(self.side, distortion.elastic_sigma)
        self._across = smoothing.astype(np.float32)
        self._down = (distortion.elastic_strength * smoothing).astype(np.float32)
        self._limit = np.ones(256)
        for digit, factor in distortion.limits.items():
            self._limit[digit] = factor
        self.most_limited = int(self._limit.argmin())

    def draw(
        self, rng: np.random.Generator, labels: NDArray[np.uint8] | None, count: int
    ) -> TransformParams:
        """Let chance decide.

        Args:
            rng: All that the draws depend on, beside the labels and the count.
            labels: The digits shown, `(count,)`, for those that have limits; None for no limits.
            count: N, the number of images.
        """
        most = self.distortion
        limit = 1.0 if labels is None else self._limit[labels]
        chance = rng.uniform(-1, 1, (6, count))
        angle = np.radians(most.rotation) * limit * chance[0]
        shear = most.shear * limit * chance[1]
        height, width = 1 + most.scale * chance[2:4]
        down, right = most.shift * chance[4:6]
        sine, cosine = np.sin(angle), np.cos(angle)

        # An image is stretched, sheared, turned and shifted, so its source is found by undoing
        # the four in reverse.
        affine = np.empty((count, 2, 3), np.float32)
        affine[:, 0, 0] = yy = cosine / height
        affine[:, 0, 1] = yx = sine / height
        affine[:, 1, 0] = xy = (-sine - shear * cosine) / width
        affine[:, 1, 1] = xx = (cosine - shear * sine) / width
        affine[:, 0, 2] = -yy * down - yx * right
        affine[:, 1, 2] = -xy * down - xx * right
        return TransformParams(affine, self._noise(rng, count if most.elastic_strength else 0))

    def _noise(self, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
        """The middles of 256 equal parts of −1 … 1: eight random bits each are cheap and enough."""
        shape = (count, 2, self.side, self.side)
        size = count * 2 * self.side**2
        words = np.asarray(rng.bit_generator.random_raw(-(-size // 8)), "<u8")
        noise = np.empty(shape, np.float32)
        np.copyto(noise, words.view(np.uint8)[:size].reshape(shape))
        noise *= 1 / 128
        noise += 1 / 256 - 1
        return noise

    def warp(self, pixels: NDArray[np.uint8], draws: TransformParams, out: Array) -> None:
        """Distort images; any number of threads may do so at a time.

        What becomes of an image does not depend on those it is handed over with.

        Args:
            pixels: Grey values, `(N, P)`.
            draws: Of N images.
            out: Filled with grey values from 0 to 255, `(N, P)`.
        """
        size = max(1, min(len(pixels), _CHUNK * 28**2 // pixels.shape[1]))
        buffers = _AugmentBuffers(size, self.side)
        for first in range(0, len(pixels), size):
            rows = slice(first, first + size)
            places = self._places(TransformParams(draws.affine[rows], draws.noise[rows]), buffers)
            buffers.sample(pixels[rows], places, out[rows])

    def _places(self, draws: TransformParams, buffers: "_AugmentBuffers") -> NDArray[np.float32]:
        """Where each pixel comes from: (y, x) from the centre, `(n, 2, P)`."""
        count = len(draws.affine)
        places = np.matmul(draws.affine, self._grid, out=buffers.places[:count])
        if len(draws.noise):
            half = buffers.half[:count].reshape(draws.noise.shape)
            field = buffers.whole[:count].reshape(draws.noise.shape)
            # A product for each image, not one for all: what becomes of an image must not hang,
            # by a rounding, on its place in the chunk.
            np.matmul(draws.noise, self._across, out=half)
            np.matmul(self._down, half, out=field)
            places += buffers.whole[:count]
        return places


def _smoothing(side: int, sigma: float) -> NDArray[np.float64]:
    """G, `(side, side)`: convolution with a Gaussian of unit sum, zero outside."""
    reach = side + int(10 * sigma)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    distance = np.subtract.outer(np.arange(side), np.arange(side))
    smoothing: NDArray[np.float64] = bell[reach + distance] / bell.sum()
    return smoothing


class _AugmentBuffers:
    """The arrays that one call works in, chunk after chunk.

    Images lie one below the other in a strip of side + 1 columns, the first of which is background.
    So is a row above each image and one below the last: whatever lies beside or around an image
    is 0, and a place beyond may be moved to the nearest place with nothing but background.

    Args:
        count: The most images in a chunk.
        side: Of an image, in pixels.
    """

    def __init__(self, count: int, side: int) -> None:
        self.side = side
        self.places = np.empty((count, 2, side**2), np.float32)
        self.half = np.empty_like(self.places)
        self.whole = np.empty_like(self.places)
        self.index = np.empty((count, side**2), np.intp)
        self.corners = np.empty((3, count, side**2), np.float32)
        width = side + 1
        self.strip = np.zeros(count * width**2 + 2 * width + 2, np.float32)
        self.images = self.strip[width : width + count * width**2].reshape(count, width, width)
        self.starts = (np.arange(count, dtype=np.float32) * width**2)[:, np.newaxis]

    def sample(self, pixels: NDArray[np.uint8], places: NDArray[np.float32], out: Array) -> None:
        """Fill `out`, `(n, P)`, with the grey values at places, `(n, 2, P)`, using these up."""
        count, width, strip = len(pixels), self.side + 1, self.strip
        self.images[:count, : self.side, 1:] = pixels.reshape(count, self.side, self.side)
        whole, index = self.whole[:count], self.index[:count]

        places += width / 2  # the strip's row 1 and column 1 hold an image's first pixel
        np.clip(places, 0, width, out=places)
        np.floor(places, out=whole)
        places -= whole
        down, right = places[:, 0], places[:, 1]
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
    """Move values towards others by a share of the way; the others are used up."""
    others -= values
    others *= share
    values += others
