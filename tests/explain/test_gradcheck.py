"""The gradient check accepts right gradients, names the wrong layer, and excludes kinks."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nntrain.errors import DivergenceError
from nntrain.explain.gradcheck import Comparison, check_gradient, diagnosis
from nntrain.nn import ACTIVATIONS, LOSSES, Network
from nntrain.nn import activations as activations_module
from nntrain.nn.activations import Elementwise
from nntrain.nn.arrays import Array
from nntrain.nn.layers import Dense
from tests.support.networks import HIDDEN, batch_for, network_of, smooth_network

OUTPUTS = {
    "squared_error": list(ACTIVATIONS),
    "cross_entropy": ["softmax"],
    "binary_cross_entropy": ["sigmoid"],
}


def check(network: Network, layers: Sequence[int] = (), epsilon: float = 1e-5) -> list[Comparison]:
    x, y = batch_for(network, 3)
    layers = layers or range(1, len(network.layers) + 1)
    return check_gradient(network, x, y, layers, epsilon, seed=0)


def verdicts(comparisons: list[Comparison]) -> dict[str, str]:
    return {found.symbol: found.verdict for found in comparisons}


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_activation_with_every_loss_is_right(hidden: str, loss: str) -> None:
    for output in OUTPUTS[loss]:
        network, x, y = smooth_network([hidden, output], loss)
        comparisons = check_gradient(network, x, y, [1, 2], 1e-5, seed=0)
        assert {found.verdict for found in comparisons} == {"right"}
        assert max(found.relative_error for found in comparisons) < 1e-6
        assert sum(found.checked for found in comparisons) == network.parameters.size
        assert diagnosis(comparisons, network) == ""


def break_derivative(patch: pytest.MonkeyPatch) -> None:
    def wrong(x: Array, out: Array | None = None) -> Array:
        return np.positive(x, out=out)  # σ instead of σ (1 − σ)

    patch.setitem(
        activations_module.ACTIVATIONS, "sigmoid", Elementwise(activations_module.sigmoid, wrong)
    )


def break_way_back(patch: pytest.MonkeyPatch) -> None:
    def transposed(self: Dense, delta: Array, x: Array, out: Array | None = None) -> Array:
        return np.matmul(delta, self.weights.T, out=out)

    patch.setattr(Dense, "backward", transposed)


def break_biases(patch: pytest.MonkeyPatch) -> None:
    right = Dense.gradient

    def mean(self: Dense, delta: Array, x: Array, out: tuple[Array, Array]) -> tuple[Array, Array]:
        weights, biases = right(self, delta, x, out)
        biases /= len(delta)
        return weights, biases

    patch.setattr(Dense, "gradient", mean)


def break_weights(patch: pytest.MonkeyPatch) -> None:
    right = Dense.gradient

    def late(self: Dense, delta: Array, x: Array, out: tuple[Array, Array]) -> tuple[Array, Array]:
        return right(self, delta, np.roll(x, 1, axis=1), out)

    patch.setattr(Dense, "gradient", late)


@pytest.mark.parametrize(
    ("fault", "activations", "wrong", "sentence"),
    [
        (
            break_derivative,
            ["tanh", "sigmoid", "tanh"],
            {"∂E/∂W_1", "∂E/∂b_1", "∂E/∂W_2", "∂E/∂b_2"},
            "δ_2 = W_3ᵀ δ_3 ⊙ σ′(z_2) is wrong, while δ_3 is right",
        ),
        (
            break_derivative,
            ["tanh", "tanh", "sigmoid"],
            {f"∂E/∂{parameter}_{i}" for parameter in "Wb" for i in (1, 2, 3)},
            "δ_3 = ∂E/∂x_3 ⊙ σ′(z_3) is wrong, and with it all that follows from it",
        ),
        (
            break_way_back,
            ["tanh", "sigmoid", "tanh"],
            {"∂E/∂W_1", "∂E/∂b_1", "∂E/∂W_2", "∂E/∂b_2"},
            "δ_2 = W_3ᵀ δ_3 ⊙ σ′(z_2) is wrong, while δ_3 is right",
        ),
        (
            break_biases,
            ["tanh", "sigmoid", "tanh"],
            {"∂E/∂b_1", "∂E/∂b_2", "∂E/∂b_3"},
            "∂E/∂b_3 = δ_3 is wrong, while δ_3 is right, as ∂E/∂W_3 = δ_3 x_2ᵀ shows",
        ),
        (
            break_weights,
            ["tanh", "sigmoid", "tanh"],
            {"∂E/∂W_1", "∂E/∂W_2", "∂E/∂W_3"},
            "∂E/∂W_3 = δ_3 x_2ᵀ is wrong, while δ_3 is right, as ∂E/∂b_3 = δ_3 shows",
        ),
    ],
)
def test_a_wrong_gradient_is_found_and_its_formula_named(
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[pytest.MonkeyPatch], None],
    activations: list[str],
    wrong: set[str],
    sentence: str,
) -> None:
    fault(monkeypatch)
    network = network_of([4, 4, 4, 4], activations, "squared_error")
    comparisons = check(network)
    assert {name for name, verdict in verdicts(comparisons).items() if verdict == "wrong"} == wrong
    assert diagnosis(comparisons, network) == sentence


def test_the_canonical_pair_has_its_own_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Network.output_delta

    def wrong(self: Network, *given: Array) -> Array:
        return -right(self, *given)

    monkeypatch.setattr(Network, "output_delta", wrong)
    network = network_of([3, 4], ["softmax"], "cross_entropy")
    assert diagnosis(check(network), network).startswith("δ_1 = x_1 − y is wrong")


def test_one_layer_alone_cannot_tell_whether_the_next_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    break_way_back(monkeypatch)
    network = network_of([4, 4, 4, 4], ["tanh"] * 3, "squared_error")
    comparisons = check(network, [1])
    assert [found.symbol for found in comparisons] == ["∂E/∂W_1", "∂E/∂b_1"]
    assert diagnosis(comparisons, network).endswith("without --layer you see whether δ_2 is")


def test_a_single_wrong_entry_is_the_worst_one_with_both_its_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = Network.gradient

    def one_wrong(self: Network, *arguments: object) -> Array:
        gradient = right(self, *arguments)  # type: ignore[arg-type]
        self.views(gradient)[1][0][2, 3] += 0.01
        return gradient

    network = network_of([3, 4, 5], ["tanh", "tanh"], "squared_error")
    before = check(network)[2]
    monkeypatch.setattr(Network, "gradient", one_wrong)
    found = check(network)[2]
    assert before.verdict == "right"
    assert found.verdict == "wrong"
    assert found.worst is not None
    assert found.worst.entry == (2, 3)
    assert found.worst.backpropagated - found.worst.numerical == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_kinks_are_counted_and_are_no_errors(activation: str) -> None:
    network = network_of([2, 3, 2], [activation, "identity"], "squared_error")
    first = network.layers[0]
    first.weights[...] = [[1, 1], [0, 0], [1, 2]]
    first.biases[...] = [1, 0, 1]  # z of the second neuron is exactly 0, at its kink
    x, y = np.array([[1.0, 0.5]]), np.array([[0.0, 1.0]])
    weights, biases, *behind = check_gradient(network, x, y, [1, 2], 1e-5, seed=0)
    assert (weights.checked, weights.kinks, weights.verdict) == (4, 2, "right")
    assert (biases.checked, biases.kinks, biases.verdict) == (2, 1, "right")
    assert [found.kinks for found in behind] == [0, 0]
    first.weights.fill(0)
    first.biases.fill(0)
    weights, *_ = check_gradient(network, x, y, [1], 1e-5, seed=0)
    assert (weights.checked, weights.kinks, weights.verdict) == (0, 6, "kinks only")
    assert weights.worst is None


def test_the_seed_draws_the_same_entries_for_one_layer_as_for_all() -> None:
    network = network_of([40, 30, 5], ["tanh", "tanh"], "squared_error")
    weights, *_ = check(network, [1])
    assert (weights.size, weights.checked) == (1200, 100)
    assert check(network)[0] == weights
    x, y = batch_for(network, 3)
    assert check_gradient(network, x, y, [1], 1e-5, seed=1)[0].worst != weights.worst


@pytest.mark.parametrize("epsilon", [1e-8, 1e-5, 1e-3])
def test_no_allowed_epsilon_makes_a_right_gradient_wrong(epsilon: float) -> None:
    network = network_of([40, 30, 5], ["sigmoid", "softmax"], "cross_entropy")
    assert "wrong" not in verdicts(check(network, epsilon=epsilon)).values()


def test_a_gradient_below_rounding_is_not_called_right() -> None:
    network = network_of([3, 4, 4, 2], ["sigmoid"] * 3, "squared_error")
    network.layers[2].weights[...] *= 1e-9
    assert verdicts(check(network))["∂E/∂W_1"] == "too small to tell"
    network.layers[2].weights.fill(0)  # so that nothing at all goes back
    assert verdicts(check(network))["∂E/∂W_1"] == "right"


def test_an_infinite_loss_is_refused() -> None:
    network = network_of([3, 2], ["identity"], "squared_error")
    network.parameters.fill(1e200)
    with pytest.raises(DivergenceError, match="E is inf"):
        check(network)


@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")]
)
@pytest.mark.parametrize("bias", [-300.0, 300.0])
def test_a_clipped_logarithm_is_refused_instead_of_called_wrong(
    output: str, loss: str, bias: float
) -> None:
    network = network_of([3, 2], [output], loss)
    network.layers[0].biases[0] = bias
    with pytest.raises(DivergenceError, match="E's logarithm is cut off there"):
        check(network)
    network.layers[0].biases[0] = bias / 30
    assert set(verdicts(check(network)).values()) == {"right"}
