"""Export of weights as named arrays: `.npz` for NumPy, and `.safetensors`.

W_i, b_i       the weights and biases of layer i, in the lecture's shapes: (n_i, n_{i−1}) and
               (n_i,); of a convolution (filters, kernel, kernel, channels) and (filters,).
               Pooling has none. Those of a committee are member1.W_1, member1.b_1, …
activations    the name of σ of each layer
layers         each layer as JSON, such as {"conv": 16, "kernel": 5, "stride": 1, "padding": 2}
classes        the label of each output
pixel_scale    (slope, low): the inputs are x_0 = slope · pixel + low, for pixels from 0 to 255
input_shape    (n_0,), or a picture's (height, width, channels)
nntrain, runs  the version, and the folders that the weights are from
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import MissingLibraryError
from nntrain.files import atomic_write
from nntrain.nn import Conv, Layer, MaxPool, MeanPool
from nntrain.nn.arrays import Array
from nntrain.training.inference import Predictor
from nntrain.training.weight_files import named_arrays
from nntrain.version import __version__


def export_npz(models: Sequence[Predictor], path: Path) -> None:
    """Export one network, or the members of a committee, as NumPy's `.npz` without pickles.

    Args:
        models: The networks of one run or committee.
        path: The file to replace or create; its folder must exist.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    arrays: dict[str, Any] = {
        **weights_of(models),
        **{name: np.array(value) for name, value in description_of(models).items()},
    }
    content = io.BytesIO()
    np.savez(content, **arrays)
    with atomic_write(path) as file:
        file.write(content.getvalue())


def export_safetensors(models: Sequence[Predictor], path: Path) -> None:
    """Export the same as `.safetensors`; arguments as in `export_npz`.

    Raises:
        MissingLibraryError: If safetensors is not installed.
        NNTrainError: If the file cannot be written.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise MissingLibraryError(
            f"{path}: .safetensors needs safetensors", "safetensors"
        ) from error
    metadata = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in description_of(models).items()
    }
    content = save(weights_of(models), metadata)
    with atomic_write(path) as file:
        file.write(content)


def weights_of(models: Sequence[Predictor]) -> dict[str, Array]:
    """The weights and biases by name, each contiguous."""
    arrays = {}
    for member, model in enumerate(models, 1):
        prefix = f"member{member}." if len(models) > 1 else ""
        for name, array in named_arrays(model.network).items():
            arrays[prefix + name] = np.ascontiguousarray(array)
    return arrays


def description_of(models: Sequence[Predictor]) -> dict[str, Any]:
    """What else is needed to use the weights; see above."""
    first = models[0]
    return {
        "activations": [layer.activation for layer in first.config.network],
        "layers": [json.dumps(_described(layer)) for layer in first.network.layers],
        "classes": list(first.classes),
        "pixel_scale": [first.scale.slope, first.scale.low],
        "input_shape": list(first.network.shapes[0]),
        "nntrain": __version__,
        "runs": [str(model.run) for model in models],
    }


def _described(layer: Layer) -> dict[str, int]:
    match layer:
        case Conv():
            window = {"stride": layer.stride, "padding": layer.padding}
            return {"conv": layer.filters, "kernel": layer.kernel, **window}
        case MeanPool():  # before MaxPool, which it is, too
            return {"mean_pool": layer.size, "stride": layer.stride}
        case MaxPool():
            return {"max_pool": layer.size, "stride": layer.stride}
    return {"dense": len(layer.biases)}
