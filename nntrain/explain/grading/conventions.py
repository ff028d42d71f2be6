"""The shapes that a student's functions expect: samples as columns, or as rows.

Everything else in this package has the lecture's shapes, with samples as columns. `Translated`
transposes the arguments of a call and what it returns.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from nntrain.explain.grading.compare import same_numbers
from nntrain.explain.grading.problems import ARGUMENTS, Backpropagation, Probes
from nntrain.explain.grading.sandbox import Answer, Failure, Outcome


class Callee(Protocol):
    """A sandbox, or one whose arguments are translated."""

    functions: set[str]

    def call(
        self, function: str, arguments: Sequence[Any], repeat: int = 1, count: bool = False
    ) -> Outcome:
        """Call a function of the file."""


class Convention(NamedTuple):
    """The shapes of the arrays.

    Attributes:
        rows: Whether samples are rows: x of shape (B, n_0).
        weights: "(n_out, n_in)", as in the lecture, or "(n_in, n_out)".
        biases: "(n, 1)", as in the lecture, "(1, n)" or "(n,)".
    """

    rows: bool = False
    weights: str = "(n_out, n_in)"
    biases: str = "(n, 1)"

    def describe(self) -> str:
        """The shapes in words."""
        samples = "rows" if self.rows else "columns"
        return f"samples as {samples}, W of shape {self.weights}, b of shape {self.biases}"

    def message(self, text: str) -> str:
        """A message whose code has the axes of this convention."""
        if self.rows:
            for ours, theirs in AXES_IN_ROWS:
                text = text.replace(ours, theirs)
        return text

    def to_student(self, argument: Any, name: str) -> Any:
        """An argument in this convention."""
        if isinstance(argument, list):
            return [self.to_student(array, name) for array in argument]
        if name == "biases" and self.biases != "(n, 1)":
            return argument.ravel() if self.biases == "(n,)" else argument.T
        if self.rows and (name in "xy" or (name == "weights" and self.weights == "(n_in, n_out)")):
            return np.ascontiguousarray(argument.T)
        return argument

    def from_student(self, value: Any, function: str) -> Any:
        """A value that the function returned, in the lecture's convention."""
        if not self.rows or not isinstance(value, list):
            return _column(value) if self.rows else value
        if function == "backprop" and self.weights == "(n_out, n_in)":
            if len(value) == 2:
                return [value[0], _columns(value[1])]
            if all(isinstance(pair, list) and len(pair) == 2 for pair in value):
                return [[pair[0], _columns(pair[1])] for pair in value]
        return _columns(value)


AXES_IN_ROWS = (
    ("axis=1", "axis=0"),
    ("x.shape[1]", "len(x)'"),
    ("y.shape[1]", "len(y)'"),
    ("= len(x) ", "= x.shape[1] "),
    ("= len(y) ", "= y.shape[1] "),
    ("len(x)'", "len(x)"),
    ("len(y)'", "len(y)"),
)

COLUMNS = Convention()
# The likeliest first: of those that fit equally well, the first is chosen.
CONVENTIONS = [
    COLUMNS,
    Convention(True, "(n_in, n_out)", "(1, n)"),
    Convention(True, "(n_in, n_out)", "(n,)"),
    Convention(True, "(n_out, n_in)", "(1, n)"),
    Convention(True, "(n_out, n_in)", "(n,)"),
    Convention(True, "(n_out, n_in)", "(n, 1)"),
]


def _columns(value: Any) -> Any:
    return [_columns(item) for item in value] if isinstance(value, list) else _column(value)


def _column(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return value[:, None] if value.ndim == 1 else value.T


class Translated:
    """A student's functions, called in the lecture's convention.

    Args:
        sandbox: Calls them.
        convention: Their own.
        problems: The problems to call them with.
        only_output: Whether `forward` returns x_L alone, as a class's does.
    """

    def __init__(
        self,
        sandbox: Callee,
        convention: Convention,
        problems: Probes,
        only_output: bool = False,
    ) -> None:
        self.only_output = only_output
        self.problems = problems
        self.sandbox = sandbox
        self.convention = convention
        self.functions = sandbox.functions

    def call(
        self, function: str, arguments: Sequence[Any], repeat: int = 1, count: bool = False
    ) -> Outcome:
        """Call a function with translated arguments; its value is translated back."""
        names = ARGUMENTS[function]
        given = [
            self.convention.to_student(argument, name)
            for argument, name in zip(arguments, names, strict=True)
        ]
        outcome = self.sandbox.call(function, given, repeat, count)
        if isinstance(outcome, Failure) or "z" in names:
            return outcome
        return outcome._replace(value=self.convention.from_student(outcome.value, function))


class Renamed:
    """A student's functions, of which one is called by another name.

    Args:
        sandbox: Calls them.
        name: The name in a call.
        actual: The name in the file.
    """

    def __init__(self, sandbox: Callee, name: str, actual: str) -> None:
        self.sandbox = sandbox
        self.name, self.actual = name, actual
        self.functions = sandbox.functions

    def call(
        self, function: str, arguments: Sequence[Any], repeat: int = 1, count: bool = False
    ) -> Outcome:
        """Call a function; a failure in it is that of the name in the call."""
        actual = self.actual if function == self.name else function
        return self.sandbox.call(actual, arguments, repeat, count)


def convention_of(sandbox: Callee, problems: Probes) -> Convention:
    """The convention in which most of `forward` and `backprop` runs and is right.

    All widths of the probe and its batch size differ, so that a product of matrices in another
    convention fails. A file that fits none is taken to have samples as columns.
    """
    probe = problems.mistakes[0]
    ours = Backpropagation(probe)
    answers = {"forward": ours.forward_answer(), "backprop": ours.backprop_answer()}
    functions = [function for function in answers if function in sandbox.functions]
    if not functions:
        return COLUMNS
    first = sandbox.call(functions[0], probe.arguments(functions[0]))
    if isinstance(first, Answer) or first.fatal or first.unwritten:
        return COLUMNS
    best, most = COLUMNS, 0
    for convention in CONVENTIONS:
        translated = Translated(sandbox, convention, problems)
        score = 0
        for function in functions:
            outcome = translated.call(function, probe.arguments(function))
            if isinstance(outcome, Answer):
                score += 1 + same_numbers(outcome.value, answers[function])
        if score > most:
            best, most = convention, score
    return best
