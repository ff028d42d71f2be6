"""The drawing board: a run's own network in a page, which answers to what is drawn there."""

from base64 import b64encode
from importlib.resources import files
from math import isqrt
from typing import Any

import numpy as np
from markupsafe import Markup

from nntrain.report.templates import template
from nntrain.training.inference import Predictor

# In megabytes of page, where three bytes of parameters take four: 784-300-100-10 takes 1.4.
LARGEST = 2.0


def board(model: Predictor) -> Markup:
    """An HTML fragment with all it needs, scripts and style included; once in a page of UTF-8.

    The board's probabilities are those of `Predictor.probabilities` for the picture that it
    shows, to 1e-5: the browser reckons in float64, from the parameters of the network as they are.

    Its colours are the page's `--ink`, `--card`, `--faint`, `--line`, `--accent` and `--warm`,
    where the page sets them.

    Args:
        model: Any. A network whose inputs are no square picture, or that is too large to be
            embedded, gets a sentence that says so in place of a board.
    """
    inputs = model.network.widths[0]
    side = isqrt(inputs)
    if side * side != inputs:
        return _absence(f"the network's {inputs:,} inputs are no square picture to draw in")
    parameters = model.network.parameters
    megabytes = parameters.nbytes * 4 / 3 / 1e6
    if megabytes > LARGEST:
        return _absence(
            f"the network's {parameters.size:,} parameters would add {megabytes:.1f} MB to this "
            f"page, and no more than {LARGEST:g} MB should"
        )
    return Markup(  # noqa: S704 (the template has escaped it)
        template("board.html").render(
            network=_portable(model, side),
            script=_asset("board.js"),
            style=_asset("board.css"),
        )
    )


def _portable(model: Predictor, side: int) -> dict[str, Any]:
    """What the script needs, fit for JSON; `Portable` in board.js says what each item is."""
    network, config = model.network, model.config
    weights, biases = zip(*network.views(network.parameters), strict=True)
    row_by_row = np.concatenate([part.ravel() for part in (*weights, *biases)])
    little_endian = row_by_row.astype(row_by_row.dtype.newbyteorder("<"))
    return {
        "side": side,
        "low": model.scale.low,
        "slope": model.scale.slope,
        "widths": network.widths,
        "activations": [layer.activation for layer in config.network],
        "loss": config.loss,
        "labels": list(range(network.widths[-1])),
        "dtype": network.parameters.dtype.name,
        "parameters": b64encode(little_endian.tobytes()).decode(),
    }


def _absence(reason: str) -> Markup:
    return Markup("<p>No drawing board here: {}.</p>").format(reason)


def _asset(name: str) -> Markup:
    """Code of our own, not to be escaped."""
    text = (files("nntrain.report") / "assets" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704
