"""The limits of the student's process, and its errors."""

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from nntrain.errors import NNTrainError
from nntrain.explain.grading import problems, sandbox_worker, starter_text
from tests.support.grading import BODY_LINE, grade, only_reason, verdicts, with_backprop
from tests.support.students import BOARD
from tests.support.variants import slow


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("input()", "EOFError: EOF when reading a line for"),
        ("import os; os.fork()", "PermissionError: new processes may not be started here for"),
        *slow(
            ("import os; os.system('true')", "PermissionError: new processes may not be started"),
            (
                "import os; os.posix_spawn('/bin/true', ['true'], {})",
                "PermissionError: new processes may not be started",
            ),
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
def test_a_forbidden_operation_is_reported_with_its_line(
    tmp_path: Path, body: str, expected: str
) -> None:
    reason = only_reason(grade(tmp_path, with_backprop(body)), "backprop")
    assert reason.startswith(f"line {BODY_LINE}, in backprop: {expected}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import os; os.kill(os.getpid(), 11)", "crashes the process (Segmentation fault"),
        *slow(
            ("import os; os._exit(0)", "ends the process (exit status 0) for a network 3-2"),
            ("import os; os.closerange(3, 99)", "ends the process (exit status 1)"),
        ),
    ],
)
def test_a_process_that_dies_fails_one_function(tmp_path: Path, body: str, expected: str) -> None:
    text = BOARD.replace("return 1 / (1", f"{body}\n    return 1 / (1")
    text = text.replace(
        "return sigmoid(z) * (1 - sigmoid(z))",
        "return 0.25 / np.cosh(np.clip(z, -99, 99) / 2) ** 2",
    )
    findings = {finding.function: finding for finding in grade(tmp_path, text).findings}
    assert findings["sigmoid"].reasons[0].startswith(expected.removesuffix(" for a network 3-2"))
    assert findings["sigmoid_prime"].reasons == []
    assert findings["forward"].reasons[0].startswith(expected)


def test_an_endless_loop_is_stopped_and_the_other_functions_are_graded(tmp_path: Path) -> None:
    text = BOARD.replace("    return 1 / (1", "    while z.ndim < 3: pass\n    return 1 / (1")
    start = time.monotonic()
    report = grade(tmp_path, BOARD.replace("    zs, xs = [], [x]", "    while True: pass"), 0.5)
    assert time.monotonic() - start < 30
    assert verdicts(report)["sigmoid_prime"] == "right"
    assert report.findings[2].reasons[0].startswith("takes longer than 0.5 s for a network 3-2")
    with pytest.raises(NNTrainError, match=r"mine.py: takes longer than 0.3 s while it is loaded"):
        grade(tmp_path, f"{text}\nwhile True: pass\n", 0.3)


def test_printing_does_not_change_the_verdict(tmp_path: Path) -> None:
    report = grade(
        tmp_path,
        BOARD.replace("    B =", "    print('{\"value\": 1}\\n' * 100_000)\n    B =")
        + "import sys\nprint('ok', file=sys.stderr)\n",
    )
    assert report.is_right
    assert len(report.notes) == 1
    assert report.notes[0].startswith("what it prints is not shown (")


@pytest.mark.parametrize("line", ['{"raised": {"text": 1}}', *slow("[]", "yes", '{"value": 1}')])
def test_forged_replies_are_refused(tmp_path: Path, line: str) -> None:
    forged = f"""
    import os
    for number in range(3, 9):
        try:
            os.write(number, {line.encode()!r} + b"\\n")
        except OSError:
            pass
"""
    reason = only_reason(grade(tmp_path, with_backprop(forged)), "backprop")
    assert reason == "answers with something that cannot be read for a network 3-2, batch of 1"


@pytest.mark.parametrize("escape", ["os.setsid()", *slow("pass")])
def test_remaining_child_processes_are_killed(tmp_path: Path, escape: str) -> None:
    path = tmp_path / "child"
    fork = f"""
    import ctypes, os, time
    if ctypes.PyDLL(None).fork() == 0:
        {escape}
        with open({str(path)!r}, "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)
    while not os.path.exists({str(path)!r}) or not open({str(path)!r}).read():
        time.sleep(0.01)
    return [], []
"""
    assert verdicts(grade(tmp_path, with_backprop(fork)))["backprop"] == "wrong"
    deadline = time.monotonic() + 5
    while _runs(int(path.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or " Z " not in stat.read_text()  # killed, but not yet reaped


def test_it_runs_in_an_empty_folder_that_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    look = "import os, pathlib\nfound = os.listdir()\npathlib.Path('mine').mkdir()\n"
    tell = f"pathlib.Path({str(path)!r}).write_text(os.getcwd() + ' ' + str(found))\n"
    assert grade(tmp_path, BOARD + look + tell).is_right
    folder, found = path.read_text().split(" ", 1)
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
def test_imports_other_than_numpy_and_pandas_are_found(
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
def test_the_right_answers_cannot_be_read_from_nntrain(tmp_path: Path, trick: str) -> None:
    tried = textwrap.indent(textwrap.dedent(trick), "    ")
    fallback = "except Exception:\n    sigmoid = None\n"
    text = f"{BOARD}\ntry:\n{tried}\n    sigmoid = found.sigmoid\n{fallback}"
    assert verdicts(grade(tmp_path, text))["sigmoid"] == "missing"


def test_a_refused_import_of_nntrain_is_reported(tmp_path: Path) -> None:
    tried = "try:\n    exec('import nntrain', {})\nexcept ImportError:\n    pass\n"
    report = grade(tmp_path, BOARD + tried)
    assert report.imports == ["nntrain"]
    assert not report.is_right


def test_imports_by_numpy_pandas_and_python_are_not_reported(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import nothing_of_this_name\n", "mine.py:1: ModuleNotFoundError: No module named "),
        ("x = 1\ny = x / 0\n", "mine.py:2: ZeroDivisionError: division by zero, while the file"),
        ("raise SystemExit(3)\n", "mine.py:1: SystemExit: 3, while the file is loaded"),
        ("import os\nos._exit(3)\n", "mine.py: ends the process (exit status 3) while it is"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_line_of_error(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(NNTrainError) as caught:
        grade(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/{expected}")
    assert "\n" not in str(caught.value)


def test_a_missing_temporary_folder_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(NNTrainError, match=r"mine\.py: cannot be run: no temporary folder can be"):
        grade(tmp_path, BOARD)


def test_too_few_descriptors_are_reported(tmp_path: Path) -> None:
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


def test_grading_works_without_what_windows_lacks(
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
