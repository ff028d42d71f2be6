"""The verdict: each function right or wrong, the first quantity that differs, and the mistake."""

import difflib
from collections.abc import Callable
from typing import Any

import numpy as np

from nntrain.explain.grading.adapters import OF_STEP, Adapter, adapter_for
from nntrain.explain.grading.compare import (
    difference,
    first_difference,
    rounded,
    same_numbers,
    scaled,
)
from nntrain.explain.grading.conventions import Convention, Renamed, Translated, convention_of
from nntrain.explain.grading.efficiency import Speed, find_loops, measure_speed
from nntrain.explain.grading.hypotheses import explanations
from nntrain.explain.grading.mistakes import (
    ELEMENTWISE_MISTAKES,
    IN_FORWARD,
    RETURNED_BY_FORWARD,
    Mistake,
    answer_with,
)
from nntrain.explain.grading.problems import (
    ARGUMENTS,
    ELEMENTWISE,
    EXTREME_Z,
    WHOLE_Z,
    Array,
    Backpropagation,
    Problem,
    Z,
    probes,
)
from nntrain.explain.grading.report import FunctionVerdict, Report
from nntrain.explain.grading.sandbox import Answer, Failure, Sandbox
from nntrain.explain.grading.source import ALLOWED, Source

PASSES = ("forward", "backprop")
ONLY_OUTPUT = next(m for m in RETURNED_BY_FORWARD if m.message.startswith("only x_L"))
MAX_ALTERNATIVES = 2
MAKES_UP = "though sigmoid_prime is wrong: it does without it, or gives it what makes up for it"


def grade(source: Source, seconds: float, memory: int, timed: bool = True) -> Report:
    """Run a student's file and compare its functions with `nntrain.nn`.

    Args:
        source: The file.
        seconds: Time limit per call of a function, in seconds.
        memory: Memory limit, in bytes.
        timed: Whether to measure the time of backprop.

    Raises:
        NNTrainError: If the file cannot be run at all.
    """
    adapter = adapter_for(source)
    if adapter is not None and not adapter.complete:
        findings = [FunctionVerdict("backprop", "missing", [_no_adapter(adapter)])]
        return Report(str(source.path), findings, [], [], None, [], adapter)
    adapted = source if adapter is None else _with_adapter(source, adapter)
    problems = probes(adapter.depth if adapter else 0)
    with Sandbox(adapted, seconds, memory) as process:
        convention = convention_of(process, problems)
        sandbox = Translated(process, convention, problems, adapter is not None)
        findings = []
        for function in _asked(process.functions, adapter):
            if function not in process.functions:
                findings.append(_missing(sandbox, function))
            elif function in ELEMENTWISE:
                findings.append(_judge_elementwise(sandbox, function, findings))
            else:
                findings.append(_judge_pass(sandbox, function, findings))
        if OF_STEP in process.functions and adapter is not None:
            steps = Translated(Renamed(process, "backprop", OF_STEP), convention, problems, True)
            findings += _judge_step(steps, adapter.step or OF_STEP, findings)
        loops, speed = _efficiency(sandbox, source, adapter, findings, timed)
    imported = (source.imported() | process.imported) - ALLOWED
    notes = []
    if convention.rows:
        findings = [_in_rows(finding, convention) for finding in findings]
        notes.append(f"read with {convention.describe()}")
        if any(finding.verdict == "wrong" for finding in findings):
            notes.append("formulas and shapes are the lecture's, with samples as columns")
    if adapter is not None and adapter.unjudged:
        changes = "changes" if len(adapter.unjudged) == 1 else "change"
        names = ", ".join(adapter.unjudged)
        notes.append(f"not judged: {names}, which {changes} the weights too")
    if process.printed:
        notes.append(f"what it prints is not shown ({process.printed:,} bytes)")
    if process.unlimited:
        notes.append(f"this system does not limit {', '.join(process.unlimited)}")
    return Report(str(source.path), findings, sorted(imported), loops, speed, notes, adapter)


def _no_adapter(adapter: Adapter) -> str:
    """The reason why a class is not graded."""
    return (
        f"class {adapter.name} {adapter.obstacle}; add the lines that 'nntrain grade' prints for "
        "this file alone"
    )


def _with_adapter(source: Source, adapter: Adapter) -> Source:
    """The file with the adapter's lines at its end, after all of its own."""
    return source._replace(text=f"{source.text.rstrip()}\n\n\n{adapter.text}")


def _judge_step(
    steps: Translated, method: str, earlier: list[FunctionVerdict]
) -> list[FunctionVerdict]:
    """Judge the change of the weights in one step, unless it only repeats backprop's mistakes."""
    found = _judge_pass(steps, "backprop", earlier)
    backprop = earlier[-1]
    own = [reason for reason in found.reasons[:-1] if reason not in backprop.reasons]
    if backprop.verdict != "right" and not own:
        return []
    return [FunctionVerdict(method, found.verdict, [*own, *found.reasons[-1:]])]


def _asked(functions: set[str], adapter: Adapter | None) -> list[str]:
    """The functions to judge: of a class, σ only if there is one, and σ′ as part of backprop."""
    if adapter is None:
        return list(ARGUMENTS)
    return [name for name in ("sigmoid", *PASSES) if name in functions]


def _efficiency(
    sandbox: Translated,
    source: Source,
    adapter: Adapter | None,
    findings: list[FunctionVerdict],
    timed: bool,
) -> tuple[list[str], Speed | None]:
    """The loops of the student's own lines, and the time of a right backprop."""
    if adapter is not None and (adapter.one_by_one or adapter.depth not in (0, 2)):
        return [], None
    judged = [finding for finding in findings if finding.function in ARGUMENTS]
    right = [finding.function for finding in judged if finding.verdict == "right"]
    own_lines = source.text.rstrip().count("\n") + 1 if adapter else None
    loops = find_loops(sandbox, right, own_lines)
    if "backprop" not in right or not timed:
        return loops, None
    speed, remarks = measure_speed(sandbox)
    next(f for f in findings if f.function == "backprop").reasons.extend(remarks)
    return loops, speed


def _in_rows(finding: FunctionVerdict, convention: Convention) -> FunctionVerdict:
    """The verdict on a function whose samples are rows."""
    reasons = [convention.message(reason) for reason in finding.reasons]
    if finding.verdict == "right" and finding.function not in ELEMENTWISE:
        reasons.insert(0, "with samples as rows")
    return FunctionVerdict(finding.function, finding.verdict, reasons)


def _missing(sandbox: Translated, function: str) -> FunctionVerdict:
    close = difflib.get_close_matches(function, sandbox.functions - set(ARGUMENTS), n=1)
    hint = (
        f"{close[0]!r} is another name"
        if close
        else "'nntrain grade --starter' shows how it begins"
    )
    return FunctionVerdict(function, "missing", [hint])


def _judge_elementwise(
    sandbox: Translated, function: str, earlier: list[FunctionVerdict]
) -> FunctionVerdict:
    """Judge σ or σ′: with ordinary numbers, then with integers, then with extreme ones."""
    remarks: list[str] = []
    for z, kind in ((Z, ""), (WHOLE_Z, "of whole numbers"), (EXTREME_Z, "")):
        outcome = sandbox.call(function, [z])
        if isinstance(outcome, Failure):
            return _failed(function, outcome, earlier, kind and f"for an array {kind}")
        reasons = _changed_arguments(function, outcome)
        found = difference("it", outcome.value, ELEMENTWISE[function](z))
        if found is not None:
            reasons += _elementwise_mistake(function, z, outcome.value)
            reasons.append(f"{found} {kind}".rstrip())
        if reasons:
            return FunctionVerdict(function, "wrong", reasons)
        if outcome.warnings:
            remarks = [f"warns for z = ±1000, though its answer is right: {outcome.warnings[0]}"]
    return FunctionVerdict(function, "right", remarks)


def _elementwise_mistake(function: str, z: Array, value: Any) -> list[str]:
    if z is EXTREME_Z:
        if isinstance(value, np.ndarray) and np.isnan(value).any():
            return ["overflow: ∞ / ∞ is not a number; let no exponent be large and positive"]
        return []
    with np.errstate(all="ignore"):
        for message, formula in ELEMENTWISE_MISTAKES[function]:
            if same_numbers(value, formula(z)):
                return [message]
    if z is WHOLE_Z:
        return ["wrong only for whole numbers: an array made like z rounds what is put into it"]
    return rounded(value, ELEMENTWISE[function](z))


def _judge_pass(
    sandbox: Translated, function: str, earlier: list[FunctionVerdict]
) -> FunctionVerdict:
    """Judge `forward` or `backprop` by each problem until one fails."""
    for case in sandbox.problems.grading:
        outcome = sandbox.call(function, case.arguments(function))
        if isinstance(outcome, Failure):
            if outcome.unwritten:
                return _failed(function, outcome, earlier)
            mistakes = [] if outcome.fatal else _mistakes(sandbox, function, earlier)
            failed = _failed(function, outcome, earlier, f"for a {case.describe()}")
            return FunctionVerdict(function, failed.verdict, [*mistakes, *failed.reasons])
        reasons = _changed_arguments(function, outcome)
        ours = Backpropagation(case)
        right = ours.forward_answer() if function == "forward" else ours.backprop_answer()
        if sandbox.only_output and function == "forward":
            right = right[1][-1]
            found = difference("x_L", outcome.value, right)
        else:
            found = first_difference(function, outcome.value, right)
        if found is not None:
            is_same = same_numbers(outcome.value, right)
            close = [] if is_same else rounded(outcome.value, right)
            mistakes = [] if close else _mistakes(sandbox, function, earlier)
            reasons += [_refer_to_forward(mistake, earlier) for mistake in mistakes]
            if not mistakes:
                reasons += close or _scaled(sandbox, function) or _conditions(case)
            reasons.append(f"{found}; {case.describe()}")
        if reasons:
            return FunctionVerdict(function, "wrong", reasons)
    helpers = [other.function for other in earlier if other.verdict == "wrong"]
    if function == "backprop" and "sigmoid_prime" in helpers:
        return FunctionVerdict(function, "right", [MAKES_UP])
    return FunctionVerdict(function, "right", [])


def _refer_to_forward(mistake: str, earlier: list[FunctionVerdict]) -> str:
    """Mark a mistake that `forward` has too: it may be corrected there alone."""
    known = {reason for finding in earlier for reason in finding.reasons}
    in_forward = {mistake.message for mistake in IN_FORWARD}
    return f"as in forward: {mistake}" if mistake in known & in_forward else mistake


def _mistakes(sandbox: Translated, function: str, earlier: list[FunctionVerdict]) -> list[str]:
    """The smallest set of known mistakes that leads to exactly the student's numbers."""
    wrong = {finding.function for finding in earlier if finding.verdict == "wrong"}
    wrong_helpers = wrong & set(ELEMENTWISE)
    cases = []
    for case in sandbox.problems.mistakes:
        outcome = sandbox.call(function, case.arguments(function))
        if isinstance(outcome, Answer):
            cases.append((case, outcome.value))
        elif outcome.function in wrong or outcome.fatal:
            return []
    if not cases:
        return []
    if wrong_helpers:
        try:
            found = explanations(function, cases, 2, *_helpers(sandbox, wrong_helpers))
        except ValueError:  # σ or σ′ has no value
            found = []
        if found:
            cause = f"{' and '.join(sorted(wrong_helpers))}, which it uses, makes it wrong"
            return [*_named(found), cause] if found[0] else [f"its own formulas are right: {cause}"]
    if sandbox.only_output and function == "forward":
        found = explanations(function, cases, 3)
        return _named([tuple(m for m in chosen if m is not ONLY_OUTPUT) for chosen in found])
    found = explanations(function, cases, 2 if wrong_helpers else 3)
    if found == [()]:
        if any(
            first_difference(function, value, answer_with(function, case, ()))
            for case, value in cases
        ):
            return ["the numbers are right, their shapes are not: keepdims=True keeps (n_i, 1)"]
        return []  # right in these cases, wrong in another
    return _named(found)


def _named(found: list[tuple[Mistake, ...]]) -> list[str]:
    """The messages of the first set of mistakes, and the sets that have the same effect.

    A mistake in some layers is no other one than that in all, if both have the same effect.
    """
    if not found:
        return []
    distinct = {
        frozenset(mistake.message.partition(" (in ")[0] for mistake in chosen): chosen
        for chosen in reversed(found)
    }
    first, *others = reversed(distinct.values())
    reasons = [mistake.message for mistake in first]
    for other in others[:MAX_ALTERNATIVES]:
        gone = [m.message.partition(":")[0] for m in first if m not in other]
        instead = f", instead of '{gone[0]}'" if len(gone) == 1 < len(first) else ""
        new = "; ".join(mistake.message for mistake in other if not instead or mistake not in first)
        reasons.append(f"the same numbers would come from{instead}: {new}")
    more = len(others) - MAX_ALTERNATIVES
    if more > 0:
        reasons.append(f"{more} more sets of mistakes would lead to the same numbers")
    return reasons


def _helpers(sandbox: Translated, wrong: set[str]) -> list[Callable[[Array], Array]]:
    """σ and σ′: the student's own where those are wrong."""

    def students(name: str) -> Callable[[Array], Array]:
        known: dict[tuple[bytes, tuple[int, ...]], Array] = {}

        def call(z: Array) -> Array:
            key = (z.tobytes(), z.shape)
            if key not in known:
                outcome = sandbox.call(name, [z])
                if isinstance(outcome, Failure) or not isinstance(outcome.value, np.ndarray):
                    raise ValueError(f"{name} has no value")
                known[key] = outcome.value
            return known[key]

        return call

    return [students(name) if name in wrong else right for name, right in ELEMENTWISE.items()]


def _scaled(sandbox: Translated, function: str) -> list[str]:
    """The remark on a common factor of all numbers of all problems, if there is one."""
    cases = []
    for case in sandbox.problems.mistakes:
        outcome = sandbox.call(function, case.arguments(function))
        if isinstance(outcome, Failure):
            return []
        cases.append((case.batch_size, outcome.value, answer_with(function, case, ())))
    return scaled(cases)


def _conditions(case: Problem) -> list[str]:
    """When an unknown mistake shows."""
    if case.x.dtype.kind == "i":
        return ["wrong only for whole numbers as x and y: an array made like them rounds"]
    if case.batch_size > 1 and len(case.weights) < 3:  # an earlier problem had one sample
        return ["right for a batch of one sample, wrong for more"]
    return []


def _failed(
    function: str, failure: Failure, earlier: list[FunctionVerdict], when: str = ""
) -> FunctionVerdict:
    if failure.unwritten and failure.function == function:
        return FunctionVerdict(function, "not written yet", [])
    if failure.unwritten:
        return FunctionVerdict(function, "not written yet", [f"it needs {failure.function}"])
    if failure.function in {finding.function for finding in earlier if finding.verdict == "wrong"}:
        return FunctionVerdict(function, "wrong", [f"it needs {failure.function}, which fails"])
    return FunctionVerdict(function, "wrong", [f"{failure.text} {when}".rstrip()])


def _changed_arguments(function: str, answer: Answer) -> list[str]:
    names = [ARGUMENTS[function][position] for position in answer.changed]
    return [f"it changes what it is given ({', '.join(names)}): work on copies"] if names else []
