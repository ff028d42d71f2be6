"""docs/pencil.md quotes the command's output, and every line of its arithmetic is right."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from nntrain.explain.trace_text import number
from nntrain.nn.arrays import Array
from tests.support.cli import succeed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pencil.md").read_text("utf-8")
BLOCKS = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
COMMAND = ("trace", "configs/lecture-3-4-2.yaml", "--row", "1")
LINE = re.compile(r"(?P<symbol>.+?)(?:\[(?P<index>[\d, ]+)\])? = (?P<term>.+) = (?P<value>\S+)")
GIVEN = {"W_1", "b_1", "W_2", "b_2", "y", "alpha"}


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Array]:
    monkeypatch.chdir(ROOT)
    succeed(*COMMAND, "--npz", str(tmp_path / "row.npz"))
    with np.load(tmp_path / "row.npz") as saved:
        return dict(saved)


def name_of(symbol: str) -> str:
    for written, name in (("δ", "delta"), ("∂E/∂", "dE_d"), (" after", "_after")):
        symbol = symbol.replace(written, name)
    return symbol


def calculated(term: str, arrays: dict[str, Array]) -> float:
    """The value of a term as it stands on paper; quantities count as they are printed."""

    def printed(match: re.Match[str]) -> str:
        return f"({number(arrays[name_of(match[1])][int(match[2])])})"

    assert set(re.findall(r"\d\.\d{4}", term)) <= set(re.findall(r"\d\.\d{4}", BLOCKS[0])), term
    term = re.sub(r"(δ_\d)\[(\d)\]", printed, term)
    for written, python in (("·", "*"), ("e^", "exp"), ("^", "**")):
        term = term.replace(written, python)
    assert re.fullmatch(r"(?:[\d.+\-*/() ]|exp)+", term), term
    return float(eval(term, {"exp": math.exp, "__builtins__": {}}))


def lines() -> list[re.Match[str]]:
    found = [LINE.fullmatch(line) for block in BLOCKS[1:] for line in block.splitlines()]
    assert None not in found
    return [match for match in found if match]


def test_the_pages_output_is_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert f"    nntrain {' '.join(COMMAND)}\n" in PAGE
    output = succeed(*COMMAND).stdout
    assert [line.rstrip() for line in output.splitlines()] == BLOCKS[0].splitlines()


def test_every_number_of_the_trace_is_worked_out_once(arrays: dict[str, Array]) -> None:
    worked_out = [
        (name_of(match["symbol"]), match["index"] and tuple(map(int, match["index"].split(","))))
        for match in lines()
    ]
    every = [
        (name, index or None)
        for name, array in arrays.items()
        if name not in GIVEN
        for index in np.ndindex(array.shape)
    ]
    assert sorted(map(str, worked_out)) == sorted(map(str, every))


def test_every_line_agrees_with_its_arithmetic_and_with_the_command(
    arrays: dict[str, Array],
) -> None:
    for match in lines():
        value = arrays[name_of(match["symbol"])]
        if match["index"]:
            value = value[tuple(map(int, match["index"].split(",")))]
        assert match["value"] == number(float(value)), match[0]
        # The numbers of a term are rounded to four decimals, so its value is off by some of these.
        assert calculated(match["term"], arrays) == pytest.approx(float(value), abs=1.5e-4)


def test_each_step_says_what_to_look_at() -> None:
    followings = re.split(r"^```text\n.*?^```\n", PAGE, flags=re.M | re.S)[1:]
    assert len(followings) == len(BLOCKS)
    for following in followings:
        assert following.startswith("\n**Look at** "), following[:200]


def test_the_pages_numbers_after_the_step_are_right(arrays: dict[str, Array]) -> None:
    x = arrays["x_0"]
    for i in (1, 2):
        x = 1 / (1 + np.exp(-(arrays[f"W_{i}_after"] @ x + arrays[f"b_{i}_after"])))
    error = 0.5 * np.square(x - arrays["y"]).sum()
    told = (
        f"row has E = {error:.4f} instead of {arrays['E']:.4f}, and its outputs are {x[0]:.4f} and"
    )
    assert f"{told} {x[1]:.4f}: the network takes it for a 0" in PAGE
    assert x[0] > x[1]


def test_the_pages_program_is_right(
    arrays: dict[str, Array], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    np.savez("row1.npz", allow_pickle=False, **arrays)
    exec(compile(program, "pencil.md", "exec"), {})


def test_the_network_of_the_page_learns_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = succeed("fit", "configs/lecture-3-4-2.yaml", "--run", str(tmp_path / "run"))
    assert "100.00% of the training rows right" in result.stdout
    inspected = succeed("inspect", "configs/lecture-3-4-2.yaml").stdout
    assert re.search(r"all +20 +6 +20\n".replace(r"\n", " *\n"), inspected)
    assert "26 parameters" in inspected


def test_no_command_warns_of_the_pages_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    config, run = "configs/lecture-3-4-2.yaml", str(tmp_path / "run")
    commands = [
        ("fit", config, "--run", run, "--set", "training.epochs=1"),
        ("trace", run),
        ("gradcheck", config),
        ("inspect", config),
    ]
    for command in commands:
        assert "warning" not in succeed(*command).output, command
    assert "square" not in succeed("data", "check", "configs/lecture-3-4-2.csv").output
