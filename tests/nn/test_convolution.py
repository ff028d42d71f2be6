"""Convolution and pooling: against loops over pixels, numerical gradients and pencil and paper."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.nn import ACTIVATIONS, Conv, Dense, FlatDense, Layer, MaxPool, MeanPool, Network
from nntrain.nn.arrays import Array
from nntrain.nn.convolution import add_windows, windows_of
from tests.support.examples import examples
from tests.support.networks import batch_for, gradient_of, numerical_gradient

ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]
RNG = np.random.default_rng(0)


def pictures(draw: st.DrawFn) -> tuple[Array, int, int]:
    """Pictures, a size of windows that fit, and a stride."""
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    height, width = (draw(st.integers(kernel, 7)) for _ in "hw")
    shape = draw(st.integers(1, 3)), height, width, draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.integers(-3, 4, shape).astype(np.float64), kernel, stride  # with ties


PICTURES = st.composite(pictures)()


def windows(x: Array, kernel: int, stride: int) -> "list[tuple[int, int, int, slice, slice]]":
    """Picture, row and column of each window, and its pixels."""
    rows, columns = ((side - kernel) // stride + 1 for side in x.shape[1:3])
    return [
        (n, r, c, slice(r * stride, r * stride + kernel), slice(c * stride, c * stride + kernel))
        for n, r, c in product(range(len(x)), range(rows), range(columns))
    ]


def with_parameters(layer: Layer, shape: tuple[int, ...]) -> Layer:
    layer.weights, layer.biases = (RNG.normal(size=s) for s in layer.parameter_shapes(shape))
    return layer


@examples(60)
@given(PICTURES, st.integers(1, 3), st.integers(0, 2))
def test_a_convolution_is_a_loop_over_windows(
    drawn: tuple[Array, int, int], filters: int, padding: int
) -> None:
    x, kernel, stride = drawn
    layer = with_parameters(Conv(filters, kernel, "identity", stride, padding), x.shape[1:])
    outputs = layer.forward(x)
    delta = RNG.normal(size=outputs.shape)
    pad = (padding, padding)
    padded = np.pad(x, ((0, 0), pad, pad, (0, 0)))
    error, weights = np.zeros_like(padded), np.zeros_like(layer.weights)
    for n, r, c, a, b in windows(padded, kernel, stride):
        for f in range(filters):
            z = (layer.weights[f] * padded[n, a, b]).sum() + layer.biases[f]
            np.testing.assert_allclose(outputs[n, r, c, f], z, atol=1e-12)
            error[n, a, b] += delta[n, r, c, f] * layer.weights[f]
            weights[f] += delta[n, r, c, f] * padded[n, a, b]
    inner = error[:, padding : padding + x.shape[1], padding : padding + x.shape[2]]
    np.testing.assert_allclose(layer.backward(delta, x), inner, atol=1e-12)
    theirs = layer.gradient(delta, x)
    np.testing.assert_allclose(theirs[0], weights, atol=1e-12)
    np.testing.assert_allclose(theirs[1], delta.sum(axis=(0, 1, 2)), atol=1e-12)


@examples(60)
@given(PICTURES)
def test_pooling_is_a_loop_over_windows_and_ties_go_to_the_first_pixel(
    drawn: tuple[Array, int, int],
) -> None:
    x, size, stride = drawn
    for layer in (MaxPool(size, stride), MeanPool(size, stride)):
        outputs = layer.forward(x)
        delta, error = RNG.normal(size=outputs.shape), np.zeros_like(x)
        for n, r, c, a, b in windows(x, size, stride):
            for channel in range(x.shape[3]):
                window, into = x[n, a, b, channel], error[n, a, b, channel]
                if isinstance(layer, MeanPool):
                    np.testing.assert_allclose(outputs[n, r, c, channel], window.mean())
                    into += delta[n, r, c, channel] / size**2
                else:
                    assert outputs[n, r, c, channel] == window.max()
                    first = np.unravel_index(window.argmax(), window.shape)
                    into[first] += delta[n, r, c, channel]
        np.testing.assert_allclose(layer.backward(delta, x), error, atol=1e-12)


@examples(60)
@given(PICTURES)
def test_adding_windows_is_the_transpose_of_taking_them(drawn: tuple[Array, int, int]) -> None:
    x, kernel, stride = drawn
    taken = windows_of(x, kernel, stride).transpose(3, 4, 0, 1, 2, 5)
    others, back = RNG.normal(size=taken.shape), np.zeros_like(x)
    add_windows(others.reshape(kernel**2, -1), kernel, stride, back)
    np.testing.assert_allclose((taken * others).sum(), (x * back).sum(), atol=1e-9)


# Each geometry with one activation, and each activation with six geometries of all paddings.
GEOMETRIES = product([1, 2, 3, 5], [1, 2, 3], [0, 1, 2])


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "activation"),
    [
        (*geometry, ELEMENTWISE[(number + number // 6) % len(ELEMENTWISE)])
        for number, geometry in enumerate(GEOMETRIES)
    ],
)
def test_the_gradient_is_the_numerical_one(
    kernel: int, stride: int, padding: int, activation: str
) -> None:
    shape = (7, 6, 1 + stride % 2)  # one channel and two; neither squares nor multiples of strides
    layers: list[Layer] = [Conv(2, kernel, activation, stride, padding)]
    if min(layers[0].output_shape(shape)[:2]) > 1:
        layers.append(MaxPool(2, 1) if stride == 1 else MeanPool(2))
    layers += [FlatDense(3, "tanh"), Dense(2, "softmax")]
    network = Network(shape, layers, "cross_entropy", "float64")
    rng = np.random.default_rng(kernel)
    network.parameters[...] = at = rng.normal(0, 0.5, network.parameters.size)
    x, y = batch_for(network, 2)
    gradient = gradient_of(network, x, y)
    # The slopes along as many random directions as here differ if any ∂E/∂w does.
    directions = rng.normal(0, 1, (20, at.size))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    slopes = []
    for direction in directions:
        along = np.zeros(1)

        def error(direction: Array = direction, along: Array = along) -> float:
            network.parameters[...] = at + along * direction
            return network.loss.value(network.predict(x), y)

        slopes.append(numerical_gradient(error, along, 1e-5)[0])
    size = float(np.linalg.norm(gradient))
    np.testing.assert_allclose(directions @ gradient, slopes, atol=1e-7 * size)


def test_a_step_by_pencil() -> None:
    """A 4×4 picture and a 2×2 kernel: every number can be checked by hand."""
    x = np.array([[1, 2, 0, 1], [0, 1, 3, 0], [2, 0, 1, 1], [1, 1, 0, 2]], float).reshape(
        1, 4, 4, 1
    )
    layer = Conv(1, 2, "identity")
    layer.weights = np.array([[1, 0], [-1, 2]], float).reshape(1, 2, 2, 1)
    layer.biases = np.array([1.0])
    z = [[4, 8, -2], [-1, 4, 5], [4, 0, 6]]
    assert layer.forward(x)[0, :, :, 0].tolist() == z
    delta = np.array([[1, 0, 0], [0, 0, 0], [0, 0, -1]], float).reshape(1, 3, 3, 1)
    weights, biases = layer.gradient(delta, x)
    assert weights.reshape(2, 2).tolist() == [[0, 1], [0, -1]]
    assert biases.tolist() == [0]
    error = [[1, 0, 0, 0], [-1, 2, 0, 0], [0, 0, -1, 0], [0, 0, 1, -2]]
    assert layer.backward(delta, x)[0, :, :, 0].tolist() == error
    assert MaxPool(2).forward(x)[0, :, :, 0].tolist() == [[2, 3], [2, 2]]
    assert MeanPool(2).forward(x)[0, :, :, 0].tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("shape", [(3,), (2, 3, 1), (3, 2, 1), (4, 4)])
def test_windows_larger_than_a_picture_are_refused(shape: tuple[int, ...]) -> None:
    for layer in (Conv(1, 3, "relu"), MaxPool(3)):
        with pytest.raises(ValueError, match=r"windows of 3×3 do not fit into inputs of shape \("):
            layer.output_shape(shape)


def test_many_pictures_are_convolved_in_parts_that_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = RNG.normal(size=(7, 6, 6, 2))
    layer = with_parameters(Conv(3, 3, "tanh"), x.shape[1:])
    delta = RNG.normal(size=layer.forward(x).shape)
    whole = layer.forward(x), layer.backward(delta, x), *layer.gradient(delta, x)
    monkeypatch.setattr("nntrain.nn.convolution.CACHED_BYTES", 1)
    parts = layer.forward(x), layer.backward(delta, x), *layer.gradient(delta, x)
    for ours, theirs in zip(parts, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
