"""Synthetic handwritten digits, for machines without a data set.

Each digit is one of several templates, randomly bent, slanted, rotated and stretched, and drawn
with a soft pen of varying width. As in MNIST, it is fitted into 20 × 20 pixels, and its centre of
mass is moved to the middle of 28 × 28.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nntrain.randomness import Purpose, generator

Floats = npt.NDArray[np.float32]

# Ways of writing each digit, comma-separated. A way is a few strokes, separated by "/". A stroke
# is a smooth curve through points, each a column and a row, 0 to 9 from the left and from the top.
# Strokes that share a point form a corner there.
WAYS: dict[int, tuple[str, ...]] = {
    digit: tuple(ways.split(", "))
    for digit, ways in {
        0: (
            "50 21 15 28 49 78 85 71 50, 50 31 25 38 49 68 75 61 50, "
            "71 50 21 15 28 49 78 85 71 40 21, 61 40 21 15 28 49 78 85 72 50, "
            "31 14 27 49 69 86 83 61, "
            "21 50 71 85 78 49 28 15 21 40, 60 31 15 28 49 78 94 82 60 43, "
            "71 50 21 15 28 49 78 85 71 50 / 71 28"
        ),
        1: (
            "50 59, 50 54 59, 60 49, 60 55 49, 60 45 59, "
            "50 54 48 69, 41 50 / 50 59, 33 50 / 50 59, "
            "23 50 / 50 59 / 29 79"
        ),
        2: (
            "22 41 61 73 55 19 / 19 89, 11 71 / 71 19 / 19 89, 33 21 50 72 65 38 19 / 19 49 88, "
            "21 50 63 55 29 / 29 79, 15 12 40 71 73 46 19 49 89, 22 41 61 54 18 / 18 98, "
            "23 41 62 64 47 29 18 27 48 89, 34 23 31 61 73 56 28 09 17 47 78 97, "
            "23 40 71 74 57 28 17 36 58 89, 12 30 61 73 65 38 18 06 26 48 88, "
            "02 20 51 63 55 29 09 07 26 47 88, 13 30 60 83 75 48 19 07 26 57 98, "
            "12 20 51 63 56 28 17 26 47 79"
        ),
        3: (
            "21 50 72 64 44 / 44 74 86 78 49 18, 31 51 62 53 34 / 34 74 87 69 28 16, "
            "12 40 71 63 34 / 34 64 76 68 39 19, 22 41 61 53 34 / 34 64 67 49 09, "
            "21 50 72 63 44 65 77 59 18, 21 51 62 44 65 67 49 08, 21 50 62 54 35 34 54 76 69 28, "
            "11 71 / 71 44 / 44 74 77 59 28, 11 61 / 61 44 75 78 49 18"
        ),
        4: (
            "20 15 / 15 85 / 70 69, 22 25 / 25 85 / 60 59, 20 25 / 25 75 / 72 69, "
            "31 14 / 14 84 / 61 59, 30 34 / 34 64 / 60 59, 30 15 75 / 80 49, 20 14 25 65 / 71 59, "
            "20 15 45 72 / 71 49, 20 24 45 62 / 70 49, 20 14 35 74 / 80 74 59, "
            "50 16 / 16 86 / 50 59, 60 15 / 15 75 / 61 59, 40 15 85 / 62 49"
        ),
        5: (
            "71 31 / 31 24 / 24 54 77 59 18, 70 20 / 20 14 / 14 54 76 69 39 09, "
            "91 41 / 41 34 / 34 55 66 49 18, 91 31 / 31 24 / 24 54 85 88 49 19 08, "
            "81 21 / 21 14 / 14 44 76 68 39 18, 31 24 / 24 54 76 59 18 / 31 81, "
            "80 31 / 31 25 55 67 49 18, 92 42 / 42 34 55 58 39 18, 71 42 23 44 66 68 39 18, "
            "81 31 24 45 66 58 39 18"
        ),
        6: (
            "60 32 15 17 49 68 66 45 27, 71 40 22 16 28 59 78 75 55 26, 50 24 17 39 68 66 46 28, "
            "70 34 17 39 69 76 55 27, 50 23 17 49 68 66 46 38, 30 25 28 59 68 66 45 27, "
            "40 24 27 49 68 66 46 28, 40 14 17 49 78 86 65 36 27"
        ),
        7: (
            "11 71 / 71 39, 11 71 / 71 54 49, 11 41 71 63 46 39, 13 11 / 11 71 / 71 39, "
            "13 21 / 21 71 / 71 54 49, 12 31 51 71 / 71 55 49, 14 21 52 71 / 71 49, "
            "14 22 41 61 65 59, 11 71 / 71 39 / 35 75, 11 81 / 81 55 39 / 35 85, "
            "11 71 / 71 55 49 / 25 75, 12 20 / 20 80 / 80 49 / 35 85"
        ),
        8: (
            "72 50 31 33 54 66 68 49 28 26 44 63 72, 61 41 32 43 65 77 59 28 26 44 62 61, "
            "72 50 21 23 54 66 59 38 36 54 73 72, 71 31 13 25 55 66 58 38 36 54 73 71, "
            "71 40 22 33 65 77 49 27 35 64 80, 80 50 32 44 65 67 49 28 36 63 80, "
            "81 50 22 34 55 67 49 27 45 63 81, 72 40 12 44 67 59 27 35 73 80, "
            "21 43 66 69 39 37 55 72 60 31 21, 54 32 40 61 63 54 35 28 49 68 66 54, "
            "50 31 33 54 63 61 50 / 54 25 28 49 68 66 54"
        ),
        9: (
            "62 50 32 34 54 63 / 62 59, 71 41 33 35 64 71 / 71 49, 61 41 23 35 64 / 71 59, "
            "70 30 24 74 / 70 69, 61 40 23 35 54 62 64 59, 64 45 24 32 50 61 65 59, "
            "71 51 33 35 54 72 49, 72 51 33 35 54 72 / 72 67 49 28, "
            "73 50 22 25 55 73 / 73 67 49 19 17, 72 40 13 16 46 73 / 72 75 89"
        ),
    }.items()
}

SIDE = 28
MIDDLE = SIDE / 2
BOX = 20  # as in MNIST, from one half-black edge to the other
BLOCK = 500  # digits drawn at a time, in some 40 MB
DOTS = 96  # about two per pixel even for long strokes

# Standard deviations, with half the height of the grid as the unit of length. Slant, stretch and
# pen have about the means and deviations of MNIST's 60,000 digits.
JITTER = 0.075  # each point by itself
BEND = 0.12  # all points together, smoothly
SLANT_MEAN, SLANT = 0.1, 0.28  # sideways per height; positive leans to the right
TURN = 0.1  # radians
STRETCH = 0.16  # of the logarithm of width / height
PEN_MEAN, PEN = 0.12, 0.28  # of the logarithm of half the pen's width in pixels
PRESSURE = 0.2  # of the same logarithm, along the strokes

PAPER = 0.06  # ink thinner than this leaves the paper white

# The cubic through b and c for t from 0 to 1, given the neighbours a and d:
# (1, t, t², t³) · CATMULL_ROM · (a, b, c, d). Catmull and Rom, 1974.
CATMULL_ROM = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2


class Templates(NamedTuple):
    """Matrices of all ways; a curve is linear in its points. Unused points pad them to K."""

    points: Floats  # (ways, K, 2): x and y from −1 to 1, y downwards
    curve: Floats  # (ways, DOTS, K): times points gives the dots along the strokes
    step: Floats  # (ways, DOTS, K): times points gives the steps from dot to dot
    first: npt.NDArray[np.int64]  # (10,): first way of each digit
    number: npt.NDArray[np.int64]  # (10,): number of ways


def demo_digits(count: int, seed: int = 0) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Draw digits; for equal seeds, a smaller count gives the first digits of a larger one.

    Returns:
        Pixels, (count, 784), 0 white to 255 black, and labels, (count,): each digit equally often
        in every 500, in random order.
    """
    blocks = -(-count // BLOCK)
    pixels = np.empty((blocks, BLOCK, SIDE * SIDE), np.uint8)
    labels = np.empty((blocks, BLOCK), np.uint8)
    for block in range(blocks):
        rng = generator(seed, Purpose.DEMO, batch=block)
        labels[block] = rng.permutation(BLOCK) % 10
        pixels[block] = _draw(labels[block], rng)
    return pixels.reshape(-1, SIDE * SIDE)[:count], labels.reshape(-1)[:count]


def _draw(digits: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw each digit in a random way: labels (B,) to pixels (B, 784)."""
    templates = _templates()
    way = templates.first[digits] + rng.integers(templates.number[digits])
    curve = templates.curve[way]
    points = _vary(templates.points[way], rng)

    pen = np.exp(PEN_MEAN + PEN * _normal(rng, len(digits), 1))
    pressure = curve @ _normal(rng, *points.shape[:2], 1)
    pens = pen * np.exp(PRESSURE * pressure[..., 0])

    dots = curve @ points
    steps = np.linalg.norm(templates.step[way] @ points, axis=-1)
    size = np.ptp(dots, axis=1).max(axis=1, keepdims=True)
    scale = (BOX - 2 * pen) / size
    steps = steps * scale
    mass = steps[..., None]
    centre = (mass * dots).sum(axis=1, keepdims=True) / mass.sum(axis=1, keepdims=True)
    dots = (dots - centre) * scale[..., None] + MIDDLE

    # Pens vary and ink saturates, so measure the centre and draw again. MNIST moved its digits by
    # whole pixels, which left an error of half a pixel.
    ink = _ink(dots, steps, pens)
    error = rng.uniform(-0.5, 0.5, (len(digits), 1, 2)).astype(np.float32)
    ink = _ink(dots + (MIDDLE - _centre(ink)[:, None] + error), steps, pens)
    return np.rint(255 * ink).astype(np.uint8).reshape(len(digits), SIDE * SIDE)


def _vary(points: Floats, rng: np.random.Generator) -> Floats:
    """Bend, stretch, slant and rotate templates at random: (B, K, 2) to (B, K, 2)."""
    count = len(points)
    x, y = points[..., 0], points[..., 1]
    bends = np.stack([x * x, x * y, y * y, x * x * y, x * y * y, y * y * y], axis=-1)
    care = rng.uniform(0.5, 1.5, (count, 1, 1)).astype(np.float32)
    points = points + BEND * (bends @ _normal(rng, count, 6, 2))
    points += JITTER * care * _normal(rng, *points.shape)

    stretch = np.exp(STRETCH / 2 * _normal(rng, count, 1))
    x, y = points[..., 0] * stretch, points[..., 1] / stretch
    x -= (SLANT_MEAN + SLANT * _normal(rng, count, 1)) * y
    turn = TURN * _normal(rng, count, 1)
    return np.stack(
        [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=-1
    )


def _ink(dots: Floats, steps: Floats, pens: Floats) -> Floats:
    """Draw a Gaussian blot at each dot; together they form a line with soft edges.

    A Gaussian is the product of a row and a column, so one matrix product adds all blots.

    Args:
        dots: (B, DOTS, 2): x and y in pixels.
        steps: (B, DOTS): from dot to dot, in pixels.
        pens: (B, DOTS): half the pen's width, in pixels.

    Returns:
        (B, 28, 28): 0 white to 1 black.
    """
    spread = 0.5 + 0.28 * pens
    # Across a line of such dots the ink is darkness · exp(−distance² / 2 spread²); it is
    # half black at the distance of half the pen's width.
    darkness = np.exp((pens / spread) ** 2 / 2) / 2
    blot = darkness * steps / (spread * np.float32(np.sqrt(2 * np.pi)))
    pixel = np.arange(SIDE, dtype=np.float32)
    gaussian = np.exp(-(((dots[..., None] - pixel) / spread[..., None, None]) ** 2) / 2)
    columns, rows = gaussian[:, :, 0], gaussian[:, :, 1]
    ink = (rows * blot[..., None]).transpose(0, 2, 1) @ columns
    return np.clip((ink - PAPER) / (1 - PAPER), 0, 1)


def _centre(ink: Floats) -> Floats:
    """The centre of mass in pixels: (B, 28, 28) to (B, 2), x and y."""
    pixel = np.arange(SIDE, dtype=np.float32)
    moments = np.stack([ink.sum(axis=1) @ pixel, ink.sum(axis=2) @ pixel], axis=-1)
    centre: Floats = moments / ink.sum(axis=(1, 2))[:, None]
    return centre


@cache
def _templates() -> Templates:
    """Matrices of WAYS."""
    ways = [_compile(way) for digit in WAYS.values() for way in digit]
    widest = max(len(points) for points, _, _ in ways)
    points = np.zeros((len(ways), widest, 2), np.float32)
    curve = np.zeros((len(ways), DOTS, widest), np.float32)
    step = np.zeros_like(curve)
    for i, way in enumerate(ways):
        used = len(way[0])
        points[i, :used], curve[i, :, :used], step[i, :, :used] = way
    number = np.array([len(digit) for digit in WAYS.values()])
    return Templates(points, curve, step, np.cumsum(number) - number, number)


def _compile(way: str) -> tuple[npt.NDArray[np.float64], ...]:
    """One way of writing K points as matrices: points (K, 2), curve and step (DOTS, K)."""
    strokes = [stroke.split() for stroke in way.split("/")]
    names = list(dict.fromkeys(name for stroke in strokes for name in stroke))
    grid = np.array([(int(name[0]), int(name[1])) for name in names])
    points = (grid - (grid.min(axis=0) + grid.max(axis=0)) / 2) / 4.5

    segments = []  # the indices of a, b, c and d
    for stroke in strokes:
        passed = [names.index(name) for name in stroke]
        passed = [passed[0], *passed, passed[-1]]  # an end is its own neighbour
        segments += [passed[i : i + 4] for i in range(len(passed) - 3)]

    along = (np.arange(DOTS) + 0.5) * len(segments) / DOTS
    segment = along.astype(int)
    t = along - segment
    where = np.arange(DOTS)[:, None], np.array(segments)[segment]
    curve, step = np.zeros((2, DOTS, len(names)))
    np.add.at(curve, where, np.stack([t**0, t, t**2, t**3], axis=1) @ CATMULL_ROM)
    slope = np.stack([0 * t, t**0, 2 * t, 3 * t**2], axis=1) @ CATMULL_ROM
    np.add.at(step, where, slope * len(segments) / DOTS)
    return points, curve, step


def _normal(rng: np.random.Generator, *shape: int) -> Floats:
    return rng.standard_normal(shape, dtype=np.float32)
