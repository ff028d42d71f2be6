"""nntrain grade, as a user runs it."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.support.cli import line_of_refusal, run, succeed
from tests.support.students import BOARD, ONE_BY_ONE, modified
from tests.support.terminal import Terminal, visible_lines
from tests.support.variants import slow


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_starter_to_verdict() -> None:
    starter = succeed("grade", "--starter").stdout
    assert succeed("grade", "--starter", "mine.py").stdout.startswith("mine.py: written; grade it")
    assert Path("mine.py").read_text("utf-8") == starter
    result = run("grade", "mine.py")
    assert result.exit_code == 1
    assert result.stderr == ""
    assert result.stdout.count("not written yet") == 4
    assert result.stdout.endswith("\nmine.py: 0 of 4 functions are right\n")
    Path("mine.py").write_text(BOARD)
    result = succeed("grade", "mine.py")
    assert "times as long (784-100-10, batch of 128, one thread)" in result.stdout
    assert result.stdout.endswith("\nmine.py: all right\n")


def test_json_has_the_same_verdict() -> None:
    Path("slow.py").write_text(ONE_BY_ONE)
    result = run("grade", "slow.py", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["right"] is False
    assert [finding["verdict"] for finding in report["findings"]] == ["right"] * 4
    assert report["imports"] == []
    assert len(report["loops"]) == 1
    assert report["speed"]["student"] > report["speed"]["ours"] > 0


def write_class() -> None:
    Path("ada.py").write_text(BOARD)
    Path("bob.py").write_text(modified("board", ("xs[-1] - y", "y - xs[-1]"), (" / B", "")))
    Path("cem.py").write_text("def f(\n")


def test_a_class_of_files_is_a_row_of_csv_each() -> None:
    write_class()
    result = run("grade", "ada.py", "bob.py", "cem.py", "--csv")
    assert result.exit_code == 1
    assert result.stderr == ""
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["file"] for row in rows] == ["ada.py", "bob.py", "cem.py"]
    assert [row["verdict"] for row in rows] == ["right", "wrong", "error"]
    assert [row["backprop"] for row in rows] == ["right", "wrong", ""]
    mean, sign = rows[1]["mistakes"].split("; ")
    assert mean.startswith("backprop: the gradient is the sum over the batch")
    assert sign.startswith("backprop: δ_L has the wrong sign")
    assert rows[2]["mistakes"].startswith("cem.py:1: not Python")
    assert succeed("grade", "ada.py", "--csv").stdout.splitlines()[1] == (
        "ada.py,right,right,right,right,right,"
    )


def test_several_files_get_a_short_verdict_each() -> None:
    write_class()
    result = run("grade", "ada.py", "bob.py")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:2] == ["ada.py: right", "bob.py: wrong"]
    assert lines[2].startswith("    backprop: the gradient is the sum")
    assert lines[-1] == "1 of 2 files is right"
    reports = json.loads(run("grade", "ada.py", "bob.py", "--json").stdout)
    assert [report["right"] for report in reports] == [True, False]


@pytest.mark.parametrize("files", ["ada.py bob.py cem.py nowhere.py", *slow("bob.py")])
def test_in_a_terminal_verdicts_have_signs_and_fit_in_80_columns(
    terminal: Terminal, files: str
) -> None:
    write_class()
    text = terminal("grade", *files.split(), status=1)
    assert len(set(re.findall(r"\x1b\[([\d;]*)m(✓|✗) ", text))) == 2, "a colour for each sign"
    lines = visible_lines(text)
    assert max(map(len, lines)) <= 80
    assert len(lines) > 5
    plain = terminal("grade", *files.split(), status=1, NO_COLOR="1")
    assert "✓ " in plain
    assert "\x1b" not in plain


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ("", 2, "nntrain grade: missing argument 'FILE.py'; see 'nntrain grade --help'"),
        ("miine.py", 2, "miine.py: no such file; did you mean 'mine.py'?"),
        ("other", 2, "other: no such file; begin one with: nntrain grade --starter other"),
        (".", 2, ".: a directory; name a Python file in it"),
        ("broken.py", 2, "broken.py:2: not Python: "),
        ("mine.py --seconds 0", 2, "nntrain grade: invalid value for '--seconds': 0"),
        (
            "mine.py --seconds nan",
            2,
            "nntrain grade: invalid value for '--seconds': 'nan' is not a number",
        ),
        ("mine.py --memory 8", 2, "nntrain grade: invalid value for '--memory': 8 is not in"),
        ("--starter a.py b.py", 2, "nntrain grade: --starter writes one file"),
        ("mine.py --json --csv", 2, "nntrain grade: --json and --csv exclude each other"),
        ("--starter mine.py", 1, "mine.py: exists already; name another file"),
        ("stops.py", 1, "stops.py:1: ZeroDivisionError: division by zero, while the file is"),
    ],
)
def test_files_that_cannot_be_graded_are_one_line_of_error(
    arguments: str, status: int, expected: str
) -> None:
    Path("mine.py").write_text(BOARD)
    Path("broken.py").write_text("x = 1\ndef f(\n")
    Path("stops.py").write_text("1 / 0\n")
    assert line_of_refusal(status, "grade", *arguments.split()).startswith(expected)
