import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.data.augment import Augmentation, Augmenter, TransformParams
from nntrain.errors import ConfigError
from nntrain.randomness import Purpose, generator
from tests.support.examples import examples

EVERYTHING = Augmentation(
    rotation=15, scale=0.15, shear=0.2, shift=2, elastic_strength=34, limits={1: 0.5, 7: 0.5}
)


def images(count: int, side: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, side**2), dtype=np.uint8)


def labels(count: int) -> NDArray[np.uint8]:
    return (np.arange(count) % 10).astype(np.uint8)


def still(*matrix: tuple[float, float, float], side: int) -> TransformParams:
    """Transform one image by a matrix, without elastic distortion."""
    return TransformParams(np.array([matrix], np.float32), np.empty((0, 2, side, side), np.float32))


def applied(
    augmenter: Augmenter, pixels: NDArray[np.uint8], params: TransformParams
) -> NDArray[np.floating]:
    out = np.full(pixels.shape, np.nan, np.float32)
    augmenter.apply(pixels, params, out)
    return out


def gauss(distance: int, sigma: float) -> float:
    reach = range(-200, 201)
    return math.exp(-(distance**2) / (2 * sigma**2)) / math.fsum(
        math.exp(-(k**2) / (2 * sigma**2)) for k in reach
    )


def displacement(
    noise: NDArray[np.float32], row: int, column: int, strength: float, bell: dict[int, float]
) -> float:
    """Displacement of one pixel along one axis: the convolution as a sum over all pixels."""
    return strength * math.fsum(
        bell[row - i] * bell[column - j] * value
        for i, values in enumerate(noise.tolist())
        for j, value in enumerate(values)
    )


def grey(image: NDArray[np.uint8], y: float, x: float) -> float:
    """Interpolate bilinearly, with zeros outside."""
    side, top, left = len(image), math.floor(y), math.floor(x)
    total = 0.0
    for row in (top, top + 1):
        for column in (left, left + 1):
            if 0 <= row < side and 0 <= column < side:
                share = (1 - abs(y - row)) * (1 - abs(x - column))
                total += share * float(image[row, column])
    return total


def oracle(
    distortion: Augmentation,
    image: NDArray[np.uint8],
    params: TransformParams,
    row: int,
    column: int,
) -> float:
    """Transform one pixel of the first image, in plain Python."""
    side = len(image)
    centre = (side - 1) / 2
    bell = {k: gauss(k, distortion.elastic_sigma) for k in range(1 - side, side)}
    source = []
    for axis in range(2):
        by_y, by_x, by_1 = params.affine[0, axis].tolist()
        place = by_y * (row - centre) + by_x * (column - centre) + by_1 + centre
        if len(params.noise):
            strength = distortion.elastic_strength
            place += displacement(params.noise[0, axis], row, column, strength, bell)
        source.append(place)
    return grey(image, *source)


distortions = st.builds(
    Augmentation,
    rotation=st.floats(0, 180),
    scale=st.floats(0, 0.5),
    shear=st.floats(0, 1),
    shift=st.floats(0, 5),
    elastic_strength=st.sampled_from([0.0, 0.5, 8.0, 34.0]),
    elastic_sigma=st.floats(0.3, 8),
)


@given(distortions, st.integers(1, 9), st.integers(0, 2**32 - 1))
@examples(25)
def test_agrees_with_a_slow_calculation(distortion: Augmentation, side: int, seed: int) -> None:
    augmenter = Augmenter(distortion, side**2)
    pixels = images(1, side, seed)
    params = augmenter.sample(np.random.default_rng(seed), None, 1)
    result = applied(augmenter, pixels, params).reshape(side, side)
    image = pixels.reshape(side, side)
    expected = [
        [oracle(distortion, image, params, row, column) for column in range(side)]
        for row in range(side)
    ]
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agrees_with_a_slow_calculation_on_the_pixels_of_mnist(seed: int) -> None:
    augmenter = Augmenter(EVERYTHING, 784)
    pixels = images(150, 28, seed)
    params = augmenter.sample(np.random.default_rng(seed), labels(150), 150)
    result = applied(augmenter, pixels, params)
    last = TransformParams(params.affine[149:], params.noise[149:])
    for place in np.random.default_rng(seed).integers(0, 784, 60).tolist():
        row, column = divmod(place, 28)
        expected = oracle(EVERYTHING, pixels[149].reshape(28, 28), last, row, column)
        assert result[149, place] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("side", [1, 2, 10, 28])
def test_no_distortion_returns_the_pixels(side: int) -> None:
    augmenter = Augmenter(Augmentation(), side**2)
    pixels = images(150, side)
    params = augmenter.sample(np.random.default_rng(0), labels(150), 150)
    assert np.array_equal(applied(augmenter, pixels, params), pixels)


@pytest.mark.parametrize(("down", "right"), [(0, 3), (-2, 1), (4, 4), (-27, 27), (28, 0), (-99, 5)])
def test_a_shift_by_whole_pixels_moves_the_image(down: int, right: int) -> None:
    pixels = images(1, 28)
    params = still((1, 0, -down), (0, 1, -right), side=28)
    result = applied(Augmenter(Augmentation(), 784), pixels, params).reshape(28, 28)
    expected = np.zeros((28 * 9, 28 * 9))
    if abs(down) < 28 * 4:
        expected[28 * 4 + down :, 28 * 4 + right :][:28, :28] = pixels.reshape(28, 28)
    assert np.array_equal(result, expected[28 * 4 : 28 * 5, 28 * 4 : 28 * 5])


@pytest.mark.parametrize("side", [7, 28])
def test_a_quarter_turn(side: int) -> None:
    pixels = images(1, side)
    turned = applied(
        Augmenter(Augmentation(), side**2), pixels, still((0, 1, 0), (-1, 0, 0), side=side)
    )
    assert np.array_equal(turned.reshape(side, side), np.rot90(pixels.reshape(side, side)))


def test_an_image_far_away_is_background() -> None:
    params = still((1, 0, 1e30), (0, 1, -1e30), side=28)
    assert not applied(Augmenter(Augmentation(), 784), images(1, 28), params).any()


def test_draws_follow_from_the_generator() -> None:
    augmenter = Augmenter(EVERYTHING, 784)
    again = Augmenter(EVERYTHING, 784)
    one, same, other = (
        each.sample(generator(3, Purpose.DISTORTION, epoch=2, batch=batch), labels(20), 20)
        for each, batch in ((augmenter, 5), (again, 5), (again, 6))
    )
    assert np.array_equal(one.affine, same.affine)
    assert np.array_equal(one.noise, same.noise)
    assert not np.any(one.affine[:, :, 2] == other.affine[:, :, 2])
    assert np.mean(one.noise == other.noise) < 0.01


def test_each_image_has_draws_of_its_own() -> None:
    params = Augmenter(EVERYTHING, 784).sample(np.random.default_rng(0), labels(50), 50)
    assert len(np.unique(params.affine.reshape(50, 6), axis=0)) == 50
    assert len(np.unique(params.noise.reshape(100, 784), axis=0)) == 100


def test_noise_is_uniform() -> None:
    noise = Augmenter(EVERYTHING, 784).sample(np.random.default_rng(0), None, 300).noise
    assert noise.shape == (300, 2, 28, 28)
    assert noise.dtype == np.float32
    assert np.abs(noise).max() < 1
    assert np.mean(noise) == pytest.approx(0, abs=0.005)
    assert np.var(noise) == pytest.approx(1 / 3, abs=0.005)
    share = np.histogram(noise, bins=8, range=(-1, 1))[0] / noise.size
    np.testing.assert_allclose(share, 1 / 8, atol=0.003)


def test_no_noise_is_drawn_where_nothing_is_bent() -> None:
    params = Augmenter(Augmentation(rotation=5), 784).sample(np.random.default_rng(0), None, 10)
    assert params.affine.shape == (10, 2, 3)
    assert params.noise.shape == (0, 2, 28, 28)


def components(params: TransformParams) -> dict[str, NDArray[np.float64]]:
    """Recover scale, shear, rotation and shift of each image from its matrix."""
    back = params.affine.astype(float)
    forth = np.linalg.inv(back[:, :, :2])
    # The x axis is only scaled and rotated; the rest of the y axis is scaled and sheared.
    angle = np.arctan2(-forth[:, 0, 1], forth[:, 1, 1])
    width = np.hypot(forth[:, 0, 1], forth[:, 1, 1])
    height = np.linalg.det(forth) / width
    along = np.cos(angle) * forth[:, 1, 0] - np.sin(angle) * forth[:, 0, 0]
    shift = -np.einsum("nij,nj->ni", forth, back[:, :, 2])
    return {
        "rotation": np.degrees(angle),
        "height": height - 1,
        "width": width - 1,
        "shear": along / height,
        "down": shift[:, 0],
        "right": shift[:, 1],
    }


def test_ranges_are_kept_and_reached() -> None:
    distortion = Augmentation(rotation=15, scale=0.2, shear=0.3, shift=2)
    params = Augmenter(distortion, 784).sample(np.random.default_rng(0), None, 5000)
    bounds = {"rotation": 15, "height": 0.2, "width": 0.2, "shear": 0.3, "down": 2, "right": 2}
    found = components(params)
    for name, bound in bounds.items():
        assert np.abs(found[name]).max() <= bound * (1 + 1e-4), name
        assert found[name].max() > 0.99 * bound, name
        assert found[name].min() < -0.99 * bound, name
        assert np.var(found[name]) == pytest.approx(bound**2 / 3, rel=0.05), name
    correlation = np.corrcoef(list(found.values()))
    assert np.abs(correlation - np.eye(6)).max() < 0.06


def test_limited_digits_turn_and_shear_less() -> None:
    distortion = Augmentation(
        rotation=15, scale=0.2, shear=0.3, shift=2, limits={1: 0.5, 7: 0.5, 4: 0.0}
    )
    digits = labels(20_000)
    found = components(Augmenter(distortion, 784).sample(np.random.default_rng(0), digits, 20_000))
    for digit in range(10):
        factor = {1: 0.5, 7: 0.5, 4: 0.0}.get(digit, 1.0)
        for name, bound in {"rotation": 15 * factor, "shear": 0.3 * factor}.items():
            most = np.abs(found[name][digits == digit]).max()
            assert 0.98 * bound <= most <= bound * (1 + 1e-4) + 1e-5, (name, digit)
        for name, bound in {"height": 0.2, "width": 0.2, "down": 2, "right": 2}.items():
            assert np.abs(found[name][digits == digit]).max() > 0.98 * bound, (name, digit)


def test_a_positive_angle_turns_to_the_left_and_a_positive_shear_leans_to_the_left() -> None:
    """The ink that was right of the centre goes up; what was below the centre goes right."""
    pixels = np.zeros((2, 21 * 21), np.uint8)
    pixels.reshape(2, 21, 21)[0, 10, 17] = 255
    pixels.reshape(2, 21, 21)[1, 17, 10] = 255
    distortion = Augmentation(rotation=30, shear=0.5, limits={0: 1.0})
    augmenter = Augmenter(distortion, 21 * 21)
    rng = np.random.default_rng(0)
    for _ in range(20):
        params = augmenter.sample(rng, None, 2)
        found = components(params)
        angle, shear = np.radians(found["rotation"]), found["shear"]
        result = applied(augmenter, pixels, params).reshape(2, 21, 21)
        y, x = np.mgrid[-10:11, -10:11]
        centre = [(np.sum(y * each), np.sum(x * each)) / each.sum() for each in result]
        assert centre[0] == pytest.approx([-7 * np.sin(angle[0]), 7 * np.cos(angle[0])], abs=0.6)
        leaning = (7, 7 * shear[1])
        expected = [
            leaning[0] * np.cos(angle[1]) - leaning[1] * np.sin(angle[1]),
            leaning[0] * np.sin(angle[1]) + leaning[1] * np.cos(angle[1]),
        ]
        assert centre[1] == pytest.approx(expected, abs=0.6)


def test_elastic_displacements_are_as_long_as_they_should_be() -> None:
    """A ramp of grey values shows how far its middle moved along one axis."""
    strength, sigma = 34, 5
    augmenter = Augmenter(Augmentation(elastic_strength=strength, elastic_sigma=sigma), 31 * 31)
    ramp = np.tile(np.arange(31, dtype=np.uint8) * 8, (2000, 31))
    params = augmenter.sample(np.random.default_rng(0), None, 2000)
    moved = (applied(augmenter, ramp, params).reshape(2000, 31, 31)[:, 15, 15] - 15 * 8) / 8
    expected = strength * math.sqrt(1 / 3) / (2 * sigma * math.sqrt(math.pi))
    assert expected == pytest.approx(1.1, abs=0.01)
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(expected, rel=0.05)
    assert np.mean(moved) == pytest.approx(0, abs=0.08)


def test_both_precisions_and_nothing_but_grey_values() -> None:
    wild = Augmentation(rotation=180, scale=0.5, shear=1, shift=9, elastic_strength=100)
    augmenter = Augmenter(wild, 784)
    pixels = np.where(images(500, 28) > 127, 255, 0).astype(np.uint8)
    params = augmenter.sample(np.random.default_rng(0), None, 500)
    single, double = np.empty((500, 784), np.float32), np.empty((500, 784))
    augmenter.apply(pixels, params, single)
    augmenter.apply(pixels, params, double)
    assert np.array_equal(single, double)
    assert single.min() == 0
    assert 250 < single.max() <= 255


def test_out_may_be_part_of_a_larger_array() -> None:
    augmenter = Augmenter(EVERYTHING, 784)
    pixels, around = images(150, 28), np.full((150, 800), -1.0, np.float32)
    params = augmenter.sample(np.random.default_rng(0), None, 150)
    augmenter.apply(pixels, params, around[:, 8:-8])
    assert np.array_equal(around[:, 8:-8], applied(augmenter, pixels, params))
    assert np.all(around[:, :8] == -1)
    assert np.all(around[:, -8:] == -1)


def test_inputs_are_left_alone() -> None:
    augmenter = Augmenter(EVERYTHING, 784)
    pixels = images(100, 28)
    params = augmenter.sample(np.random.default_rng(0), labels(100), 100)
    arrays: list[NDArray[Any]] = [pixels, *params]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    applied(augmenter, arrays[0], TransformParams(*arrays[1:]))
    for array, copy in zip(arrays, copies, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.parametrize("step", [1, 7, 64, 100])
def test_an_image_does_not_depend_on_its_neighbours(step: int) -> None:
    """Otherwise rounding errors would differ in a run that resumes at another batch."""
    augmenter = Augmenter(EVERYTHING, 784)
    pixels = images(200, 28)
    params = augmenter.sample(np.random.default_rng(0), labels(200), 200)
    parts = [
        applied(augmenter, pixels[at], TransformParams(params.affine[at], params.noise[at]))
        for at in (slice(first, first + step) for first in range(0, 200, step))
    ]
    assert np.array_equal(np.concatenate(parts), applied(augmenter, pixels, params))


def test_two_threads_do_what_one_does() -> None:
    augmenter = Augmenter(EVERYTHING, 784)
    work = []
    for seed in range(8):
        params = augmenter.sample(np.random.default_rng(seed), labels(150), 150)
        work.append((images(150, 28, seed), params))
    alone = [applied(augmenter, *each) for each in work]
    with ThreadPoolExecutor(2) as pool:
        together = pool.map(lambda each: applied(augmenter, *each), work)
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_no_images() -> None:
    augmenter = Augmenter(EVERYTHING, 784)
    params = augmenter.sample(np.random.default_rng(0), labels(0), 0)
    assert applied(augmenter, images(0, 28), params).shape == (0, 784)


def test_images_larger_than_a_chunk() -> None:
    side = 300
    augmenter = Augmenter(Augmentation(), side**2)
    pixels = images(2, side)
    params = augmenter.sample(np.random.default_rng(0), None, 2)
    assert np.array_equal(applied(augmenter, pixels, params), pixels)


def test_images_must_be_square() -> None:
    with pytest.raises(ConfigError, match="783 pixels are not a square image"):
        Augmenter(EVERYTHING, 783)
