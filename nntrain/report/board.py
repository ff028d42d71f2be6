"""The drawing board: an HTML fragment in which a run's network classifies drawn digits."""

from base64 import b64encode
from math import isqrt, prod
from typing import Any

import numpy as np
from markupsafe import Markup

from nntrain.nn import Conv, Layer, MaxPool, MeanPool
from nntrain.report.templates import template
from nntrain.training.inference import Predictor

# Megabytes of base64, which encodes 3 bytes in 4: 784-300-100-10 takes 1.4.
LARGEST = 2.0
# Multiplications of numbers for a picture, which is drawn anew at each movement of the hand: a
# browser does about 600 million a second.
MOST_PRODUCTS = 50_000_000


def board(model: Predictor, largest: float | None = None, *, halved: bool = False) -> Markup:
    """An HTML fragment with scripts and style, for one use in a page with the charset UTF-8.

    The board's probabilities agree with `Predictor.probabilities` for the picture that it shows
    to 1e-5: the browser computes in float64, from the same parameters, unless they are halved.

    Its colours are the page's `--ink`, `--card`, `--faint`, `--line`, `--accent` and `--warm`,
    if the page sets them.

    Args:
        model: The network. If its inputs are not a square grey image, or it is too large, the
            fragment is a sentence that says so.
        largest: The most megabytes that the parameters may add to the page; None: `LARGEST`.
        halved: Whether they are rounded to float16, which halves their size.
    """
    inputs = model.network.widths[0]
    side = isqrt(inputs)
    if side * side != inputs:
        return _absence(f"the network's {inputs:,} inputs are not a square image to draw in")
    image = model.config.data.image
    if image is not None and (*image, 1)[:3] != (side, side, 1):
        shape = "×".join(map(str, image))
        return _absence(f"the network's pictures of {shape} are not square grey ones to draw in")
    parameters = model.network.parameters
    dtype = np.dtype(np.float16) if halved else parameters.dtype
    megabytes = parameters.size * dtype.itemsize * 4 / 3 / 1e6
    most = LARGEST if largest is None else largest
    if megabytes > most:
        return _absence(
            f"the network's {parameters.size:,} parameters would add {megabytes:.1f} MB to this "
            f"page, and no more than {most:g} MB should"
        )
    products = sum(
        layer.weights.size * prod(after[:-1])  # all weights, for each window
        for layer, after in zip(model.network.layers, model.network.shapes[1:], strict=True)
    )
    if products > MOST_PRODUCTS:
        return _absence(
            f"the network's {products:,} multiplications a picture would take a browser too long, "
            f"and no more than {MOST_PRODUCTS:,} should be needed"
        )
    html = template("board.html").render(network=_portable(model, side, dtype))
    return Markup(html)  # noqa: S704 (the template has escaped it)


def _portable(model: Predictor, side: int, dtype: np.dtype[np.floating[Any]]) -> dict[str, Any]:
    """The data for the script, as JSON types; `Portable` in network.js describes them."""
    network, config = model.network, model.config
    weights, biases = zip(*network.views(network.parameters), strict=True)
    row_by_row = np.concatenate([part.ravel() for part in (*weights, *biases)])
    with np.errstate(over="ignore"):  # to inf
        little_endian = row_by_row.astype(dtype.newbyteorder("<"))
    return {
        "side": side,
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
