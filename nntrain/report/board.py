"""The drawing board: an HTML fragment in which a run's network classifies drawn digits."""

from base64 import b64encode
from collections.abc import Sequence
from math import isqrt, prod
from typing import Any

import numpy as np
from markupsafe import Markup

from nntrain.nn import Conv, Layer, MaxPool, MeanPool
from nntrain.report.templates import template
from nntrain.training.inference import Predictor

# Megabytes of base64, which encodes 3 bytes in 4: 784-300-100-10 takes 1.4, and half of that in
# float16, as networks that vote are embedded.
LARGEST = 2.0
LARGEST_VOTE = 8.0
# Multiplications of numbers for a picture, which is drawn anew at each movement of the hand: a
# browser does about 600 million a second.
MOST_PRODUCTS = 50_000_000


def board(
    models: Sequence[Predictor], largest: float | None = None, *, halved: bool = False
) -> Markup:
    """An HTML fragment with scripts and style, for one use in a page with the charset UTF-8.

    The probabilities of one network agree with `Predictor.probabilities` for the picture that the
    board shows to 1e-5: the browser computes in float64, from the same parameters, unless they are
    halved. Several networks vote: their parameters are halved, their probabilities averaged, and
    the layers of the first one are shown.

    Its colours are the page's `--ink`, `--card`, `--faint`, `--line`, `--accent` and `--warm`,
    if the page sets them.

    Args:
        models: The networks. If their inputs are not a square grey image, or they are too large,
            the fragment is a sentence that says so.
        largest: The most megabytes that the parameters may add to the page; None: `LARGEST`, or
            `LARGEST_VOTE` of several networks.
        halved: Whether they are rounded to float16, which halves their size.
    """
    several = len(models) > 1
    halved, whose = halved or several, "the networks'" if several else "the network's"
    for model in models:
        if reason := not_drawable(model):
            return _absence(f"the network's {reason}")
    parameters = [model.network.parameters for model in models]
    sizes = [array.size * (2 if halved else array.itemsize) for array in parameters]
    megabytes = sum(sizes) * 4 / 3 / 1e6
    most = largest or (LARGEST_VOTE if several else LARGEST)
    if megabytes > most:
        return _absence(
            f"{whose} {sum(array.size for array in parameters):,} parameters would add "
            f"{megabytes:.1f} MB to this page, and no more than {most:g} MB should"
        )
    products = sum(map(_products, models))
    if products > MOST_PRODUCTS:
        return _absence(
            f"{whose} {products:,} multiplications a picture would take a browser too long, "
            f"and no more than {MOST_PRODUCTS:,} should be needed"
        )
    networks = [_portable(model, halved) for model in models]
    html = template("board.html").render(network=networks[0], networks=networks)
    return Markup(html)  # noqa: S704 (the template has escaped it)


def not_drawable(model: Predictor) -> str | None:
    """Why nobody can draw what a network reads; None if its inputs are a square grey image."""
    inputs, image = model.network.widths[0], model.config.data.image
    side = isqrt(inputs)
    if side * side != inputs:
        return f"{inputs:,} inputs are not a square image to draw in"
    if image is not None and (*image, 1)[:3] != (side, side, 1):
        return f"pictures of {'×'.join(map(str, image))} are not square grey ones to draw in"
    return None


def _products(model: Predictor) -> int:
    """The multiplications for a picture: all weights, for each window."""
    return sum(
        layer.weights.size * prod(after[:-1])
        for layer, after in zip(model.network.layers, model.network.shapes[1:], strict=True)
    )


def _portable(model: Predictor, halved: bool) -> dict[str, Any]:
    """The data for the script, as JSON types; `Portable` in network.js describes them."""
    network, config = model.network, model.config
    dtype = np.dtype(np.float16) if halved else network.parameters.dtype
    weights, biases = zip(*network.views(network.parameters), strict=True)
    row_by_row = np.concatenate([part.ravel() for part in (*weights, *biases)])
    with np.errstate(over="ignore"):  # to inf
        little_endian = row_by_row.astype(dtype.newbyteorder("<"))
    return {
        "side": isqrt(network.widths[0]),
        "low": model.scale.low,
        "slope": model.scale.slope,
        "widths": network.widths,
        "layers": [
            _window(layer) | {"input": before, "output": after, "weights": layer.weights.size}
            for layer, before, after in zip(
                network.layers, network.shapes, network.shapes[1:], strict=False
            )
        ],
        "activations": [layer.activation for layer in config.network],
        "loss": config.loss,
        "labels": model.classes,
        "dtype": dtype.name,
        "parameters": b64encode(little_endian.tobytes()).decode(),
    }


def _window(layer: Layer) -> dict[str, Any]:
    """The kind of a layer, and the size of its windows."""
    match layer:
        case Conv():
            window = {"size": layer.kernel, "stride": layer.stride, "padding": layer.padding}
            return {"kind": "conv", **window}
        case MaxPool():  # or MeanPool, which is one, too
            kind = "mean_pool" if isinstance(layer, MeanPool) else "max_pool"
            return {"kind": kind, "size": layer.size, "stride": layer.stride, "padding": 0}
    return {"kind": "dense"}


def _absence(reason: str) -> Markup:
    return Markup("<p>No drawing board here: {}.</p>").format(reason)
