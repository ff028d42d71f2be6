"""The verdict: each function right or wrong, the first quantity that differs, and the mistake."""

import difflib
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from nntrain.explain.grading.mistakes import (
    ELEMENTWISE_MISTAKES,
    IN_FORWARD,
    answers_with_mistakes,
)
from nntrain.explain.grading.problems import (
    EXTREME_Z,
    PROBLEMS,
    TELLING,
    WHOLE_Z,
    Array,
    Backpropagation,
    Problem,
    Z,
    problem,
    sigmoid,
    sigmoid_prime,
)
from nntrain.explain.grading.sandbox import Answer, Failure, OtherType, Student
from nntrain.explain.grading.source import ALLOWED, Source

FUNCTIONS = ("sigmoid", "sigmoid_prime", "forward", "backprop")
ARGUMENTS = {
    "sigmoid": ("z",),
    "sigmoid_prime": ("z",),
    "forward": ("weights", "biases", "x"),
    "backprop": ("weights", "biases", "x", "y"),
}
RIGHT = {"sigmoid": sigmoid, "sigmoid_prime": sigmoid_prime}

Counts: TypeAlias = dict[int, tuple[int, int]]

TOLERANCE = 1e-9  # of numbers near 1 or below, all in float64
ROUNDING = 1e-4  # what float32 or numerical differences may make of a right gradient

# Loops are counted with few and with many samples, then with narrow and with wide layers; what is
# gone through once for each layer or call grows with neither.
FEW, MANY_SAMPLES, WIDE = (
    problem((3, 4, 2), 2),
    problem((3, 4, 2), 30),
    problem((30, 40, 30), 2),
)
GROWTH = 25

SPEED_WIDTHS, SPEED_BATCH = (784, 100, 10), 128
REPEATS = 7


@dataclass(frozen=True)
class FunctionVerdict:
    """What is to be said of one function.

    Attributes:
        function: Its name.
        verdict: "right", "wrong", "not written yet" or "missing".
        reasons: Why; of a right one, what else is noticed.
    """

    function: str
    verdict: str
    reasons: list[str]


@dataclass(frozen=True)
class Speed:
    """Seconds that backprop takes, median of a few, on one thread each.

    Attributes:
        student: The student's.
        ours: That of `nntrain.nn`.
    """

    student: float
    ours: float


@dataclass(frozen=True)
class Report:
    """The verdict on a file.

    Attributes:
        file: Its name.
        findings: On the four functions.
        imports: What it imports that it may not.
        loops: Where a loop stands in a product's place.
        speed: None unless backprop is right.
        notes: What else is to be known.
    """

    file: str
    findings: list[FunctionVerdict]
    imports: list[str]
    loops: list[str]
    speed: Speed | None
    notes: list[str]

    @property
    def is_right(self) -> bool:
        """Whether there is nothing to mend."""
        verdicts = {finding.verdict for finding in self.findings}
        return verdicts == {"right"} and not self.imports and not self.loops

    def conclusion(self) -> str:
        """The verdict in a line."""
        right = sum(finding.verdict == "right" for finding in self.findings)
        faults = [f"{right} of {len(self.findings)} functions are right"]
        faults += ["it imports what it may not"] * bool(self.imports)
        faults += ["a loop stands where a product belongs"] * bool(self.loops)
        told = "all right" if self.is_right else ", but ".join([faults[0], *faults[1:]])
        return f"{self.file}: {told}"

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {**asdict(self), "right": self.is_right}


def grade(source: Source, seconds: float, memory: int) -> Report:
    """Run a student's file and hold its functions against `nntrain.nn`.

    Args:
        source: The file.
        seconds: The longest that one call of a function may take.
        memory: The most memory, in bytes, that it may have.

    Raises:
        NNTrainError: The file cannot be run at all.
    """
    with Student(source, seconds, memory) as student:
        findings: list[FunctionVerdict] = []
        for function in FUNCTIONS:
            if function not in student.functions:
                findings.append(_missing(student, function))
            elif function in RIGHT:
                findings.append(_judge_elementwise(student, function, findings))
            else:
                findings.append(_judge_pass(student, function, findings))
        verdicts = {finding.function: finding.verdict for finding in findings}
        loops = _loops(student, [name for name in FUNCTIONS if verdicts[name] == "right"])
        speed = None
        if verdicts["backprop"] == "right":
            speed, slow = _speed(student)
            findings[-1].reasons.extend(slow)
    imported = (source.imported() | student.imported) - ALLOWED
    notes = []
    if student.printed:
        notes.append(f"what it prints is not shown ({student.printed:,} bytes)")
    if student.unlimited:
        notes.append(f"this system does not limit {', '.join(student.unlimited)}")
    return Report(str(source.path), findings, sorted(imported), loops, speed, notes)


def _missing(student: Student, function: str) -> FunctionVerdict:
    others = student.functions - set(FUNCTIONS)
    near = difflib.get_close_matches(function, others, n=1)
    mend = (
        f"{near[0]!r} is another name" if near else "'nntrain grade --starter' shows how it begins"
    )
    return FunctionVerdict(function, "missing", [mend])


def _judge_elementwise(
    student: Student, function: str, before: list[FunctionVerdict]
) -> FunctionVerdict:
    """σ or σ′: first of common numbers, then of whole ones and of extreme ones."""
    remarks: list[str] = []
    for z, of_what in ((Z, ""), (WHOLE_Z, "of whole numbers"), (EXTREME_Z, "")):
        outcome = student.call(function, [z])
        if isinstance(outcome, Failure):
            return _failed(function, outcome, before, of_what and f"for an array {of_what}")
        reasons = _changed(function, outcome)
        difference = _difference("it", outcome.value, RIGHT[function](z))
        if difference is not None:
            reasons += _named_elementwise(function, z, outcome.value)
            reasons.append(f"{difference} {of_what}".rstrip())
        if reasons:
            return FunctionVerdict(function, "wrong", reasons)
        if outcome.warnings:
            remarks = [f"warns for z = ±1000, though its answer is right: {outcome.warnings[0]}"]
    return FunctionVerdict(function, "right", remarks)


def _named_elementwise(function: str, z: Array, value: Any) -> list[str]:
    if z is EXTREME_Z:
        if isinstance(value, np.ndarray) and np.isnan(value).any():
            return ["overflow: ∞ / ∞ is not a number; let no exponent be large and positive"]
        return []
    with np.errstate(all="ignore"):
        for sentence, formula in ELEMENTWISE_MISTAKES[function]:
            if _same(value, formula(z)):
                return [sentence]
    if z is WHOLE_Z:
        return ["wrong only for whole numbers: an array made like z rounds what is put into it"]
    return _almost(value, RIGHT[function](z))


def _judge_pass(student: Student, function: str, before: list[FunctionVerdict]) -> FunctionVerdict:
    """`forward` or `backprop`: with each problem, until one goes wrong."""
    for asked in PROBLEMS:
        outcome = student.call(function, asked.arguments(function))
        if isinstance(outcome, Failure):
            if outcome.unwritten:
                return _failed(function, outcome, before)
            sentences = [] if outcome.fatal else _named(student, function, before)
            failed = _failed(function, outcome, before, f"for a {asked.describe()}")
            return FunctionVerdict(function, failed.verdict, [*sentences, *failed.reasons])
        reasons = _changed(function, outcome)
        right = _right_answer(function, asked)
        difference = _first_difference(function, outcome.value, right)
        if difference is not None:
            named = [_as_before(name, before) for name in _named(student, function, before)]
            reasons += named or _conditions(asked, outcome.value, right)
            reasons.append(f"{difference}; {asked.describe()}")
        if reasons:
            return FunctionVerdict(function, "wrong", reasons)
    return FunctionVerdict(function, "right", [])


def _as_before(sentence: str, before: list[FunctionVerdict]) -> str:
    """A mistake that `forward` has, too, is to be mended there if `backprop` uses it."""
    told = {reason for finding in before for reason in finding.reasons}
    in_forward = {mistake.sentence for mistake in IN_FORWARD}
    return f"as in forward: {sentence}" if sentence in told & in_forward else sentence


def _right_answer(function: str, asked: Problem) -> Any:
    ours = Backpropagation(asked)
    return ours.forward_answer() if function == "forward" else ours.backprop_answer()


def _named(student: Student, function: str, before: list[FunctionVerdict]) -> list[str]:
    """The usual mistakes that lead to just the student's numbers, as few as possible."""
    faulty = {finding.function for finding in before if finding.verdict == "wrong"}
    own = faulty & set(RIGHT)
    for asked in TELLING:
        outcome = student.call(function, asked.arguments(function))
        if isinstance(outcome, Failure):
            if outcome.function in faulty:
                return []
            continue
        if own:
            helpers = _helpers(student, own)
            for chosen, answer in answers_with_mistakes(function, asked, 1, *helpers):
                if _same(outcome.value, answer):
                    through = f"{' and '.join(sorted(own))}, which it uses, makes it wrong"
                    only = [] if chosen else [f"its own formulas are right: {through}"]
                    return [*(mistake.sentence for mistake in chosen), *(only or [through])]
        for chosen, answer in answers_with_mistakes(function, asked, 1 if own else 2):
            if _same(outcome.value, answer):
                if not chosen and _first_difference(function, outcome.value, answer) is None:
                    break  # wrong elsewhere, but not here
                return [mistake.sentence for mistake in chosen] or [
                    "the numbers are right, their shapes are not: keepdims=True keeps (n_i, 1)"
                ]
    return []


def _helpers(student: Student, own: set[str]) -> list[Callable[[Array], Array]]:
    """σ and σ′, the student's own where those are wrong."""

    def asking(name: str) -> Callable[[Array], Array]:
        def call(z: Array) -> Array:
            outcome = student.call(name, [z])
            if isinstance(outcome, Failure) or not isinstance(outcome.value, np.ndarray):
                raise ValueError(f"{name} has no value")
            return outcome.value

        return call

    return [asking(name) if name in own else right for name, right in RIGHT.items()]


def _conditions(asked: Problem, value: Any, right: Any) -> list[str]:
    """What can be said of a mistake without a name."""
    if asked.x.dtype.kind == "i":
        return ["wrong only for whole numbers as x and y: an array made like them rounds"]
    almost = _almost(value, right) or _multiple(value, right)
    one_was_right = asked.batch_size > 1 and len(asked.weights) < 3  # it was asked before
    if one_was_right and not almost:
        return ["right for a batch of one sample, wrong for more"]
    return almost


def _almost(value: Any, right: Any) -> list[str]:
    if not _same(value, right, ROUNDING):
        return []
    if any(array.dtype in (np.float32, np.float16) for array in _arrays(value)):
        return ["computed in single precision (float32), though what is given is float64"]
    return ["almost right, as numerical differences or single precision (float32) make it"]


def _multiple(value: Any, right: Any) -> list[str]:
    """What a factor that belongs elsewhere makes of all numbers, such as the learning rate."""
    mine, wanted = (
        np.concatenate([a.ravel() for a in _arrays(v)] or [np.empty(0)]) for v in (value, right)
    )
    if mine.shape != wanted.shape or not np.isfinite(mine).all():
        return []
    factor = float(mine @ wanted / (wanted @ wanted))
    if not _same(mine, factor * wanted) or _same(mine, wanted):
        return []
    return [f"all of it is {factor:.4g} times as large as it should be"]


def _failed(
    function: str, failure: Failure, before: list[FunctionVerdict], when: str = ""
) -> FunctionVerdict:
    if failure.unwritten and failure.function == function:
        return FunctionVerdict(function, "not written yet", [])
    if failure.unwritten:
        return FunctionVerdict(function, "not written yet", [f"it needs {failure.function}"])
    if failure.function in {finding.function for finding in before if finding.verdict == "wrong"}:
        return FunctionVerdict(function, "wrong", [f"it needs {failure.function}, which fails"])
    return FunctionVerdict(function, "wrong", [f"{failure.text} {when}".rstrip()])


def _changed(function: str, answer: Answer) -> list[str]:
    names = [ARGUMENTS[function][position] for position in answer.changed]
    return [f"it changes what it is given ({', '.join(names)}): work on copies"] if names else []


def _first_difference(function: str, value: Any, right: Any) -> str | None:
    """What differs first, in the order in which it is computed; None if nothing does."""
    names = ("z", "x") if function == "forward" else ("∂E/∂W", "∂E/∂b")
    counts = tuple(map(len, right))
    if not isinstance(value, list) or len(value) != 2:
        return f"it returns {_shown(value)} where two lists belong"
    if not all(isinstance(part, list) for part in value):
        return f"it returns {' and '.join(map(_shown, value))} where two lists belong"
    if tuple(map(len, value)) != counts:
        found = " and ".join(str(len(part)) for part in value)
        return f"its lists hold {found} arrays where {counts[0]} and {counts[1]} belong"
    layers = len(right[0])
    if function == "forward":
        steps = [("x_0", value[1][0], right[1][0])]
        for i in range(layers):
            steps.append((f"z_{i + 1}", value[0][i], right[0][i]))
            steps.append((f"x_{i + 1}", value[1][i + 1], right[1][i + 1]))
        for symbol, mine, wanted in steps:
            difference = _difference(symbol, mine, wanted)
            if difference is not None:
                return f"{difference}, the first to be wrong"
        return None
    for i in reversed(range(layers)):
        differences = [
            _difference(f"{name}_{i + 1}", mine[i], wanted[i])
            for name, mine, wanted in zip(names, value, right, strict=True)
        ]
        told = [difference for difference in differences if difference is not None]
        if len(told) == 2:
            return f"δ_{i + 1} is the first to be wrong: {', '.join(told)}"
        if told:
            return f"{told[0]}, the first to be wrong, while δ_{i + 1} is right"
    return None


def _difference(symbol: str, value: Any, right: Array) -> str | None:
    if not isinstance(value, np.ndarray):
        return f"{symbol} is {_shown(value)} where an array belongs"
    if value.shape != right.shape:
        return f"{symbol} has shape {value.shape} where {right.shape} belongs"
    distances = np.abs(value.astype(np.float64) - right)
    if np.isnan(distances).any():
        return f"{symbol} holds nan"
    if (distances <= TOLERANCE).all():
        return None
    if not value.any():
        return f"{symbol} is 0 throughout"
    return f"{symbol} differs by up to {distances.max():.2g}"


def _shown(value: Any) -> str:
    if isinstance(value, OtherType):
        return "nothing (None)" if value.type == "NoneType" else f"a {value.type}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"an array of shape {value.shape}"


def _same(value: Any, other: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether the numbers are the same, in the same lists; shapes may differ by ones."""
    if isinstance(value, list) or isinstance(other, list):
        return (
            isinstance(value, list)
            and isinstance(other, list)
            and len(value) == len(other)
            and all(_same(*pair, tolerance) for pair in zip(value, other, strict=True))
        )
    if not isinstance(value, np.ndarray) or value.size != np.size(other):
        return False
    with np.errstate(invalid="ignore"):  # ∞ − ∞ is not the same
        distances = np.abs(value.ravel().astype(np.float64) - np.ravel(other))
    return bool((distances <= tolerance).all())


def _arrays(value: Any) -> Iterable[np.ndarray[Any, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _arrays(item)
    elif isinstance(value, np.ndarray):
        yield value


def _loops(student: Student, functions: list[str]) -> list[str]:
    """Lines that are gone through once for each sample or neuron, with their function."""
    found: dict[int, str] = {}
    for function in functions:
        counted: list[Counts] = []
        for asked in (FEW, MANY_SAMPLES, WIDE):
            given = [asked.x] if function in RIGHT else asked.arguments(function)
            outcome = student.call(function, given, count=True)
            if isinstance(outcome, Failure):
                return [f"{function} fails while its loops are counted: {outcome.text}"]
            counted.append(outcome.counts)
        few, *others = counted
        for many, of_what in zip(others, ("samples", "neurons"), strict=True):
            line = _grown(few, many)
            if line is not None:
                found.setdefault(
                    line,
                    f"line {line}: a loop over the {of_what}, in {function}; a product of whole "
                    "matrices, or one operation on whole arrays, does it at once",
                )
    return [found[line] for line in sorted(found)]


def _grown(few: Counts, many: Counts) -> int | None:
    """The first line of what is gone through more often, within a call if there is such a loop."""
    for in_all_or_in_a_call in (1, 0):
        lines = [
            line
            for line, times in many.items()
            if times[in_all_or_in_a_call] - few.get(line, (0, 0))[in_all_or_in_a_call] >= GROWTH
        ]
        if lines:
            return min(lines)
    return None


def _speed(student: Student) -> tuple[Speed | None, list[str]]:
    """The student's backprop and ours, each on one thread."""
    asked = problem(SPEED_WIDTHS, SPEED_BATCH)
    outcome = student.call("backprop", asked.arguments("backprop"), repeat=REPEATS)
    if isinstance(outcome, Failure):
        return None, [f"of {asked.describe()}: {outcome.text}"]
    ours = Backpropagation(asked)
    seconds = []
    with threadpool_limits(1):
        for _ in range(REPEATS):
            start = time.perf_counter()
            ours.run()
            seconds.append(time.perf_counter() - start)
    return Speed(statistics.median(outcome.seconds), statistics.median(seconds)), []
