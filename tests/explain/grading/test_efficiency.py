"""Loops over samples or neurons are found, and the time is measured."""

# ruff: noqa: E501  # a changed line and its message are one line

from pathlib import Path

import pytest

from tests.support.grading import grade, verdicts
from tests.support.students import BOARD, ONE_BY_ONE, modified
from tests.support.variants import slow


@pytest.mark.usefixtures("within_this_process")
@pytest.mark.parametrize(
    ("text", "line", "of_what"),
    [
        (ONE_BY_ONE, "    for k in range(B):", "samples, in backprop"),
        (
            modified("board", ("return 1 / (1 + np.exp(-z))", "return np.vectorize(one)(z)"))
            + "\ndef one(z): return 1 / (1 + np.exp(-float(z)))\n",
            "def one(z)",
            "samples, in sigmoid;",
        ),
        (
            modified("board", ("delta @ xs[i].T / B", "np.array([d @ xs[i].T / B for d in delta])")),
            "        dW[i] =",
            "neurons, in backprop",
        ),
        (
            modified("board", ("delta @ xs[i].T / B", "sum(map(np.outer, delta.T, xs[i].T)) / B")),
            "",
            "",
        ),
        (
            modified("board", ("delta @ xs[i].T / B", "sum(np.outer(*c) for c in zip(delta.T, xs[i].T)) / B")),
            "        dW[i] =",
            "samples, in backprop",
        ),
        (
            modified("board", ("zs.append(W @ xs[-1] + b)", """z = np.zeros((len(W), x.shape[1]))
        for j in range(W.shape[0]):
            z[j] = W[j] @ xs[-1] + b[j]
        zs.append(z)""")),
            "        for j in range",
            "neurons, in forward",
        ),
        (  # Python gives the jump back of such a loop no line.
            BOARD.replace("    return dW, db", """    for k in range(B):
        for i in range(len(weights)):
            if i: i = 0
    return dW, db"""),
            "    for k in range(B):",
            "samples, in backprop",
        ),
    ],
)  # fmt: skip
def test_a_loop_over_samples_or_neurons_is_found_by_counting(
    tmp_path: Path, text: str, line: str, of_what: str
) -> None:
    report = grade(tmp_path, text)
    assert set(verdicts(report).values()) == {"right"}
    if not line:  # loops in compiled code are not traced; the time shows them
        assert report.loops == []
        return
    (number,) = (n for n, t in enumerate(text.splitlines(), 1) if t.startswith(line))
    assert len(report.loops) == 1
    assert report.loops[0].startswith(f"line {number}: a loop over the {of_what}")
    assert not report.is_right


LOOP = "    for k in range(B):"


COMPILED = f"names = {{}}\nexec(compile({ONE_BY_ONE!r}, 'other file', 'exec'), names)\n"


@pytest.mark.parametrize(
    "text",
    [
        ONE_BY_ONE.replace(
            LOOP,
            f"""    import sys
    try:
        sys.settrace(None)
    except PermissionError:
        pass
{LOOP}""",
        ),
        *slow(
            ONE_BY_ONE.replace(LOOP, f"    import sys\n    sys._getframe().f_trace = None\n{LOOP}"),
            f"exec(compile({ONE_BY_ONE!r}, 'other file', 'exec'))\n",
            f"{COMPILED}sigmoid, sigmoid_prime, forward = "
            "map(names.get, ['sigmoid', 'sigmoid_prime', 'forward'])\n"
            "def backprop(*given):\n    return names['backprop'](*given)\n",
        ),
        f"""{ONE_BY_ONE}
import threading
in_this_thread = backprop
def backprop(*given):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(in_this_thread(*given)))
    thread.start()
    thread.join()
    return answers[0]
""",
    ],
)
def test_loop_counting_cannot_be_evaded(tmp_path: Path, text: str) -> None:
    report = grade(tmp_path, text)
    assert set(verdicts(report).values()) == {"right"}
    (loop,) = report.loops
    assert "backprop" in loop


def test_code_that_stops_when_it_is_counted_is_reported(tmp_path: Path) -> None:
    lines = "    import sys\n    if sys.gettrace():\n        sys.settrace(None)\n"
    report = grade(tmp_path, ONE_BY_ONE.replace(LOOP, lines + LOOP))
    (loop,) = report.loops
    assert loop.startswith("backprop fails while its loops are counted: line ")
    assert loop.endswith("in backprop: PermissionError: tracing may not be changed here")


def test_a_backprop_too_slow_to_time_is_reported(tmp_path: Path) -> None:
    nap = "import time; time.sleep(2 * (len(x) > 100))"
    report = grade(tmp_path, BOARD.replace("    B =", f"    {nap}\n    B ="), 1)
    assert report.speed is None
    assert report.findings[-1].reasons == [
        "of network 784-100-10, batch of 128: takes longer than 1 s"
    ]
