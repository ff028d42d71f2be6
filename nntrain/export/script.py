"""Export as a short script that predicts with NumPy, and its weights beside it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from nntrain.config.layers import shapes_text
from nntrain.config.schema import LayerConfig
from nntrain.errors import printable
from nntrain.export.arrays import export_npz
from nntrain.files import atomic_write
from nntrain.nn import Conv, FlatDense, Layer, MaxPool, MeanPool
from nntrain.shell import command_line
from nntrain.training.inference import Predictor
from nntrain.version import __version__

_SCRIPT = '''"""{command}

The network {shapes} of {run}.
Needs NumPy, pandas, and {weights} beside this file. Written by nntrain {version}.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
{imports}
w = dict(np.load(Path(__file__).with_suffix(".npz")))


{functions}


test = pd.read_csv(sys.argv[1])
ids = test.iloc[:, 0]
if test.shape[1] == {inputs}:  # there are none
    ids = pd.Series(range(1, len(test) + 1), name="ImageId")
{answers}
labels = w["classes"][answers.argmax(axis=1)]
table = {{ids.name: ids, "number" if ids.name == "id" else "Label": labels}}
pd.DataFrame(table).to_csv(sys.argv[2], index=False)
'''

_WINDOWS_IMPORT = "from numpy.lib.stride_tricks import sliding_window_view\n"
_WINDOWS = """def windows(x, size, stride):
    return sliding_window_view(x, (size, size), (1, 2))[:, ::stride, ::stride]"""
_FUNCTIONS = {
    "sigmoid": """def sigmoid(z):  # 1 / (1 + e^−z), without overflow
    return (1 + np.tanh(z / 2)) / 2""",
    "scaled_tanh": """def scaled_tanh(z):
    return 1.7159 * np.tanh(2 / 3 * z)""",
    "relu": """def relu(z):
    return np.maximum(z, 0)""",
    "leaky_relu": """def leaky_relu(z):
    return np.maximum(z, 0.01 * z)""",
    "softmax": """def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)""",
    "conv": """def conv(x, W, b, stride, border):
    x = np.pad(x, ((0, 0), (border, border), (border, border), (0, 0)))
    return np.tensordot(windows(x, W.shape[1], stride), W, ((4, 5, 3), (1, 2, 3))) + b""",
    "max_pool": """def max_pool(x, size, stride):
    return windows(x, size, stride).max(axis=(4, 5))""",
    "mean_pool": """def mean_pool(x, size, stride):
    return windows(x, size, stride).mean(axis=(4, 5))""",
    "shares": """def shares(x):  # probabilities from outputs that are no softmax
    greatest, least = x.max(axis=1, keepdims=True), x.min(axis=1, keepdims=True)
    x = np.maximum(x - np.where(greatest > 0, 0, least), 0) + 1e-38
    return x / x.sum(axis=1, keepdims=True)""",
}
_AT_ONCE = 100  # pictures, whose windows fit into memory


def export_script(models: Sequence[Predictor], path: Path) -> None:
    """Export a script `NAME.py` for the CSVs of Kaggle's competitions, and its weights `NAME.npz`.

    The script is written for this network: a line for each layer. It needs NumPy and pandas.

    Args:
        models: The networks of one run or committee.
        path: The script to replace or create; its folder must exist.

    Raises:
        NNTrainError: If a file cannot be written.
    """
    weights = weights_beside(path)
    export_npz(models, weights)
    with atomic_write(path, "w") as file:
        file.write(script_of(models, path))


def weights_beside(path: Path) -> Path:
    """The file with the weights of a script."""
    return path.with_suffix(".npz")


def script_of(models: Sequence[Predictor], path: Path) -> str:
    """The script that predicts with one network, or with the mean of a committee."""
    first, members = models[0], len(models)
    inputs, dtype = first.network.widths[0], first.network.parameters.dtype
    network = _network(first, members)
    functions = [text for name, text in _FUNCTIONS.items() if re.search(rf"\b{name}\(", network)]
    has_windows = any("windows(" in text for text in functions)
    if has_windows:
        functions.insert(0, _WINDOWS)
    answers = f'pixels = test.iloc[:, -{inputs}:].to_numpy("{dtype}")\n'
    if has_windows:
        answers += f"parts = np.array_split(pixels, len(pixels) // {_AT_ONCE} + 1)\n"
        answers += "answers = np.concatenate([network(part) for part in parts])"
    else:
        answers += "answers = network(pixels)"
    run = first.run.folder if members == 1 else first.run.folder.parent
    return _SCRIPT.format(
        command=_quotable(command_line("python", Path(path.name), "test.csv", "submission.csv")),
        shapes=shapes_text(first.network.shapes),
        run=_quotable(str(run)),
        weights=_quotable(weights_beside(path).name),
        version=__version__,
        imports=_WINDOWS_IMPORT if has_windows else "",
        functions="\n\n\n".join([*functions, network]),
        inputs=inputs,
        answers=answers,
    )


def _network(model: Predictor, members: int) -> str:
    """The function `network`, from pixels to answers; of a committee, with one for its members."""
    vote = members > 1
    lines = [*_inputs(model)]
    layers = zip(model.network.layers, model.config.network, strict=True)
    for number, (layer, config) in enumerate(layers, 1):
        if isinstance(layer, FlatDense):
            lines.append("x = x.reshape(len(x), -1)")
        lines.append(f"x = {_output(layer, config, number, vote)}")
    output = lines.pop().removeprefix("x = ")
    is_softmax = model.config.network[-1].activation == "softmax"
    lines.append(f"return shares({output})" if vote and not is_softmax else f"return {output}")
    if not vote:
        return "\n    ".join(["def network(pixels):", *lines])
    return (
        "\n    ".join(["def member(pixels, name):", *lines])
        + "\n\n\ndef network(pixels):\n"
        + f'    return sum(member(pixels, f"member{{i}}.") for i in range(1, {members + 1}))'
    )


def _inputs(model: Predictor) -> Iterator[str]:
    """The lines that make x_0 of pixels."""
    data, shape = model.config.data, model.network.shapes[0]
    if data.pixel_range is not None:
        black, white = data.pixel_range
        yield f"pixels = np.rint((pixels - {black}) * (255 / ({white} - {black})))"
    pixels = "pixels"
    if len(shape) > 1:
        pixels = f"pixels.reshape({', '.join(map(str, (-1, *shape)))})"
    low, high = data.input_range
    scale = "" if (low, high) == (0, 1) else f"{low} + {high - low} * "
    yield f"x = {scale}{pixels} / 255  # x_0"


def _output(layer: Layer, config: LayerConfig, number: int, vote: bool) -> str:
    """x_i as an expression of x_{i−1}."""
    if isinstance(layer, MaxPool):  # or MeanPool, which is one, too
        kind = "mean_pool" if isinstance(layer, MeanPool) else "max_pool"
        return f"{kind}(x, {layer.size}, {layer.stride})"
    prefix = "name + " if vote else ""
    weights, biases = (f'w[{prefix}"{letter}_{number}"]' for letter in "Wb")
    z = f"x @ {weights}.T + {biases}"
    if isinstance(layer, Conv):
        z = f"conv(x, {weights}, {biases}, {layer.stride}, {layer.padding})"
    if config.activation == "identity":
        return z
    return f"np.tanh({z})" if config.activation == "tanh" else f"{config.activation}({z})"


def _quotable(text: str) -> str:
    """A text within a docstring."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')
