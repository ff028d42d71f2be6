"""Export to ONNX, which runs without nntrain, for example in browsers.

    pixels, float32 of shape (N, n_0), 0 … 255  →  probabilities, float32 of shape (N, classes)

The graph contains the scaling of the pixels, the layers, the conversion to probabilities and a
committee's mean. Sums are computed in another order than in nntrain, so probabilities of float32
networks agree to about 1e-6.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import MissingLibraryError
from nntrain.files import atomic_write
from nntrain.nn import Conv, FlatDense, MaxPool, MeanPool
from nntrain.nn.activations import LEAK, TANH_AMPLITUDE, TANH_SLOPE
from nntrain.nn.arrays import Array
from nntrain.training.inference import Predictor
from nntrain.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

INPUT, OUTPUT = "pixels", "probabilities"
# Of 2019, so that older runtimes can read it; all operators used support float64.
OPSET, IR_VERSION = 11, 6


def export_onnx(models: Sequence[Predictor], path: Path) -> None:
    """Export one network, or a committee, whose probabilities are the mean over its members.

    Args:
        models: At least one, of the same pixels and classes.
        path: The file to replace or create; its folder must exist.

    Raises:
        MissingLibraryError: If onnx is not installed.
        NNTrainError: If the file cannot be written.
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError(f"{path}: ONNX files need onnx", "onnx") from error
    content = build_onnx(models).SerializeToString()
    with atomic_write(path) as file:
        file.write(content)


def build_onnx(models: Sequence[Predictor]) -> "ModelProto":
    """The ONNX model of one network, or of a committee; see `export_onnx`."""
    from onnx import TensorProto, helper

    graph = _Graph()
    answers = []
    for number, model in enumerate(models, 1):
        graph.prefix = f"member{number}." if len(models) > 1 else ""
        answers.append(_member(graph, model))
    graph.prefix = ""
    if len(models) > 1:
        answers = [graph.mul(graph.node("Sum", *answers), 1 / len(models))]
    graph.nodes.append(helper.make_node("Identity", answers, [OUTPUT], "answer"))

    first, last = models[0].network.widths[0], models[0].network.widths[-1]
    exported = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "nntrain",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", first])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", last])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="nntrain",
        producer_version=__version__,
    )
    helper.set_model_props(
        exported,
        {
            "classes": ",".join(models[0].classes),
            "nntrain": __version__,
            "runs": ", ".join(str(model.run) for model in models),
        },
    )
    return exported


class _Graph:
    """Builds a graph; each result has the name of its node.

    Attributes:
        nodes: The nodes in order of computation.
        constants: Weights, biases and other constants.
        prefix: Prefix of the names of new nodes and constants.
        dtype: The dtype of new constants.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.prefix = ""
        self.dtype = np.dtype(np.float32)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; returns the name of its result."""
        from onnx import helper

        name = f"{self.prefix}{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, value: Array | float) -> str:
        """Add a constant; returns its name."""
        from onnx import numpy_helper

        name = f"{self.prefix}constant{len(self.constants)}"
        self.constants.append(
            numpy_helper.from_array(np.ascontiguousarray(value, self.dtype), name)
        )
        return name

    def whole(self, *numbers: int) -> str:
        """Add a constant vector of whole numbers; returns its name."""
        from onnx import numpy_helper

        name = f"{self.prefix}constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(numbers, np.int64), name))
        return name

    def cast(self, x: str, dtype: "np.dtype[np.floating]") -> str:
        from onnx import helper

        return self.node("Cast", x, to=helper.np_dtype_to_tensor_dtype(dtype))

    def add(self, x: str, number: float) -> str:
        return self.node("Add", x, self.constant(number))

    def mul(self, x: str, number: float) -> str:
        return self.node("Mul", x, self.constant(number))

    def max(self, x: str, number: float) -> str:
        return self.node("Max", x, self.constant(number))


def _scaled_tanh(graph: _Graph, z: str) -> str:
    return graph.mul(graph.node("Tanh", graph.mul(z, TANH_SLOPE)), TANH_AMPLITUDE)


# See nntrain.nn.activations; sigmoid and leaky_relu use operators with float64 in all runtimes.
_ACTIVATIONS: dict[str, Callable[[_Graph, str], str]] = {
    "identity": lambda graph, z: z,
    # 1/(1 + e^−z) is precise also near 0; 1/∞ = 0 is correct, too.
    "sigmoid": lambda graph, z: graph.node(
        "Reciprocal", graph.add(graph.node("Exp", graph.mul(z, -1)), 1)
    ),
    "tanh": lambda graph, z: graph.node("Tanh", z),
    "scaled_tanh": _scaled_tanh,
    "relu": lambda graph, z: graph.max(z, 0),
    "leaky_relu": lambda graph, z: graph.node("Max", z, graph.mul(z, LEAK)),
    "softmax": lambda graph, z: graph.node("Softmax", z, axis=1),
}


def _member(graph: _Graph, model: Predictor) -> str:
    """Add one network, from the pixels to its probabilities, float32."""
    config, network = model.config, model.network
    graph.dtype = network.parameters.dtype
    pixels = INPUT
    if graph.dtype != np.float32:
        pixels = graph.cast(pixels, graph.dtype)
    x = graph.mul(pixels, model.scale.slope)
    if model.scale.low:
        x = graph.add(x, model.scale.low)
    x = _layers(graph, x, model)
    x = _shares(graph, x, config.network[-1].activation, config.loss)
    if graph.dtype != np.float32:
        graph.dtype = np.dtype(np.float32)
        x = graph.cast(x, graph.dtype)
    return x


def _layers(graph: _Graph, x: str, model: Predictor) -> str:
    """Add the layers; pictures are (N, channels, height, width) in ONNX."""
    shapes = model.network.shapes
    if len(shapes[0]) > 1:
        if graph.dtype != np.float32:  # no runtime convolves in float64
            graph.dtype = np.dtype(np.float32)
            x = graph.cast(x, graph.dtype)
        pictures = graph.node("Reshape", x, graph.whole(0, *shapes[0]))
        x = graph.node("Transpose", pictures, perm=[0, 3, 1, 2])
    for layer, spec in zip(model.network.layers, model.config.network, strict=True):
        if isinstance(layer, MaxPool):  # or MeanPool, which is one, too
            operator = "AveragePool" if isinstance(layer, MeanPool) else "MaxPool"
            size = {"kernel_shape": [layer.size] * 2, "strides": [layer.stride] * 2}
            x = graph.node(operator, x, **size)
            continue
        if isinstance(layer, FlatDense):
            x = graph.node("Flatten", graph.node("Transpose", x, perm=[0, 2, 3, 1]), axis=1)
        biases = graph.constant(layer.biases)
        if isinstance(layer, Conv):
            weights = graph.constant(layer.weights.transpose(0, 3, 1, 2))
            window = {"strides": [layer.stride] * 2, "pads": [layer.padding] * 4}
            z = graph.node("Conv", x, weights, biases, **window)
        else:
            z = graph.node("Gemm", x, graph.constant(layer.weights), biases, transB=1)
        x = _ACTIVATIONS[spec.activation](graph, z)
    return x


def _shares(graph: _Graph, x: str, activation: str, loss: str) -> str:
    """Convert outputs to probabilities; see `nntrain.training.inference.as_probabilities`."""
    if activation == "softmax" and loss == "cross_entropy":
        return x
    least = graph.node("ReduceMin", x, axes=[1], keepdims=1)
    greatest = graph.node("ReduceMax", x, axes=[1], keepdims=1)
    zero = graph.constant(0)
    lowest = graph.node("Where", graph.node("Greater", greatest, zero), zero, least)
    x = graph.max(graph.node("Sub", x, lowest), 0)
    x = graph.add(x, float(np.finfo(np.float32).tiny))  # a row may be all zeros
    return graph.node("Div", x, graph.node("ReduceSum", x, axes=[1], keepdims=1))
