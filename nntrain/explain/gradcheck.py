"""Backpropagation's gradient compared with the numerical one, layer by layer."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import DivergenceError
from nntrain.explain.numerical import central_differences
from nntrain.nn import LOSSES, Loss, Network
from nntrain.nn.arrays import Array
from nntrain.nn.losses import SMALLEST_DOUBT, SMALLEST_PROBABILITY
from nntrain.randomness import Purpose, generator

# Entries that are compared of each matrix and vector: enough for any systematic error.
ENTRIES = 100
# The relative error that ε²/6 · ∂³E/∂w³ may cause; a wrong formula causes a far larger one.
TOLERANCE = 1e-5
# The rounding error of E after all its sums, relative to max(1, E).
ROUNDING = 10 * float(np.finfo(np.float64).eps)

Parameter: TypeAlias = Literal["W", "b"]
PARAMETERS: tuple[Parameter, ...] = ("W", "b")
Verdict: TypeAlias = Literal["right", "wrong", "too small to tell", "kinks only"]


class Worst(NamedTuple):
    """The entry with the largest difference; its index counts from 0 as in NumPy."""

    entry: tuple[int, ...]
    backpropagated: float
    numerical: float


class Comparison(NamedTuple):
    """∂E/∂W_i or ∂E/∂b_i by backpropagation and by central differences.

    Attributes:
        layer: i, counted from 1.
        parameter: "W" or "b".
        size: Its number of entries.
        checked: The number of entries that were compared.
        kinks: The number of chosen entries that were not, because the numerical value is at a kink.
        relative_error: ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) over those compared; 0 if g and ĝ are 0.
        worst: None if nothing was compared.
        verdict: "too small to tell" if the gradient is hardly larger than the rounding error.
    """

    layer: int
    parameter: Parameter
    size: int
    checked: int
    kinks: int
    relative_error: float
    worst: Worst | None
    verdict: Verdict

    @property
    def symbol(self) -> str:
        """The symbol in the lecture."""
        return f"∂E/∂{self.parameter}_{self.layer}"


def check_gradient(
    network: Network, x: Array, y: Array, layers: Sequence[int], epsilon: float, seed: int
) -> list[Comparison]:
    """Compare the gradients of some layers' weights and biases with central differences.

    Args:
        network: In float64.
        x: Inputs, shape (B, n_0).
        y: Targets, shape (B, n_L).
        layers: Their numbers, counted from 1.
        epsilon: ε.
        seed: Seed for the choice of entries.

    Raises:
        DivergenceError: If E is not finite, or an output lies where E is clipped.
    """
    error, gradient = _backpropagated(network, x, y)
    positions = network.views(np.arange(len(gradient)))
    comparisons = []
    for layer in layers:
        for number, (parameter, indices) in enumerate(
            zip(PARAMETERS, positions[layer - 1], strict=True)
        ):
            if not indices.size:  # as in pooling
                continue
            chosen = _choose(indices.size, generator(seed, Purpose.GRADIENT_CHECK, layer, number))
            selected = indices.ravel()[chosen]
            numerical, at_kink = central_differences(network, x, y, selected, epsilon)
            smooth = np.flatnonzero(~at_kink)
            backpropagated, numerical = gradient[selected][smooth], numerical[smooth]
            relative_error, verdict = _judge(
                backpropagated, numerical, ROUNDING * max(1.0, error) / epsilon
            )
            worst = None
            if len(smooth):
                n = np.abs(backpropagated - numerical).argmax()
                entry = np.unravel_index(chosen[smooth[n]], indices.shape)
                worst = Worst(tuple(map(int, entry)), float(backpropagated[n]), float(numerical[n]))
            checked, kinks = len(smooth), len(selected) - len(smooth)
            comparisons.append(
                Comparison(
                    layer, parameter, indices.size, checked, kinks, relative_error, worst, verdict
                )
            )
    return comparisons


def _backpropagated(network: Network, x: Array, y: Array) -> tuple[float, Array]:
    """E and its gradient by backpropagation; raises the errors of `check_gradient`."""
    with np.errstate(over="ignore", invalid="ignore"):
        xs = network.forward(x)
        error = network.loss.value(xs[-1], y)
        if not np.isfinite(error):
            raise DivergenceError(
                f"E is {error:g} with the initial weights; choose another init or data.input_range"
            )
        if network.canonical and _is_cut_off(network.loss, xs[-1], y):
            raise DivergenceError(
                "with the initial weights, an output is so near 0 or 1 that E's logarithm is cut "
                "off there, and has another gradient; choose another init or data.input_range"
            )
        gradient = network.gradient(xs, y)
    return error, gradient


def _is_cut_off(loss: Loss, outputs: Array, y: Array) -> bool:
    """Whether E is continued by a tangent of the logarithm, which δ_L = x_L − y ignores."""
    if loss is LOSSES["cross_entropy"]:
        return bool((outputs[y > 0] < SMALLEST_PROBABILITY).any())
    if loss is LOSSES["binary_cross_entropy"]:
        return bool(
            (outputs[y > 0] < SMALLEST_DOUBT).any() or (1 - outputs[y < 1] < SMALLEST_DOUBT).any()
        )
    return False


def _choose(size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Up to `ENTRIES` of the indices 0 … size − 1, in order."""
    if size <= ENTRIES:
        return np.arange(size)
    return np.sort(rng.choice(size, ENTRIES, replace=False))


def _judge(backpropagated: Array, numerical: Array, rounding: float) -> tuple[float, Verdict]:
    """The relative error and the verdict, if each numerical value has this rounding error."""
    if not len(numerical):
        return 0.0, "kinks only"
    difference = float(np.linalg.norm(backpropagated - numerical))
    scale = float(np.linalg.norm(backpropagated) + np.linalg.norm(numerical))
    tolerated = rounding * len(numerical) ** 0.5
    relative_error = difference / scale if scale else 0.0
    if not difference <= TOLERANCE * scale + tolerated:
        return relative_error, "wrong"
    if 0 < scale < 100 * tolerated:
        return relative_error, "too small to tell"
    return relative_error, "right"


def diagnosis(comparisons: Sequence[Comparison], network: Network) -> str:
    """Name the formula that is wrong, in one sentence; "" if none is.

    Errors propagate from the last layer to the first, so the last wrong layer has the cause.

    Args:
        comparisons: Those of one layer or of all.
        network: The network that was checked.
    """
    wrong = {(item.layer, item.parameter) for item in comparisons if item.verdict == "wrong"}
    if not wrong:
        return ""
    layer = max(layer for layer, _ in wrong)
    if (layer, "b") not in wrong:
        return (
            f"∂E/∂W_{layer} = δ_{layer} x_{layer - 1}ᵀ is wrong, while δ_{layer} is right, "
            f"as ∂E/∂b_{layer} = δ_{layer} shows"
        )
    if (layer, "W") not in wrong:
        return (
            f"∂E/∂b_{layer} = δ_{layer} is wrong, while δ_{layer} is right, "
            f"as ∂E/∂W_{layer} = δ_{layer} x_{layer - 1}ᵀ shows"
        )
    if layer == len(network.layers):
        formula = f"x_{layer} − y" if network.canonical else f"∂E/∂x_{layer} ⊙ σ′(z_{layer})"
        return f"δ_{layer} = {formula} is wrong, and with it all that follows from it"
    formula = f"W_{layer + 1}ᵀ δ_{layer + 1} ⊙ σ′(z_{layer})"
    if all(item.layer == layer for item in comparisons):
        return f"δ_{layer} = {formula} is wrong; without --layer you see whether δ_{layer + 1} is"
    return f"δ_{layer} = {formula} is wrong, while δ_{layer + 1} is right"
