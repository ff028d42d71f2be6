"""The stack of layers: forward propagation, and backpropagation of the error."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from nntrain.nn.activations import ACTIVATIONS
from nntrain.nn.arrays import Array
from nntrain.nn.initializers import Initializer
from nntrain.nn.layers import Dense
from nntrain.nn.losses import LOSSES, difference

Scalar = TypeVar("Scalar", bound=np.generic)
Masks: TypeAlias = Sequence[Array | float | None]


class LayerSpec(NamedTuple):
    """What a layer is before it has inputs.

    Attributes:
        neurons: n_i.
        activation: σ's name.
        initializer: Draws its first weights.
        dropout: The share of its outputs that each training step leaves out.
    """

    neurons: int
    activation: str
    initializer: Initializer
    dropout: float = 0.0


def parameter_count(widths: Sequence[int]) -> int:
    """How many weights and biases there are between layers of widths n_0 … n_L."""
    return sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))


class Network:
    """A stack of dense layers and the error that it is trained to lower.

    All parameters are one vector, (W_1, …, W_L, b_1, …, b_L), each W_i row by row; the layers hold
    views into it. The gradient is a vector of the same order, as the lecture writes it, so an
    optimiser is a few operations on two vectors.

    Args:
        inputs: n_0, the length of x_0.
        layers: From the first layer to the last.
        loss: The name of E, one of `LOSSES`.
        dtype: float32 or float64.
        input_dropout: The share of x_0 that each training step leaves out.

    Attributes:
        parameters: The vector, shape (size,); all zero until `initialize`.
        layers: The layers 1 … L.
        widths: n_0 … n_L.
        weight_count: How many of the parameters, from the start, are weights.
        kept: The shares of x_0 … x_L that dropout keeps; 1 where nothing is dropped.
        outputs_match_loss: Whether the last σ and E meet as δ_L = x_L − y.

    Raises:
        ValueError: A width is less than 1, there is no layer, or the last one has dropout.
        KeyError: An activation or the loss is unknown.
    """

    def __init__(
        self,
        inputs: int,
        layers: Sequence[LayerSpec],
        loss: str,
        dtype: str | np.dtype[np.floating] = "float32",
        input_dropout: float = 0.0,
    ) -> None:
        self.widths = [inputs, *(layer.neurons for layer in layers)]
        if min(self.widths) < 1 or not layers:
            raise ValueError(
                f"a network needs a layer, and widths of at least 1, not {self.widths}"
            )
        if layers[-1].dropout:
            raise ValueError("the last layer's outputs are the answer and cannot be dropped")
        self.weight_count = sum(n_in * n_out for n_in, n_out in pairwise(self.widths))
        self.parameters: Array = np.zeros(parameter_count(self.widths), dtype)
        self.layers = [
            Dense(weights, biases, ACTIVATIONS[spec.activation])
            for (weights, biases), spec in zip(self.views(self.parameters), layers, strict=True)
        ]
        self.loss = LOSSES[loss]
        self.kept = [1 - input_dropout, *(1 - layer.dropout for layer in layers)]
        self._no_masks: Masks = [None] * len(layers)
        self._initializers = [layer.initializer for layer in layers]
        self.outputs_match_loss = layers[-1].activation == self.loss.matching

    def views(self, vector: NDArray[Scalar]) -> list[tuple[NDArray[Scalar], NDArray[Scalar]]]:
        """Views (W_i, b_i), or (∂E/∂W_i, ∂E/∂b_i), into a vector of the parameters' order.

        Args:
            vector: Shape (size,).

        Returns:
            For each layer a matrix of shape (n_i, n_{i−1}) and a vector of shape (n_i,).
        """
        pairs = []
        weights_at, biases_at = 0, self.weight_count
        for n_in, n_out in pairwise(self.widths):
            weights = vector[weights_at : weights_at + n_out * n_in].reshape(n_out, n_in)
            pairs.append((weights, vector[biases_at : biases_at + n_out]))
            weights_at += n_out * n_in
            biases_at += n_out
        return pairs

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw all weights anew and set all biases to zero."""
        for layer, initializer in zip(self.layers, self._initializers, strict=True):
            layer.weights[...] = initializer(rng, *layer.weights.shape)
            layer.biases.fill(0)

    def forward(self, trace: Sequence[Array], masks: Masks | None = None) -> Array:
        """Propagate x_0 through all layers.

        Args:
            trace: x_0 … x_L, each of shape (B, n_i): x_0 is given, the others are filled.
            masks: What multiplies x_1 … x_L, for dropout: nothing, 0 and 1 of shape (B, n_i) in
                training, or a number in prediction; None: nothing anywhere.

        Returns:
            x_L, the last of the trace.
        """
        for layer, (x, out), mask in zip(
            self.layers, pairwise(trace), masks or self._no_masks, strict=True
        ):
            layer.forward(x, out)
            if mask is not None:
                np.multiply(out, mask, out=out)
        return trace[-1]

    def propagate_back(self, y: Array, workspace: "Workspace", factor: float) -> None:
        """Propagate the error back through all layers.

        δ_L = ∂E/∂x_L ⊙ σ′(z_L), and from the last layer to the second
        δ_{i−1} = W_iᵀ δ_i ⊙ σ′(z_{i−1}).

        Args:
            y: The targets, shape (B, n_L).
            workspace: Holds the trace of `forward`; its deltas are filled.
            factor: Multiplies δ_L, and so all that follows from it: 1/B makes means of sums.
        """
        x, delta, scratch, masks = workspace
        if self.outputs_match_loss:
            difference(x[-1], y, delta[-1])
        else:
            self.loss.gradient(x[-1], y, delta[-1])
            self.layers[-1].activation.multiply_by_derivative(delta[-1], x[-1], scratch[-1])
        np.multiply(delta[-1], factor, out=delta[-1])
        for i in range(len(self.layers) - 1, 0, -1):
            self.layers[i].backward(delta[i + 1], delta[i])
            self.layers[i - 1].activation.multiply_by_derivative(delta[i], x[i], scratch[i])
            mask = masks[i - 1]
            if mask is not None:  # where x_i was left out, nothing came through z_i
                np.multiply(delta[i], mask, out=delta[i])

    def gradient(self, y: Array, workspace: "Workspace") -> Array:
        """The gradient of E, the mean over a batch, by the lecture's backpropagation.

        Args:
            y: The targets, shape (B, n_L).
            workspace: Holds the trace of `forward`; its deltas are filled.

        Returns:
            Shape (size,), in the parameters' order.
        """
        vector = np.empty_like(self.parameters)
        gradients = self.views(vector)
        self.propagate_back(y, workspace, 1 / len(y))
        for layer, delta, x, (weights, biases) in zip(
            self.layers, workspace.deltas[1:], workspace.trace[:-1], gradients, strict=True
        ):
            layer.gradient(delta, x, weights, biases)
        return vector

    def predict(self, x: Array) -> Array:
        """x_L for inputs of shape (B, n_0); shape (B, n_L).

        What dropout left out of some training steps is there in all predictions, so it counts for
        the share that was kept  (Srivastava et al. 2014, §4).
        """
        trace = [x, *(np.empty((len(x), n), x.dtype) for n in self.widths[1:])]
        shares = [None if kept == 1 else kept for kept in self.kept]
        if shares[0] is not None:
            trace[0] = x * shares[0]
        return self.forward(trace, shares[1:])


class Workspace(NamedTuple):
    """The arrays that one batch needs, allocated once.

    Attributes:
        trace: x_0 … x_L, each of shape (B, n_i).
        deltas: Nothing for the inputs, then δ_1 … δ_L, shaped as the trace.
        scratch: Likewise, overwritten at will.
        masks: What dropout keeps of x_1 … x_L: 0 and 1, shape (B, n_i), or None where it is all.
    """

    trace: list[Array]
    deltas: list[Array]
    scratch: list[Array]
    masks: list[Array | None]

    @classmethod
    def for_rows(cls, network: Network, rows: int) -> "Workspace":
        """A workspace for batches of so many rows."""
        nothing: Array = np.empty((rows, 0), network.parameters.dtype)
        trace: list[Array] = [np.empty((rows, n), network.parameters.dtype) for n in network.widths]
        deltas: list[Array] = [nothing, *map(np.empty_like, trace[1:])]
        scratch: list[Array] = [nothing, *map(np.empty_like, trace[1:])]
        return cls(trace, deltas, scratch, [None] * len(network.layers))

    def rows(self, part: slice) -> "Workspace":
        """The same memory for some of the rows."""
        return Workspace(
            [x[part] for x in self.trace],
            [delta[part] for delta in self.deltas],
            [array[part] for array in self.scratch],
            [None if mask is None else mask[part] for mask in self.masks],
        )

    def between(self, x: Array, outputs: Array, masks: list[Array | None]) -> "Workspace":
        """The same memory, but for x_0, x_L and the masks."""
        return self._replace(trace=[x, *self.trace[1:-1], outputs], masks=masks)
