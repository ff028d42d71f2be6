"""Every mistake that the grader names, in a file as students write them."""

# ruff: noqa: E501  # a mistake is one line: the solution, the change, and the message

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.explain.grading import Report, grade, read_source
from nntrain.explain.grading.mistakes import ELEMENTWISE_MISTAKES, MISTAKES, answers_with_mistakes
from nntrain.explain.grading.mistakes import IN_BACKPROP as IN_BACKPROP_ALONE
from nntrain.explain.grading.problems import MISTAKE_PROBLEMS
from tests.support.students import RIGHT, modified
from tests.support.variants import slow

pytestmark = pytest.mark.usefixtures("within_this_process")

Change = tuple[str, str]

PRIME = "return sigmoid(z) * (1 - sigmoid(z))"
OUTPUT = "delta = (xs[-1] - y) * sigmoid_prime(zs[-1])"
HIDDEN = "delta = weights[i].T @ delta * sigmoid_prime(zs[i - 1])"
BY_WEIGHTS = "delta @ xs[i].T / B"
BY_BIASES = "delta.sum(axis=1, keepdims=True) / B"
BOOK_BIASES = "np.mean(delta, axis=1).reshape(-1, 1)"
BOOK_FORWARD = "z = np.dot(w, activation) + b"

IN_SIGMOID: list[tuple[str, list[Change], str]] = [
    ("board", [("np.exp(-z)", "np.exp(z)")], "the exponent has the wrong sign"),
    ("book", [("1.0 / (1.0 + np.exp(-z))", "np.exp(-z) / (1.0 + np.exp(-z))")], "the exponent has the wrong sign"),
    ("board", [("1 / (1 + np.exp(-z))", "np.tanh(z)")], "it is tanh, not the sigmoid"),
    ("board", [("1 / (1 + np.exp(-z))", "1 / (1 - np.exp(-z))")], "it is 1 / (1 − e^−z)"),
    ("board", [("1 / (1 + np.exp(-z))", "1 / 1 + np.exp(-z)")], "it is 1 / 1 + e^−z: brackets are missing"),
    ("board", [("1 / (1 + np.exp(-z))", "np.maximum(0, z)")], "it is max(0, z)"),
    ("classes", [("0.5 * (1 + np.tanh(z / 2))", "0.25 / np.cosh(z / 2) ** 2")], "it is σ′, not σ"),
    ("board", [("1 / (1 + np.exp(-z))", "np.exp(z) / (1 + np.exp(z))")], "overflow: ∞ / ∞"),
    ("board", [("return 1 / (1 + np.exp(-z))", "x = np.zeros_like(z); x[...] = 1 / (1 + np.exp(-z)); return x")], "wrong only for whole numbers"),
    ("board", [("1 / (1 + np.exp(-z))", "(1 / (1 + np.exp(-z))).astype(np.float32)")], "computed in single precision"),
]  # fmt: skip

IN_SIGMOID_PRIME: list[tuple[str, list[Change], str]] = [
    ("board", [(PRIME, "return z * (1 - z)"), ("sigmoid_prime(zs[", "sigmoid_prime(xs[1:][")], "it is z (1 − z), which expects σ(z)"),
    ("board", [(PRIME, "return sigmoid(z)")], "it is σ(z), not its derivative"),
    ("board", [(PRIME, "s = sigmoid(sigmoid(z)); return s * (1 - s)")], "it has σ applied twice"),
    ("book", [(PRIME, "return 1 - sigmoid(z)")], "it is 1 − σ(z): the factor σ(z) is missing"),
    ("book", [(PRIME, "return sigmoid(z) * (sigmoid(z) - 1)")], "it has the wrong sign"),
    ("recursive", [("s - s ** 2", "s + s ** 2")], "it is σ(z) (1 + σ(z))"),
    ("classes", [("0.25 / np.cosh(np.clip(z, -500, 500) / 2) ** 2", "1 / np.cosh(np.clip(z, -500, 500)) ** 2")], "it is 1 − tanh², the derivative of tanh"),
    ("board", [(PRIME, "return sigmoid(z) * (1 - z)")], "it is σ(z) (1 − z)"),
    ("board", [(PRIME, "return z * (1 - sigmoid(z))")], "it is z (1 − σ(z))"),
    ("board", [(PRIME, "return np.exp(-z) / (1 + np.exp(-z)) ** 2")], "overflow: ∞ / ∞"),
    ("board", [(PRIME, "h = 1e-5; return (sigmoid(z + h) - sigmoid(z)) / h")], "almost right, as numerical differences"),
]  # fmt: skip

IN_FORWARD: list[tuple[str, list[Change], str]] = [
    ("board", [("W @ xs[-1] + b", "W @ xs[-1]")], "z_i lacks the bias b_i"),
    ("board", [("W @ xs[-1]", "W.T @ xs[-1]")], "z_i has W_iᵀ where W_i belongs"),
    ("recursive", [("@ x + biases[0]", "@ x - biases[0]")], "z_i subtracts the bias b_i"),
    ("board", [("W @ xs[-1]", "W @ x")], "z_i is made of x_0 in every layer"),
    ("board", [("W @ xs[-1]", "W @ ([x] + zs)[-1]")], "z_i is made of z_{i−1} where x_{i−1} belongs"),
    ("board", [("    return zs, xs\n", "    xs[-1] = zs[-1]\n    return zs, xs\n")], "x_L lacks σ"),
    ("recursive", [("biases[1:], sigmoid(z))", "biases[1:], z)")], "x_i lacks σ"),
    ("board", [("xs.append(sigmoid(zs[-1]))", "xs.append(sigmoid(sigmoid(zs[-1])))")], "σ is applied twice"),
    ("board", [("W @ xs[-1] + b", "W @ xs[-1]"), ("sigmoid(zs[-1]))", "sigmoid(zs[-1]) + b); zs[-1] = zs[-1] + b")], "b_i is added after σ"),
    ("board", [("sigmoid(zs[-1])", "np.tanh(zs[-1])")], "the activation is tanh where σ belongs"),
    ("board", [("sigmoid(zs[-1])", "np.maximum(zs[-1], 0)")], "the activation is max(0, z) (ReLU) where σ belongs"),
    ("board", [("    return zs, xs\n", "    xs[-1] = np.exp(zs[-1]) / np.exp(zs[-1]).sum(axis=0)\n    return zs, xs\n")], "x_L is softmax(z_L) where σ(z_L) belongs"),
    ("board", [("    return zs, xs\n", "    return xs, zs\n")], "the two lists are swapped: z_1 … z_L come first"),
    ("book", [("    return (zs, activations)", "    return (zs, activations[1:])")], "x_0 is missing"),
    ("board", [("zs, xs = [], [x]", "zs, xs = [x], [x]")], "there is no z_0"),
    ("board", [("    return zs, xs\n", "    return xs[-1]\n")], "only x_L is returned"),
    ("board", [("    return zs, xs\n", "    return xs\n")], "only the list of x_0 … x_L is returned"),
    ("board", [("    return zs, xs\n", "    return zs[-1], xs[-1]\n")], "only z_L and x_L are returned"),
    ("book", [("    return (zs, activations)", "    return (zs[::-1], activations[::-1])")], "the lists are in reverse order"),
    ("recursive", [("sigmoid(z))\n", "sigmoid(z)) if x.shape[1] > 2 else forward([], [], x)\n")], ""),
    ("board", [("    return zs, xs\n", "    zs, xs\n")], ""),
]  # fmt: skip

IN_BACKPROP: list[tuple[str, list[Change], str]] = [
    ("board", [(" / B", "")], "the gradient is the sum over the batch, B times too large"),
    ("board", [("xs[-1] - y", "y - xs[-1]")], "δ_L has the wrong sign: (y − x_L)"),
    ("book", [("output_activations - y", "y - output_activations")], "δ_L has the wrong sign: (y − x_L)"),
    ("board", [("sigmoid_prime(zs[-1])", "sigmoid_prime(xs[-1])"), ("sigmoid_prime(zs[i - 1])", "sigmoid_prime(xs[i])")], "σ′ has the wrong argument: σ′(x_i)"),
    ("recursive", [("dx * sigmoid_prime(zs[0])", "dx")], "⊙ σ′(z_i) is missing in all layers"),
    ("classes", [("dx * (self.out * (1 - self.out))", "dx * self.out")], "σ(z_i) stands where σ′(z_i) belongs"),
    ("classes", [("dx * (self.out * (1 - self.out))", "dx * (self.z * (1 - self.z))")], "z_i (1 − z_i) stands where σ′(z_i)"),
    ("board", [(OUTPUT, "delta = xs[-1] - y")], "δ_L lacks ⊙ σ′(z_L)"),
    ("book", [("cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])", "y - activations[-1]")], "δ_L has the wrong sign: (y − x_L) where (x_L − y) belongs; δ_L lacks ⊙ σ′(z_L)"),
    ("board", [(OUTPUT, f"{OUTPUT} * 2")], "δ_L is twice as large as it should be"),
    ("board", [(OUTPUT, f"{OUTPUT} / 2")], "δ_L has half its size"),
    ("board", [("sigmoid_prime(zs[-1])", "sigmoid_prime(xs[-1])")], "δ_L has σ′(x_L) where σ′(z_L) belongs"),
    ("board", [("sigmoid_prime(zs[-1])", "zs[-1] * (1 - zs[-1])")], "δ_L has z_L (1 − z_L) where σ′(z_L) belongs"),
    ("board", [("sigmoid_prime(zs[i - 1])", "zs[i - 1] * (1 - zs[i - 1])")], "δ_i has z_i (1 − z_i) where σ′(z_i) belongs"),
    ("board", [("sigmoid_prime(zs[-1])", "xs[-1]")], "δ_L has x_L where σ′(z_L) belongs"),
    ("board", [("sigmoid_prime(zs[i - 1])", "zs[i - 1] * (1 - zs[i - 1])"), ("sigmoid_prime(zs[-1])", "sigmoid_prime(xs[-1])")], "δ_L has σ′(x_L) where σ′(z_L) belongs; δ_i has z_i (1 − z_i) where σ′(z_i) belongs"),
    ("board", [("weights[i].T @ delta * sigmoid_prime(zs[i - 1])", "weights[i] @ delta")], "δ_i lacks the transpose: W_{i+1} δ_{i+1} where W_{i+1}ᵀ δ_{i+1} belongs; δ_i lacks ⊙ σ′(z_i)"),
    ("board", [("(xs[-1] - y)", "(zs[-1] - y)")], "x_L lacks σ: z_L stands where x_L = σ(z_L) belongs"),
    ("board", [("(xs[-1] - y)", "xs[-1]")], "y is not used"),
    ("board", [("(xs[-1] - y)", "0.5 * (xs[-1] - y) ** 2")], "the error itself, where its derivative"),
    ("board", [("(xs[-1] - y)", "(xs[-1] - y) ** 2")], "δ_L has (x_L − y)², a square"),
    ("board", [("(xs[-1] - y)", "abs(xs[-1] - y)")], "δ_L has |x_L − y| where"),
    ("board", [("weights[i].T @ delta", "weights[i] @ delta")], "δ_i lacks the transpose: W_{i+1} δ_{i+1}"),
    ("book", [("np.dot(weights[-l + 1].transpose(), delta)", "np.dot(weights[-l + 1], delta)")], "δ_i lacks the transpose: W_{i+1} δ_{i+1}"),
    ("book", [(".transpose(), delta) * sp", ".transpose(), delta)")], "δ_i lacks ⊙ σ′(z_i)"),
    ("board", [("sigmoid_prime(zs[i - 1])", "sigmoid_prime(xs[i])")], "δ_i has σ′(x_i) where σ′(z_i) belongs"),
    ("board", [("weights[i].T @ delta", "weights[i - 1].T @ delta")], "δ_i has W_iᵀ where W_{i+1}ᵀ belongs"),
    ("book", [("weights[-l + 1].transpose(), delta)", "weights[-l], delta)")], "δ_i has W_i where W_{i+1}ᵀ belongs"),
    ("book", [("z = zs[-l]", "z = zs[-l + 1]")], "δ_i has σ′(z_{i+1}) where σ′(z_i) belongs"),
    ("board", [("sigmoid_prime(zs[i - 1])", "sigmoid_prime(([x] + zs)[i - 1])")], "δ_i has σ′(z_{i−1}) where σ′(z_i) belongs"),
    ("board", [(HIDDEN, "delta = weights[i].T @ (delta * sigmoid_prime(zs[i - 1]))")], "δ_i has ⊙ σ′ before the product"),
    ("board", [(OUTPUT, f"{OUTPUT}\n    top = delta"), (".T @ delta *", ".T @ top *")], "δ_i is made of δ_L in every layer"),
    ("board", [("* sigmoid_prime(zs[i - 1])", "* xs[i]")], "δ_i has x_i where σ′(z_i) belongs"),
    ("board", [(BY_WEIGHTS, "xs[i] @ delta.T / B")], "∂E/∂W_i is transposed: x_{i−1} δ_iᵀ"),
    ("board", [(BY_WEIGHTS, "delta @ xs[i] / B")], "∂E/∂W_i lacks the transpose: δ_i x_{i−1}"),
    ("board", [(BY_WEIGHTS, "delta.T @ xs[i] / B")], "∂E/∂W_i has the wrong transpose"),
    ("board", [(BY_WEIGHTS, "delta * xs[i] / B")], "∂E/∂W_i has the product entry by entry"),
    ("board", [("xs[i].T", "xs[i + 1].T")], "∂E/∂W_i has x_i where x_{i−1} belongs"),
    ("board", [("xs[i].T", "([x] + zs)[i].T")], "∂E/∂W_i has z_{i−1} where x_{i−1} belongs"),
    ("book", [("transpose()) / m", "transpose())")], "∂E/∂W_i is the sum over the batch"),
    ("book", [("transpose()) / m", "transpose()) / m / m")], "∂E/∂W_i is divided by B twice"),
    ("board", [("axis=1, keepdims=True", "axis=0, keepdims=True")], "∂E/∂b_i is summed over the wrong axis"),
    ("board", [("axis=1, keepdims=True", "axis=0")], "∂E/∂b_i is summed over the wrong axis"),
    ("book", [(BOOK_BIASES, "np.mean(delta, axis=0)")], "∂E/∂b_i is averaged over the wrong axis"),
    ("board", [(BY_BIASES, "delta / B")], "∂E/∂b_i is not summed over the samples"),
    ("board", [(BY_BIASES, "delta")], "∂E/∂b_i is not averaged over the samples"),
    ("board", [(BY_BIASES, "np.sum(delta) / B")], "∂E/∂b_i is summed over neurons and samples"),
    ("board", [(BY_BIASES, "np.mean(delta)")], "∂E/∂b_i is averaged over neurons and samples"),
    ("board", [(BY_BIASES, "delta.sum(axis=1, keepdims=True)")], "∂E/∂b_i is the sum over the batch"),
    ("recursive", [("delta.sum(1)[:, newaxis]", "delta.mean(1)[:, newaxis]")], "∂E/∂b_i is divided by B twice"),
    ("board", [(BY_BIASES, f"biases[i] * {BY_BIASES}")], "∂E/∂b_i is multiplied by b_i"),
    ("board", [(" / B", " / B**2")], "the gradient is divided by B twice"),
    ("board", [("B = x.shape[1]", "B = len(x)")], "the gradient is divided by n_0 = len(x)"),
    ("book", [("m = y.shape[1]", "m = len(y)"), ("np.mean(delta, axis=1)", "(np.sum(delta, axis=1) / m)")], "the gradient is divided by n_L = len(y)"),
    ("board", [("B = x.shape[1]", "B = y.size")], "the gradient is divided by B n_L"),
    ("board", [("return dW, db", "return dW[::-1], db[::-1]")], "the lists are in reverse order"),
    ("book", [("return (nabla_w, nabla_b)", "return (nabla_b, nabla_w)")], "the two lists are swapped: the weights' gradients come first"),
    ("board", [("return dW, db", "return db[::-1], dW[::-1]")], "the two lists are swapped, and in reverse order"),
    ("board", [("return dW, db", "return list(zip(dW, db))")], "the gradients come layer by layer"),
    ("board", [("return dW, db", "return [W - d for W, d in zip(weights, dW)], [b - d for b, d in zip(biases, db)]")], "W_i − ∂E/∂W_i and b_i − ∂E/∂b_i are returned"),
    ("board", [("return dW, db", "return [0.1 * d for d in dW], [0.1 * d for d in db]")], "all of it is 0.1 times as large as it should be"),
    ("book", [("np.dot(delta, activations[-2].transpose())", "np.dot(activations[-2], delta.transpose())")], "∂E/∂W_i is transposed: x_{i−1} δ_iᵀ where δ_i x_{i−1}ᵀ belongs (in the last layer alone)"),
    ("book", [("activations[-l - 1]", "activations[-l]")], "∂E/∂W_i has x_i where x_{i−1} belongs (in all layers but the last)"),
    ("book", [("range(2, len(weights) + 1)", "range(2, len(weights))")], "∂E/∂W_1 is 0 throughout"),
    ("board", [(", keepdims=True", "")], "the numbers are right, their shapes are not"),
    ("board", [("    return dW, db", "    for W, d in zip(weights, dW):\n        W -= d\n    return dW, db")], "it changes what it is given (weights): work on copies"),
    ("board", [("        dW[i] =", "        xs[i] *= 1.0\n        dW[i] ="), ("xs[i] *= 1.0", "xs[i] *= 2.0")], "it changes what it is given (x): work on copies"),
    ("board", [("B = x.shape[1]", "B = x.shape[1]; errors = np.empty_like(y); errors[...] = xs[-1] - y"), ("(xs[-1] - y) *", "errors *")], "wrong only for whole numbers as x and y"),
    ("board", [("zs, xs = forward(weights, biases, x)", "zs, xs = forward([W.astype('f') for W in weights], biases, x)")], "almost right, as numerical differences or single"),
    ("board", [("delta @ xs[i].T / B", "np.outer(delta[:, 0], xs[i][:, 0])"), (BY_BIASES, "delta[:, :1]")], "right for a batch of one sample, wrong for more"),
    ("board", [(BY_WEIGHTS, "-" + BY_WEIGHTS)], "∂E/∂W_i has the wrong sign"),
    ("board", [(BY_WEIGHTS, "np.zeros_like(weights[i])")], "∂E/∂W_i is 0: W_i never changes"),
    ("board", [(BY_BIASES, "-" + BY_BIASES)], "∂E/∂b_i has the wrong sign"),
    ("board", [(BY_BIASES, "np.zeros_like(biases[i])")], "∂E/∂b_i is 0: b_i never changes"),
    ("board", [("weights[i].T @ delta", "(weights[i] - dW[i]).T @ delta")], "δ_i is made of W_{i+1} after its step"),
    # Two at once.
    ("board", [(BY_WEIGHTS, "np.zeros_like(weights[i])"), (BY_BIASES, "np.zeros_like(biases[i])")], "∂E/∂W_i is 0: W_i never changes; ∂E/∂b_i is 0: b_i never changes"),
    ("board", [("xs[-1] - y", "y - xs[-1]"), ("weights[i].T @ delta", "weights[i] @ delta")], "δ_L has the wrong sign: (y − x_L) where (x_L − y) belongs; δ_i lacks the transpose"),
    ("board", [(OUTPUT, "delta = xs[-1] - y"), (" / B", "")], "B times too large: the mean is asked for; δ_L lacks"),
    ("book", [("np.mean(delta, axis=1)", "np.sum(delta, axis=1)"), (".transpose(), delta) * sp", ".transpose(), delta)")], "δ_i lacks ⊙ σ′(z_i); ∂E/∂b_i is the sum over the batch"),
    # In its own forward pass, while `forward` is right.
    ("book", [("def backprop(weights, biases, x, y):\n", "def backprop(weights, biases, x, y):\n    biases = [0 * b for b in biases]\n")], "z_i lacks the bias b_i"),
]  # fmt: skip


def reasons(report: Report, function: str) -> str:
    (finding,) = (finding for finding in report.findings if finding.function == function)
    assert finding.verdict == "wrong"
    return "; ".join(finding.reasons)


def graded(folder: Path, text: str) -> Report:
    path = folder / "mine.py"
    path.write_text(text, "utf-8")
    return grade(read_source(path), 10, 1 << 30)


def cases() -> Iterator[tuple[str, str, list[Change], str]]:
    for function, table in (
        ("sigmoid", IN_SIGMOID),
        ("sigmoid_prime", IN_SIGMOID_PRIME),
        ("forward", IN_FORWARD),
        ("backprop", IN_BACKPROP),
    ):
        for style, changes, name in table:
            yield function, style, changes, name


def few_of_each_function() -> list[Any]:
    """The cases; all but the first three of a function in a style are slow."""
    found: Counter[tuple[str, str]] = Counter()
    marked: list[Any] = []
    for case in cases():
        found[case[:2]] += 1
        marked += [case] if found[case[:2]] <= 3 else slow(case)
    return marked


@pytest.mark.parametrize(("function", "style", "changes", "name"), few_of_each_function())
def test_the_mistake_is_named(
    tmp_path: Path, function: str, style: str, changes: list[Change], name: str
) -> None:
    report = graded(tmp_path, modified(style, *changes))
    assert name in reasons(report, function)
    assert not report.is_right


def test_every_mistake_has_a_file_that_makes_it() -> None:
    tested = [(function, name) for function, _, _, name in cases() if name]
    named = {
        "forward": [mistake.message for mistake in MISTAKES["forward"]],
        "backprop": [mistake.message for mistake in IN_BACKPROP_ALONE],
        **{key: [message for message, _ in known] for key, known in ELEMENTWISE_MISTAKES.items()},
    }
    for function, messages in named.items():
        for message in messages:
            assert any(key == function and name in message for key, name in tested), message
    assert set(RIGHT) == {style for _, style, _, _ in cases()}


@pytest.mark.parametrize("function", ["forward", "backprop"])
def test_no_mistake_looks_like_another(function: str) -> None:
    found: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for case in MISTAKE_PROBLEMS:
        for chosen, value in answers_with_mistakes(function, case, 1):
            name = chosen[0].message if chosen else "the lecture's"
            values.setdefault(name, []).append(digits(value))
    for name, both in values.items():
        other = found.setdefault("; ".join(both), name)
        assert other == name


def digits(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(digits, value))}]"
    return " ".join(f"{number:.9f}" for number in np.ravel(value))
