"""The verdict on right files and on those that cannot run, and what holds the process back."""

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from nntrain.errors import ConfigError, NNTrainError
from nntrain.explain import grading

# ruff: noqa: E501  # a spoilt line and its complaint are one line
from nntrain.explain.grading import Report, problems, read_source, sandbox_worker, starter_text
from tests.explain.students import BOARD, BOOK, ONE_BY_ONE, RIGHT, spoilt

MEMORY = 1 << 30


def grade(folder: Path, text: str, seconds: float = 10, memory: int = MEMORY) -> Report:
    path = folder / "mine.py"
    path.write_text(text, "utf-8")
    return grading.grade(read_source(path), seconds, memory)


def verdicts(report: Report) -> dict[str, str]:
    return {finding.function: finding.verdict for finding in report.findings}


def only_fault(report: Report, function: str) -> str:
    """The one reason why one function is wrong, while all others are right."""
    told = {
        finding.function: finding.reasons
        for finding in report.findings
        if finding.verdict != "right"
    }
    assert list(told) == [function]
    (reason,) = told[function]
    return reason


def with_backprop(body: str) -> str:
    """A right file, but for a backprop of this body."""
    start = BOARD.index("    zs, xs = forward(weights, biases, x)\n    B =")
    return f"{BOARD[:start]}    {body}\n"


BODY_LINE = with_backprop("pass").count("\n")


@pytest.mark.parametrize("style", RIGHT)
def test_a_right_file_is_right_in_any_style(tmp_path: Path, style: str) -> None:
    report = grade(tmp_path, RIGHT[style])
    assert report.is_right
    assert report.conclusion().endswith("mine.py: all right")
    assert report.speed is not None
    assert 0.01 < report.speed.student / report.speed.ours < 1000


@pytest.mark.usefixtures("within_this_process")
def test_an_overflow_that_does_no_harm_is_a_remark(tmp_path: Path) -> None:
    findings = grade(tmp_path, BOOK).findings
    assert findings[0].reasons == [
        "warns for z = ±1000, though its answer is right: overflow encountered in exp"
    ]
    assert grade(tmp_path, RIGHT["recursive"]).findings[0].reasons == []


def test_the_starter_is_not_written_yet_rather_than_wrong(tmp_path: Path) -> None:
    report = grade(tmp_path, starter_text())
    assert set(verdicts(report).values()) == {"not written yet"}
    assert not report.is_right


@pytest.mark.usefixtures("within_this_process")
def test_what_needs_an_unwritten_function_says_so(tmp_path: Path) -> None:
    body = "return sigmoid(z) * (1 - sigmoid(z))"
    report = grade(tmp_path, spoilt("board", (body, "raise NotImplementedError('later')")))
    assert verdicts(report) == {
        "sigmoid": "right",
        "sigmoid_prime": "not written yet",
        "forward": "right",
        "backprop": "not written yet",
    }
    assert report.findings[-1].reasons == ["it needs sigmoid_prime"]


@pytest.mark.usefixtures("within_this_process")
def test_a_missing_function_is_missing(tmp_path: Path) -> None:
    report = grade(tmp_path, BOARD.replace("def forward", "def forwards"))
    assert verdicts(report)["forward"] == "missing"
    assert report.findings[2].reasons == ["'forwards' is another name"]


@pytest.mark.usefixtures("within_this_process")
def test_what_fails_is_told_once_and_not_of_all_that_need_it(tmp_path: Path) -> None:
    report = grade(tmp_path, spoilt("board", ("np.exp(-z)", "float('x')")))
    assert report.findings[0].reasons[0].startswith("line ")
    for finding in report.findings[1:]:
        assert finding.reasons == ["it needs sigmoid, which fails"]


@pytest.mark.usefixtures("within_this_process")
def test_a_call_with_wrong_arguments_is_its_own_fault(tmp_path: Path) -> None:
    call = "zs, xs = forward(weights, biases, x)"
    report = grade(tmp_path, spoilt("board", (call, call.replace("biases, x", "x, biases"))))
    assert "in forward: " in only_fault(report, "backprop")


@pytest.mark.usefixtures("within_this_process")
def test_a_mistake_of_forward_is_told_of_backprop_as_the_same(tmp_path: Path) -> None:
    report = grade(tmp_path, spoilt("board", ("W @ xs[-1] + b", "W @ xs[-1]")))
    assert report.findings[2].reasons[0] == "z_i lacks the bias b_i"
    assert report.findings[3].reasons[0] == "as in forward: z_i lacks the bias b_i"


@pytest.mark.usefixtures("within_this_process")
def test_backprop_is_not_blamed_for_sigmoid_prime(tmp_path: Path) -> None:
    slope = "0.25 / np.cosh(z / 2)"
    report = grade(tmp_path, spoilt("board", ("sigmoid(z) * (1 - sigmoid(z))", slope)))
    assert report.findings[-1].reasons[0] == (
        "its own formulas are right: sigmoid_prime, which it uses, makes it wrong"
    )


@pytest.mark.usefixtures("within_this_process")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("weights[i].T @ delta *", "2 * delta.sum() *")], "δ_1 is the first to be wrong: ∂E/∂W_1 "),
        ([("delta @ xs[i].T / B", "delta @ xs[i].T / (B + i)")], "∂E/∂W_2 differs by up to "),
        ([("delta.sum(axis=1, keepdims=True) / B", "biases[i]")], "∂E/∂b_1 differs by up to "),
        ([("(xs[-1] - y)", "(xs[-1] - 3 * y)")], "δ_1 is the first to be wrong: ∂E/∂W_1 differs"),
        ([("xs[i].T / B", "xs[i].T[:, :-1] / B")], "∂E/∂W_1 has shape (2, 2) where (2, 3) belongs"),
        ([("return dW, db", "return dW, None")], "it returns a list of 1 and nothing (None) where two lists belong"),
        ([("return dW, db", "return np.array(dW), np.array(db)")], "it returns an array of shape (1, 2, 3) and an array of shape (1, 2, 1) where two lists"),
        ([("return dW, db", "return dW, db[:-1]")], "its lists hold 1 and 0 arrays where 1 and 1 belong"),
        ([("return dW, db", "return dW, [None] * len(db)")], "∂E/∂b_1 is nothing (None) where an array"),
        ([("return dW, db", "return dW, [b * np.nan for b in db]")], "∂E/∂b_1 holds nan"),
    ],
)  # fmt: skip
def test_the_first_quantity_that_differs_is_told(
    tmp_path: Path, changes: list[tuple[str, str]], expected: str
) -> None:
    assert expected in only_fault(grade(tmp_path, spoilt("board", *changes)), "backprop")


@pytest.mark.usefixtures("within_this_process")
def test_forward_is_told_from_the_first_layer_on(tmp_path: Path) -> None:
    text = BOARD.replace("    return zs, xs\n", "    zs[-1] = 3 * zs[-1]\n    return zs, xs\n")
    finding = grade(tmp_path, text).findings[2]
    assert finding.reasons[0].startswith("z_1 differs by up to ")
    assert finding.reasons[0].endswith(", the first to be wrong; network 3-2, batch of 1")


@pytest.mark.usefixtures("within_this_process")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero for a network 3-2, batch of 1"),
        ("return unknown", "NameError: name 'unknown' is not defined for"),
        ("raise SystemExit(0)", "ends the program (SystemExit) where it should return for"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt for"),
        ("return backprop(weights, biases, x, y)", "RecursionError: maximum recursion depth"),
    ],
)
def test_what_a_function_raises_is_told_with_its_line(
    tmp_path: Path, body: str, expected: str
) -> None:
    reason = only_fault(grade(tmp_path, with_backprop(body)), "backprop")
    assert reason.startswith(f"line {BODY_LINE}, in backprop: {expected}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("input()", "EOFError: EOF when reading a line for"),
        ("import os; os.fork()", "PermissionError: new processes may not be started here for"),
        ("import os; os.system('true')", "PermissionError: new processes may not be started"),
        (
            "import os; os.posix_spawn('/bin/true', ['true'], {})",
            "PermissionError: new processes may not be started",
        ),
        (
            "import multiprocessing as m; m.get_context('spawn').Process(target=print).start()",
            "PermissionError: new processes may not be started",
        ),
        (
            "import sys; del sys.modules['_posixsubprocess']; import _posixsubprocess",
            "ImportError: _posixsubprocess may not be imported here",
        ),
        ("np.ones(1 << 40)", "needs more than 1024 MB of memory for"),
    ],
)
def test_what_its_process_is_denied_is_told_with_its_line(
    tmp_path: Path, body: str, expected: str
) -> None:
    reason = only_fault(grade(tmp_path, with_backprop(body)), "backprop")
    assert reason.startswith(f"line {BODY_LINE}, in backprop: {expected}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import os; os._exit(0)", "ends the process (exit status 0) for a network 3-2"),
        ("import os; os.kill(os.getpid(), 11)", "crashes the process (Segmentation fault"),
        ("import os; os.closerange(3, 99)", "ends the process (exit status 1)"),
    ],
)
def test_a_process_that_dies_costs_one_function(tmp_path: Path, body: str, expected: str) -> None:
    text = BOARD.replace("return 1 / (1", f"{body}\n    return 1 / (1")
    text = text.replace(
        "return sigmoid(z) * (1 - sigmoid(z))",
        "return 0.25 / np.cosh(np.clip(z, -99, 99) / 2) ** 2",
    )
    findings = {finding.function: finding for finding in grade(tmp_path, text).findings}
    assert findings["sigmoid"].reasons[0].startswith(expected.removesuffix(" for a network 3-2"))
    assert findings["sigmoid_prime"].reasons == []
    assert findings["forward"].reasons[0].startswith(expected)


def test_a_loop_without_end_is_ended_and_the_others_are_graded(tmp_path: Path) -> None:
    text = BOARD.replace("    return 1 / (1", "    while z.ndim < 3: pass\n    return 1 / (1")
    start = time.monotonic()
    report = grade(tmp_path, BOARD.replace("    zs, xs = [], [x]", "    while True: pass"), 0.5)
    assert time.monotonic() - start < 30
    assert verdicts(report)["sigmoid_prime"] == "right"
    assert report.findings[2].reasons[0].startswith("takes longer than 0.5 s for a network 3-2")
    with pytest.raises(NNTrainError, match=r"mine.py: takes longer than 0.3 s while it is loaded"):
        grade(tmp_path, f"{text}\nwhile True: pass\n", 0.3)


def test_what_is_printed_is_no_part_of_the_verdict(tmp_path: Path) -> None:
    report = grade(
        tmp_path,
        BOARD.replace("    B =", "    print('{\"value\": 1}\\n' * 100_000)\n    B =")
        + "import sys\nprint('ok', file=sys.stderr)\n",
    )
    assert report.is_right
    assert len(report.notes) == 1
    assert report.notes[0].startswith("what it prints is not shown (")


@pytest.mark.parametrize("line", ["[]", "yes", '{"value": 1}', '{"raised": {"text": 1}}'])
def test_what_it_writes_into_our_pipe_is_believed_only_as_arrays(tmp_path: Path, line: str) -> None:
    forged = f"""
    import os
    for number in range(3, 9):
        try:
            os.write(number, {line.encode()!r} + b"\\n")
        except OSError:
            pass
"""
    reason = only_fault(grade(tmp_path, with_backprop(forged)), "backprop")
    assert reason == "answers with something that cannot be read for a network 3-2, batch of 1"


@pytest.mark.parametrize("escape", ["pass", "os.setsid()"])
def test_processes_that_it_leaves_behind_are_killed(tmp_path: Path, escape: str) -> None:
    told = tmp_path / "child"
    fork = f"""
    import ctypes, os, time
    if ctypes.PyDLL(None).fork() == 0:
        {escape}
        with open({str(told)!r}, "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)
    while not os.path.exists({str(told)!r}) or not open({str(told)!r}).read():
        time.sleep(0.01)
    return [], []
"""
    assert verdicts(grade(tmp_path, with_backprop(fork)))["backprop"] == "wrong"
    deadline = time.monotonic() + 5
    while _runs(int(told.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or " Z " not in stat.read_text()  # killed, but nobody has asked


def test_it_runs_in_an_empty_folder_that_is_removed(tmp_path: Path) -> None:
    told = tmp_path / "folder"
    look = "import os, pathlib\nfound = os.listdir()\npathlib.Path('mine').mkdir()\n"
    tell = f"pathlib.Path({str(told)!r}).write_text(os.getcwd() + ' ' + str(found))\n"
    assert grade(tmp_path, BOARD + look + tell).is_right
    folder, found = told.read_text().split(" ", 1)
    assert found == "[]"
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [
                "import json, random, collections.abc",
                "from numpy.linalg import norm",
                "import pandas as pd",
                "pd.DataFrame({'a': [1]}).to_csv()",
            ],
            [],
        ),
        (
            [
                "import click",
                "from tqdm.auto import tqdm",
                "def unused():",
                "    import nntrain.nn",
            ],
            ["click", "nntrain", "tqdm"],
        ),
        (
            [
                "__import__('click')",
                "exec('import tqdm')",
                "import importlib; importlib.import_module('filelock')",
            ],
            ["click", "filelock", "tqdm"],
        ),
    ],
)
def test_whatever_it_imports_besides_numpy_and_pandas_is_found(
    tmp_path: Path, lines: list[str], expected: list[str]
) -> None:
    report = grade(tmp_path, "\n".join([starter_text(), *lines, ""]))
    assert report.imports == expected


OURS = str(Path(problems.__file__))
BESIDE_OURS = str(Path(OURS).parents[3])


@pytest.mark.parametrize(
    "trick",
    [
        "exec('from nntrain.explain.grading import problems as found', globals())",
        "import pydoc; found = pydoc.locate('nntrain.explain.grading.problems')",
        f"""
        import runpy, sys, types
        sys.path.append({BESIDE_OURS!r})
        found = types.SimpleNamespace(**runpy.run_module('nntrain.explain.grading.problems'))
        """,
        f"""
        import importlib, sys
        sys.meta_path[:] = [found for found in sys.meta_path if isinstance(found, type)]
        sys.path.append({BESIDE_OURS!r})
        found = importlib.import_module('nntrain.explain.grading.problems')
        """,
        f"""
        import importlib.util, os, sys
        sys.path.append({BESIDE_OURS!r})
        os.symlink({OURS!r}, 'other.py')
        spec = importlib.util.spec_from_file_location('other', 'other.py')
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        """,
        f"""
        import os, re
        folder = os.open({BESIDE_OURS!r}, os.O_RDONLY)
        file = os.open('nntrain/nn/activations.py', os.O_RDONLY, dir_fd=folder)
        names = {{}}
        exec(os.read(file, 1 << 20), names)
        class found:
            def sigmoid(z):
                x = np.empty(z.shape)
                names['sigmoid'](np.asarray(z, float), x)
                return x
        """,
    ],
)
def test_the_right_answers_cannot_be_had_from_nntrain(tmp_path: Path, trick: str) -> None:
    tried = textwrap.indent(textwrap.dedent(trick), "    ")
    fallback = "except Exception:\n    sigmoid = None\n"
    text = f"{BOARD}\ntry:\n{tried}\n    sigmoid = found.sigmoid\n{fallback}"
    assert verdicts(grade(tmp_path, text))["sigmoid"] == "missing"


def test_an_import_of_nntrain_that_was_refused_is_told(tmp_path: Path) -> None:
    tried = "try:\n    exec('import nntrain', {})\nexcept ImportError:\n    pass\n"
    report = grade(tmp_path, BOARD + tried)
    assert report.imports == ["nntrain"]
    assert not report.is_right


def test_what_numpy_pandas_and_python_import_themselves_is_not_the_students(tmp_path: Path) -> None:
    report = grade(
        tmp_path,
        BOARD
        + """
import collections, concurrent.futures, dataclasses, doctest, io, pickle, sysconfig, unittest
import pandas as pd
sysconfig.get_config_vars()
pd.read_csv(io.StringIO('a,b\\n2020-01-01,2'), parse_dates=['a'])
pd.date_range('2020', '2021', freq='MS', tz='Europe/Berlin')
pd.eval('1 + 1')
np.testing.assert_allclose(1, 1)
np.polynomial.Polynomial([1, 2])(3)
pickle.dumps(dataclasses.make_dataclass('A', ['x'])(1).x)
collections.namedtuple('N', 'a b')(1, 2)
""",
    )
    assert report.imports == []
    assert report.is_right


def test_an_import_that_it_may_not_have_is_wrong_though_all_functions_are_right(
    tmp_path: Path,
) -> None:
    report = grade(tmp_path, f"import click\n{BOARD}")
    assert set(verdicts(report).values()) == {"right"}
    assert not report.is_right
    assert report.conclusion().endswith(
        "4 of 4 functions are right, but it imports what it may not"
    )


@pytest.mark.usefixtures("within_this_process")
@pytest.mark.parametrize(
    ("text", "line", "of_what"),
    [
        (ONE_BY_ONE, "    for k in range(B):", "samples, in backprop"),
        (
            spoilt("board", ("return 1 / (1 + np.exp(-z))", "return np.vectorize(one)(z)"))
            + "\ndef one(z): return 1 / (1 + np.exp(-float(z)))\n",
            "def one(z)",
            "samples, in sigmoid;",
        ),
        (
            spoilt("board", ("delta @ xs[i].T / B", "np.array([d @ xs[i].T / B for d in delta])")),
            "        dW[i] =",
            "neurons, in backprop",
        ),
        (
            spoilt("board", ("delta @ xs[i].T / B", "sum(map(np.outer, delta.T, xs[i].T)) / B")),
            "",
            "",
        ),
        (
            spoilt("board", ("delta @ xs[i].T / B", "sum(np.outer(*c) for c in zip(delta.T, xs[i].T)) / B")),
            "        dW[i] =",
            "samples, in backprop",
        ),
        (
            spoilt("board", ("zs.append(W @ xs[-1] + b)", """z = np.zeros((len(W), x.shape[1]))
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
    if not line:  # a loop within C leaves no trace; its time is told
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
        ONE_BY_ONE.replace(LOOP, f"    import sys\n    sys._getframe().f_trace = None\n{LOOP}"),
        f"exec(compile({ONE_BY_ONE!r}, 'other file', 'exec'))\n",
        COMPILED
        + "sigmoid, sigmoid_prime, forward = map(names.get, ['sigmoid', 'sigmoid_prime', 'forward'])\n"
        + "def backprop(*given):\n    return names['backprop'](*given)\n",
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
def test_counting_loops_cannot_be_undone(tmp_path: Path, text: str) -> None:
    report = grade(tmp_path, text)
    assert set(verdicts(report).values()) == {"right"}
    (told,) = report.loops
    assert "backprop" in told


@pytest.mark.parametrize(
    "trick",
    [
        "exec(compile('1', np.__file__, 'exec'))",
        "sigmoid.__code__ = sigmoid.__code__.replace(co_filename=np.__file__)",
    ],
)
def test_code_cannot_pass_as_that_of_an_installed_file(tmp_path: Path, trick: str) -> None:
    with pytest.raises(NNTrainError, match="code may not be given the name of an installed file"):
        grade(tmp_path, f"{BOARD}\n{trick}\n")


def test_code_that_ends_when_it_is_counted_is_told(tmp_path: Path) -> None:
    lines = "    import sys\n    if sys.gettrace():\n        sys.settrace(None)\n"
    report = grade(tmp_path, ONE_BY_ONE.replace(LOOP, lines + LOOP))
    (told,) = report.loops
    assert told.startswith("backprop fails while its loops are counted: line ")
    assert told.endswith("in backprop: PermissionError: tracing may not be changed here")


def test_a_backprop_too_slow_to_time_says_so(tmp_path: Path) -> None:
    nap = "import time; time.sleep(2 * (len(x) > 100))"
    report = grade(tmp_path, BOARD.replace("    B =", f"    {nap}\n    B ="), 1)
    assert report.speed is None
    assert report.findings[-1].reasons == [
        "of network 784-100-10, batch of 128: takes longer than 1 s"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import nothing_of_this_name\n", "mine.py:1: ModuleNotFoundError: No module named "),
        ("x = 1\ny = x / 0\n", "mine.py:2: ZeroDivisionError: division by zero, while the file"),
        ("raise SystemExit(3)\n", "mine.py:1: SystemExit: 3, while the file is loaded"),
        ("import os\nos._exit(3)\n", "mine.py: ends the process (exit status 3) while it is"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(NNTrainError) as caught:
        grade(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/{expected}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"def f(:\n    pass\n", ":1: not Python: invalid syntax"),
        (b"x = 1\n  y = 2\n", ":2: not Python: unexpected indent"),
        (b"x = '\xff'\n", ":1: not UTF-8 text; save the file as UTF-8"),
        (b"x = 1\0\n", ":1: not Python: a null byte; correct that line"),
        (b"(" * 5000, ":1: not Python: too many nested parentheses"),
    ],
)
def test_what_is_not_python_is_refused(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        read_source(path)
    assert str(caught.value).startswith(f"{path}{expected}")


def test_a_file_that_is_not_there_or_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = '\\d'\n", "utf-8")  # Python's own warning is not ours
    assert read_source(path).imported() == set()
    with pytest.raises(ConfigError, match=r"did you mean 'mine\.py'"):
        read_source(tmp_path / "mime.py")
    with pytest.raises(ConfigError, match="a directory; name a Python file"):
        read_source(tmp_path)
    with pytest.raises(ConfigError, match="a notebook; save its functions"):
        (tmp_path / "mine.ipynb").write_text("{}")
        read_source(tmp_path / "mine.ipynb")


def test_no_temporary_folder_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(NNTrainError, match=r"mine\.py: cannot be run: no temporary folder can be"):
        grade(tmp_path, BOARD)


def test_few_descriptors_are_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BOARD, "utf-8")
    limited = (
        "import resource, sys; from nntrain.__main__ import main; import nntrain.explain.grading; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)); "
        "sys.argv[1:] = ['grade', 'mine.py']; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", limited], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == (
        "mine.py: cannot be run: no process can be started for it: Too many open files; "
        "end other programs, or raise the limits that 'ulimit -a' shows\n"
    )


def test_it_is_graded_without_what_windows_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "child.py"
    text = Path(sandbox_worker.__file__).read_text("utf-8")
    lacking = (
        "import subprocess, sys; sys.modules['resource'] = sys.modules['_posixsubprocess'] = None"
    )
    script.write_text(text.replace("import base64", f"{lacking}\nimport base64", 1), "utf-8")
    monkeypatch.setattr(sandbox_worker, "__file__", str(script))
    monkeypatch.delattr(os, "killpg")
    report = grade(tmp_path, BOARD)
    assert report.is_right
    assert report.notes == ["this system does not limit memory, the size of files, processor time"]
