"""docs/exercises.md: every answer is what Python or the command prints."""

import doctest
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.cli import succeed

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/exercises.md").read_text("utf-8")


class Exercise(NamedTuple):
    """One exercise; its answer is the content of <details>."""

    number: int
    stars: int
    question: str
    answer: str


EXERCISES = [
    Exercise(int(number), len(stars), question, answer)
    for number, stars, question, answer in re.findall(
        r"^### (\d+)\. .+? (★+)\n(.+?)<details><summary>Answer</summary>\n\n(.+?)\n\n</details>$",
        PAGE,
        re.M | re.S,
    )
]


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)


CALLS = [
    (command, output.splitlines())
    for block in blocks(PAGE, "console")
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$).*\n)*)", block, re.M)
]


def test_there_are_twenty_in_order_of_difficulty() -> None:
    assert [exercise.number for exercise in EXERCISES] == list(range(1, 21))
    stars = [exercise.stars for exercise in EXERCISES]
    assert stars == sorted(stars)
    assert set(stars) == {1, 2, 3}
    assert PAGE.count("<details>") == PAGE.count("</details>") == 20


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_an_answer_is_hidden_and_its_numbers_are_printed(exercise: Exercise) -> None:
    assert "\n```" not in exercise.question
    checked = blocks(exercise.answer, "pycon") + blocks(exercise.answer, "console")
    assert checked
    printed = "\n".join(
        line
        for line in "".join(checked).splitlines()
        if not line.startswith((">>> ", "... ", "$ "))
    )
    values = {float(value) for value in re.findall(r"-?\d+(?:\.\d+)?(?:e-\d+)?", printed)}
    for answer in re.findall(r"\*\*(−?[\d.]+)\*\*", exercise.answer):
        assert float(answer.replace("−", "-")) in values, answer


def test_the_lines_of_python_print_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = "".join(blocks(PAGE, "pycon"))
    assert PAGE.count(">>> ") == lines.count(">>> ") > 40
    example = doctest.DocTestParser().get_doctest(lines, {}, "exercises.md", None, 0)
    failures: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(example, out=failures.append).failed == 0, (
        "".join(failures)
    )


@pytest.mark.parametrize(
    ("command", "lines"),
    [call for call in CALLS if not call[0].startswith("nntrain sweep")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_prints_the_answer(
    command: str, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert lines
    arguments = shlex.split(command)[1:]
    if arguments[0] == "fit":
        arguments += ["--run", str(tmp_path / "run")]
    printed = succeed(*arguments).output
    pattern = r"\n(?:.*\n)*?".join(re.escape(line).replace("…", ".*") for line in lines)
    assert re.search(rf"^{pattern}$", printed, re.M), printed


def test_the_sweep_ranks_as_single_trainings_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials of a sweep are ordinary runs; processes for three of them would take long."""
    monkeypatch.chdir(ROOT)
    ((command, lines),) = [call for call in CALLS if call[0].startswith("nntrain sweep")]
    _, _, config, _, tried = shlex.split(command)
    key, _, values = tried.partition("=")
    assert lines[0].split() == ["run", "val", "epochs", key, "outcome"]
    rows = [line.split() for line in lines[1:]]
    assert [row[3] for row in sorted(rows)] == values.split(",")
    accuracies = [float(row[1].rstrip("%")) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    for _, accuracy, epochs, value in rows:
        run = tmp_path / value
        printed = succeed("fit", config, "--set", f"{key}={value}", "--run", str(run)).output
        assert f"epoch {epochs}/{epochs} " in printed
        assert f"{run}: {accuracy} of the validation rows right" in printed
