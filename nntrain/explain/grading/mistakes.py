"""The lecture's formulas, each of which can be replaced by a usual mistake.

A mistake is recognized by its numbers: they are, to the last digits, those of the lecture's formulas
with that one formula replaced.
"""

# ruff: noqa: E501  # a mistake is one line: its formula's name, a message, the formula

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nntrain.explain.grading.problems import Array, Problem, sigmoid, sigmoid_prime

Elementwise: TypeAlias = Callable[[Array], Array]
Formula: TypeAlias = Callable[["ReferencePass", int], Any]


class ReferencePass:
    """A forward and a backward pass, with the lecture's indices: W[1] … W[L], x[0] … x[L].

    Args:
        problem: The network and the batch.
        formulas: The formula of each quantity, right or wrong.
        sigma: σ.
        sigma_prime: σ′, of z.
    """

    def __init__(
        self,
        problem: Problem,
        formulas: dict[str, Formula],
        sigma: Elementwise,
        sigma_prime: Elementwise,
    ) -> None:
        unused = np.empty((0, 0))
        self.formulas = formulas
        self.given = (sigma, sigma_prime)
        self.sigma, self.sigma_prime = formulas["σ"](self, 0)
        self.L = len(problem.weights)
        self.B = problem.x.shape[1]
        self.W = [unused, *problem.weights]
        self.b = [unused, *problem.biases]
        self.y = problem.y
        self.x, self.z = [problem.x], [problem.x]  # there is no z_0; mistakes use x_0 for it
        self.delta = [unused] * (self.L + 1)

    def forward(self) -> Any:
        """The return value of `forward`."""
        for i in range(1, self.L + 1):
            self.z.append(self.formulas["z_i"](self, i))
            self.x.append(self.formulas["x_i"](self, i))
        return self.formulas["forward"](self, 0)

    def backprop(self) -> Any:
        """The return value of `backprop`; `forward` must run first."""
        layers = range(1, self.L + 1)
        for i in reversed(layers):
            self.compute_delta(i)
        scale = self.formulas["1/B"](self, 0)
        self.by_weights = [scale * self.formulas["∂E/∂W_i"](self, i) for i in layers]
        self.by_biases = [scale * self.formulas["∂E/∂b_i"](self, i) for i in layers]
        return self.formulas["backprop"](self, 0)

    def compute_delta(self, i: int) -> None:
        """Set δ_i; those of the later layers must be set."""
        self.delta[i] = self.formulas["δ_i" if i < self.L else "δ_L"](self, i)

    def part(self, key: str, i: int) -> Any:
        """One of the formulas at layer i."""
        return self.formulas[key](self, i)

    def slope(self, i: int) -> Any:
        """σ′ at layer i."""
        return self.part("σ′", i)


LECTURE: dict[str, Formula] = {
    "σ": lambda s, _: s.given,
    "z_i": lambda s, i: s.W[i] @ s.x[i - 1] + s.b[i],
    "x_i": lambda s, i: s.sigma(s.z[i]),
    "forward": lambda s, _: [s.z[1:], s.x],
    "σ′": lambda s, i: s.sigma_prime(s.z[i]),
    "x_L − y": lambda s, i: s.x[i] - s.y,
    "2": lambda s, i: 1.0,  # what the 2 of the square and the ½ of E leave
    "σ′_L": lambda s, i: s.slope(i),
    "δ_L": lambda s, i: s.part("x_L − y", i) * s.part("2", i) * s.part("σ′_L", i),
    "Wᵀδ": lambda s, i: s.W[i + 1].T @ s.delta[i + 1],
    "σ′_i": lambda s, i: s.slope(i),
    "δ_i": lambda s, i: s.part("Wᵀδ", i) * s.part("σ′_i", i),
    "∂E/∂W_i": lambda s, i: s.delta[i] @ s.x[i - 1].T,
    "∂E/∂b_i": lambda s, i: s.delta[i].sum(axis=1, keepdims=True),
    "1/B": lambda s, _: 1 / s.B,
    "backprop": lambda s, _: [s.by_weights, s.by_biases],
}


def softmax(z: Array) -> Array:
    """softmax of every column."""
    powers = np.exp(z - z.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0))


class Mistake(NamedTuple):
    """A wrong formula in place of one of the lecture's.

    Attributes:
        replaces: The key of the right formula in `LECTURE`.
        message: What is wrong.
        formula: The wrong formula.
    """

    replaces: str
    message: str
    formula: Formula


IN_FORWARD = [
    Mistake("z_i", "z_i lacks the bias b_i", lambda s, i: s.W[i] @ s.x[i - 1]),
    Mistake("z_i", "z_i has W_iᵀ where W_i belongs", lambda s, i: s.W[i].T @ s.x[i - 1] + s.b[i]),
    Mistake("z_i", "z_i subtracts the bias b_i", lambda s, i: s.W[i] @ s.x[i - 1] - s.b[i]),
    Mistake("z_i", "z_i is made of x_0 in every layer where x_{i−1} belongs", lambda s, i: s.W[i] @ s.x[0] + s.b[i]),
    Mistake("z_i", "z_i is made of z_{i−1} where x_{i−1} belongs", lambda s, i: s.W[i] @ s.z[i - 1] + s.b[i]),
    Mistake("x_i", "x_L lacks σ: z_L stands where x_L = σ(z_L) belongs", lambda s, i: s.sigma(s.z[i]) if i < s.L else s.z[i]),
    Mistake("x_i", "x_i lacks σ", lambda s, i: s.z[i]),
    Mistake("x_i", "σ is applied twice", lambda s, i: s.sigma(s.sigma(s.z[i]))),
    Mistake("σ", "the activation is tanh where σ belongs", lambda s, _: (np.tanh, lambda z: 1 - np.tanh(z) ** 2)),
    Mistake("σ", "the activation is max(0, z) (ReLU) where σ belongs", lambda s, _: (lambda z: np.maximum(z, 0.0), lambda z: (z > 0) * 1.0)),
    Mistake("x_i", "x_L is softmax(z_L) where σ(z_L) belongs", lambda s, i: s.sigma(s.z[i]) if i < s.L else softmax(s.z[i])),
    Mistake("x_i", "b_i is added after σ, not before", lambda s, i: s.sigma(s.z[i] - s.b[i]) + s.b[i]),
]  # fmt: skip

RETURNED_BY_FORWARD = [
    Mistake("forward", "the two lists are swapped: z_1 … z_L come first", lambda s, _: [s.x, s.z[1:]]),
    Mistake("forward", "x_0 is missing: the second list begins with x itself", lambda s, _: [s.z[1:], s.x[1:]]),
    Mistake("forward", "there is no z_0: the first list begins with z_1", lambda s, _: [s.z, s.x]),
    Mistake("forward", "only x_L is returned, not the two lists", lambda s, _: s.x[-1]),
    Mistake("forward", "only the list of x_0 … x_L is returned, not both lists", lambda s, _: s.x),
    Mistake("forward", "only z_L and x_L are returned, not the lists of all", lambda s, _: [s.z[-1], s.x[-1]]),
    Mistake("forward", "the lists are in reverse order: the first layer comes first", lambda s, _: [s.z[:0:-1], s.x[::-1]]),
]  # fmt: skip

IN_BACKPROP = [
    Mistake("1/B", "the gradient is the sum over the batch, B times too large: the mean is asked for", lambda s, _: 1.0),
    Mistake("x_L − y", "δ_L has the wrong sign: (y − x_L) where (x_L − y) belongs", lambda s, i: s.y - s.x[i]),
    Mistake("σ′", "σ′ has the wrong argument: σ′(x_i) where σ′(z_i) belongs", lambda s, i: s.sigma_prime(s.x[i])),
    Mistake("σ′", "⊙ σ′(z_i) is missing in all layers", lambda s, i: 1.0),
    Mistake("σ′", "σ(z_i) stands where σ′(z_i) belongs", lambda s, i: s.x[i]),
    Mistake("σ′", "z_i (1 − z_i) stands where σ′(z_i) = σ(z_i) (1 − σ(z_i)) belongs", lambda s, i: s.z[i] * (1 - s.z[i])),
    Mistake("σ′_L", "δ_L lacks ⊙ σ′(z_L)", lambda s, i: 1.0),
    Mistake("2", "δ_L is twice as large as it should be: the ½ in E cancels the 2", lambda s, i: 2.0),
    Mistake("2", "δ_L has half its size: the ½ in E cancels the 2 of the square", lambda s, i: 0.5),
    Mistake("σ′_L", "δ_L has σ′(x_L) where σ′(z_L) belongs", lambda s, i: s.sigma_prime(s.x[i])),
    Mistake("σ′_L", "δ_L has x_L where σ′(z_L) belongs", lambda s, i: s.x[i]),
    Mistake("σ′_L", "δ_L has z_L (1 − z_L) where σ′(z_L) belongs", lambda s, i: s.z[i] * (1 - s.z[i])),
    Mistake("x_L − y", "δ_L has x_L where (x_L − y) belongs: y is not used", lambda s, i: s.x[i]),
    Mistake("x_L − y", "δ_L has ½ (x_L − y)², the error itself, where its derivative (x_L − y) belongs", lambda s, i: 0.5 * (s.x[i] - s.y) ** 2),
    Mistake("x_L − y", "δ_L has (x_L − y)², a square, where its derivative (x_L − y), without the 2, belongs", lambda s, i: (s.x[i] - s.y) ** 2),
    Mistake("x_L − y", "δ_L has |x_L − y| where (x_L − y) belongs: its sign is lost", lambda s, i: abs(s.x[i] - s.y)),
    Mistake("Wᵀδ", "δ_i lacks the transpose: W_{i+1} δ_{i+1} where W_{i+1}ᵀ δ_{i+1} belongs", lambda s, i: s.W[i + 1] @ s.delta[i + 1]),
    Mistake("σ′_i", "δ_i lacks ⊙ σ′(z_i)", lambda s, i: 1.0),
    Mistake("σ′_i", "δ_i has σ′(x_i) where σ′(z_i) belongs", lambda s, i: s.sigma_prime(s.x[i])),
    Mistake("σ′_i", "δ_i has z_i (1 − z_i) where σ′(z_i) belongs", lambda s, i: s.z[i] * (1 - s.z[i])),
    Mistake("Wᵀδ", "δ_i has W_iᵀ where W_{i+1}ᵀ belongs", lambda s, i: s.W[i].T @ s.delta[i + 1]),
    Mistake("Wᵀδ", "δ_i has W_i where W_{i+1}ᵀ belongs", lambda s, i: s.W[i] @ s.delta[i + 1]),
    Mistake("Wᵀδ", "δ_i is made of W_{i+1} after its step: W_{i+1} as it was before belongs", lambda s, i: (s.W[i + 1] - s.part("1/B", 0) * s.part("∂E/∂W_i", i + 1)).T @ s.delta[i + 1]),
    Mistake("σ′_i", "δ_i has σ′(z_{i+1}) where σ′(z_i) belongs", lambda s, i: s.slope(i + 1)),
    Mistake("σ′_i", "δ_i has σ′(z_{i−1}) where σ′(z_i) belongs", lambda s, i: s.sigma_prime(s.z[i - 1])),
    Mistake("δ_i", "δ_i has ⊙ σ′ before the product: W_{i+1}ᵀ (δ_{i+1} ⊙ σ′) where (W_{i+1}ᵀ δ_{i+1}) ⊙ σ′(z_i) belongs", lambda s, i: s.W[i + 1].T @ (s.delta[i + 1] * s.slope(i))),
    Mistake("Wᵀδ", "δ_i is made of δ_L in every layer where δ_{i+1} belongs", lambda s, i: s.W[i + 1].T @ s.delta[s.L]),
    Mistake("σ′_i", "δ_i has x_i where σ′(z_i) belongs", lambda s, i: s.x[i]),
    Mistake("∂E/∂W_i", "∂E/∂W_i is transposed: x_{i−1} δ_iᵀ where δ_i x_{i−1}ᵀ belongs", lambda s, i: s.x[i - 1] @ s.delta[i].T),
    Mistake("∂E/∂W_i", "∂E/∂W_i lacks the transpose: δ_i x_{i−1} where δ_i x_{i−1}ᵀ belongs", lambda s, i: s.delta[i] @ s.x[i - 1]),
    Mistake("∂E/∂W_i", "∂E/∂W_i has the wrong transpose: δ_iᵀ x_{i−1} where δ_i x_{i−1}ᵀ belongs", lambda s, i: s.delta[i].T @ s.x[i - 1]),
    Mistake("∂E/∂W_i", "∂E/∂W_i has the product entry by entry: δ_i ⊙ x_{i−1} where δ_i x_{i−1}ᵀ belongs", lambda s, i: s.delta[i] * s.x[i - 1]),
    Mistake("∂E/∂W_i", "∂E/∂W_i has x_i where x_{i−1} belongs", lambda s, i: s.delta[i] @ s.x[i].T),
    Mistake("∂E/∂W_i", "∂E/∂W_i has z_{i−1} where x_{i−1} belongs", lambda s, i: s.delta[i] @ s.z[i - 1].T),
    Mistake("∂E/∂W_i", "∂E/∂W_i is the sum over the batch, B times too large: the mean is asked for", lambda s, i: s.B * s.delta[i] @ s.x[i - 1].T),
    Mistake("∂E/∂W_i", "∂E/∂W_i is divided by B twice", lambda s, i: s.delta[i] @ s.x[i - 1].T / s.B),
    Mistake("∂E/∂W_i", "∂E/∂W_i has the wrong sign: with a step by it, E grows", lambda s, i: -s.delta[i] @ s.x[i - 1].T),
    Mistake("∂E/∂W_i", "∂E/∂W_i is 0: W_i never changes", lambda s, i: np.zeros_like(s.W[i])),
    Mistake("∂E/∂b_i", "∂E/∂b_i has the wrong sign: with a step by it, E grows", lambda s, i: -s.delta[i].sum(axis=1, keepdims=True)),
    Mistake("∂E/∂b_i", "∂E/∂b_i is 0: b_i never changes", lambda s, i: np.zeros_like(s.b[i])),
    Mistake("∂E/∂b_i", "∂E/∂b_i is summed over the wrong axis: over the neurons where it should be over the samples (axis=1)", lambda s, i: s.delta[i].sum(axis=0)),
    Mistake("∂E/∂b_i", "∂E/∂b_i is averaged over the wrong axis: over the neurons where it should be over the samples (axis=1)", lambda s, i: s.B * s.delta[i].mean(axis=0)),
    Mistake("∂E/∂b_i", "∂E/∂b_i is not summed over the samples (axis=1)", lambda s, i: s.delta[i]),
    Mistake("∂E/∂b_i", "∂E/∂b_i is not averaged over the samples (axis=1)", lambda s, i: s.B * s.delta[i]),
    Mistake("∂E/∂b_i", "∂E/∂b_i is summed over neurons and samples: only over the samples (axis=1)", lambda s, i: s.delta[i].sum()),
    Mistake("∂E/∂b_i", "∂E/∂b_i is averaged over neurons and samples: only over the samples (axis=1)", lambda s, i: s.B * s.delta[i].mean()),
    Mistake("∂E/∂b_i", "∂E/∂b_i is the sum over the batch, B times too large: the mean is asked for", lambda s, i: s.B * s.delta[i].sum(axis=1)),
    Mistake("∂E/∂b_i", "∂E/∂b_i is divided by B twice", lambda s, i: s.delta[i].sum(axis=1) / s.B),
    Mistake("∂E/∂b_i", "∂E/∂b_i is multiplied by b_i: z_i's derivative by b_i is 1", lambda s, i: s.delta[i].sum(axis=1, keepdims=True) * s.b[i]),
    Mistake("1/B", "the gradient is divided by B twice", lambda s, _: s.B**-2.0),
    Mistake("1/B", "the gradient is divided by n_0 = len(x) where B = x.shape[1] belongs", lambda s, _: 1 / len(s.x[0])),
    Mistake("1/B", "the gradient is divided by n_L = len(y) where B = y.shape[1] belongs", lambda s, _: 1 / len(s.y)),
    Mistake("1/B", "the gradient is divided by B n_L, the number of all outputs, where B belongs", lambda s, _: 1 / s.y.size),
    Mistake("backprop", "the lists are in reverse order: the first layer comes first", lambda s, _: [s.by_weights[::-1], s.by_biases[::-1]]),
    Mistake("backprop", "the two lists are swapped: the weights' gradients come first", lambda s, _: [s.by_biases, s.by_weights]),
    Mistake("backprop", "the two lists are swapped, and in reverse order", lambda s, _: [s.by_biases[::-1], s.by_weights[::-1]]),
    Mistake("backprop", "the gradients come layer by layer: all ∂E/∂W_i in one list and all ∂E/∂b_i in another are asked for", lambda s, _: [list(pair) for pair in zip(s.by_weights, s.by_biases, strict=True)]),
    Mistake("backprop", "W_i − ∂E/∂W_i and b_i − ∂E/∂b_i are returned, as after a step: the gradients themselves are asked for", lambda s, _: [list(map(np.subtract, s.W[1:], s.by_weights)), list(map(np.subtract, s.b[1:], s.by_biases))]),
]  # fmt: skip


def _in_some_layers(mistake: Mistake) -> list[Mistake]:
    """The mistake in the last layer alone, and in all others: code often treats these apart."""
    replaces, message, wrong = mistake
    right = LECTURE[replaces]

    def either(last: Formula, others: Formula) -> Formula:
        return lambda s, i: (last if i == s.L else others)(s, i)

    return [
        Mistake(replaces, f"{message} (in the last layer alone)", either(wrong, right)),
        Mistake(replaces, f"{message} (in all layers but the last)", either(right, wrong)),
    ]


IN_SOME_LAYERS = [
    partial
    for mistake in IN_BACKPROP
    if mistake.replaces in ("∂E/∂W_i", "∂E/∂b_i")
    for partial in _in_some_layers(mistake)
]

# The mistakes that are tried for each function.
MISTAKES = {
    "forward": [*IN_FORWARD, *RETURNED_BY_FORWARD],
    "backprop": [*IN_BACKPROP, *IN_FORWARD, *IN_SOME_LAYERS],
}

ELEMENTWISE_MISTAKES: dict[str, list[tuple[str, Elementwise]]] = {
    "sigmoid": [
        ("it is σ(−z): the exponent has the wrong sign", lambda z: sigmoid(-z)),
        ("it is tanh, not the sigmoid", np.tanh),
        ("it is 1 / (1 − e^−z) where 1 / (1 + e^−z) belongs", lambda z: 1 / (1 - np.exp(-z))),
        ("it is 1 / 1 + e^−z: brackets are missing around 1 + e^−z", lambda z: 1 + np.exp(-z)),
        ("it is max(0, z), not the sigmoid", lambda z: np.maximum(z, 0.0)),
        ("it is σ′, not σ", sigmoid_prime),
    ],
    "sigmoid_prime": [
        ("it is z (1 − z), which expects σ(z) as its argument: it is given z", lambda z: z * (1 - z)),
        ("it is σ(z), not its derivative", sigmoid),
        ("it has σ applied twice: σ′(σ(z)) where σ′(z) belongs", lambda z: sigmoid_prime(sigmoid(z))),
        ("it is 1 − σ(z): the factor σ(z) is missing", lambda z: 1 - sigmoid(z)),
        ("it has the wrong sign", lambda z: -sigmoid_prime(z)),
        ("it is σ(z) (1 + σ(z)) where σ(z) (1 − σ(z)) belongs", lambda z: sigmoid(z) * (1 + sigmoid(z))),
        ("it is 1 − tanh², the derivative of tanh", lambda z: 1 - np.tanh(z) ** 2),
        ("it is σ(z) (1 − z) where σ(z) (1 − σ(z)) belongs", lambda z: sigmoid(z) * (1 - z)),
        ("it is z (1 − σ(z)) where σ(z) (1 − σ(z)) belongs", lambda z: z * (1 - sigmoid(z))),
    ],
}  # fmt: skip


def answers_with_mistakes(
    function: str,
    problem: Problem,
    most: int,
    sigma: Elementwise = sigmoid,
    prime: Elementwise = sigmoid_prime,
) -> Iterator[tuple[tuple[Mistake, ...], Any]]:
    """What a function would return with no mistake, with one, and so on.

    Args:
        function: `"forward"` or `"backprop"`.
        problem: The function's arguments.
        most: Maximum number of mistakes at once.
        sigma: σ, if the student's is wrong.
        prime: σ′, if the student's is wrong.

    Yields:
        The mistakes, fewest first, and the value; combinations whose shapes do not fit are left out.
    """
    for number in range(most + 1):
        for chosen in combinations(MISTAKES[function], number):
            if len({mistake.replaces for mistake in chosen}) < number:  # two in one formula
                continue
            value = answer_with(function, problem, chosen, sigma, prime)
            if value is not None:
                yield chosen, value


def answer_with(
    function: str,
    problem: Problem,
    chosen: Iterable[Mistake],
    sigma: Elementwise = sigmoid,
    prime: Elementwise = sigmoid_prime,
) -> Any:
    """What a function would return with some mistakes; None if the shapes do not fit."""
    changed = {mistake.replaces: mistake.formula for mistake in chosen}
    reference = ReferencePass(problem, LECTURE | changed, sigma, prime)
    try:
        with np.errstate(all="ignore"):
            value = reference.forward()
            return reference.backprop() if function == "backprop" else value
    except ValueError:
        return None
