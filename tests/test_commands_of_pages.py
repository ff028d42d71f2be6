"""Every command of the README and of docs/ runs, on a few demo digits and with fewer epochs."""

import re
import shlex
import shutil
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from tests.support.cli import run
from tests.support.variants import slow_except

ROOT = Path(__file__).parents[1]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for page in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
    ]
}
# Tests of their own run these, and compare what is printed.
RUN_ELSEWHERE = {
    "docs/exercises.md": "tests/test_exercises.py",
    "docs/optimizers.md": "tests/test_optimizers_page.py",
    "docs/pencil.md": "tests/explain/test_pencil.py",
    "docs/weights.md": "tests/test_weights_page.py",
}
FENCED = re.compile(r"^```.*\n((?:.*\n)*?)```$", re.MULTILINE)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")


def commands(page: str, program: str) -> list[str]:
    """The commands in a page's blocks of code, without comments."""
    blocks = [*FENCED.findall(PAGES[page]), *map(dedent, INDENTED.findall(PAGES[page]))]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    plain = [re.sub(r"\s+# .*", "", line).strip() for line in lines]
    return [line for line in plain if line.startswith(f"{program} ") and "://" not in line]


WITH_COMMANDS = [page for page in PAGES if commands(page, "nntrain") and page not in RUN_ELSEWHERE]
# They have sweeps, committees and whole classes to grade.
LONG = {"docs/cluster.md", "docs/teaching.md", "docs/training.md", "examples/class/README.md"}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a checkout's with few digits, which is the working directory."""
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    pixels, labels = demo_digits(260)
    (tmp_path / "data").mkdir()
    write_csv(tmp_path / "data/train.csv", pixels[:200], labels[:200])
    write_csv(tmp_path / "data/test.csv", pixels[200:])
    write_csv(tmp_path / "data/test_labelled.csv", pixels[200:], labels[200:])
    (tmp_path / "data/mnist").symlink_to(tmp_path / "data")
    (tmp_path / "nntrain/config").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def execute(command: str) -> None:
    """Run a command as a shell does, with one epoch where it does not say how many."""
    line, _, out = command.partition(" > ")
    words = [
        found
        for word in shlex.split(line)[1:]
        for found in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    if words[0] in ("fit", "sweep") and not re.search(r"epochs=|--report", line):
        words += ["--set", "training.epochs=1"]
    if words[:2] == ["data", "demo"]:
        words += ["--force", "--train", "200", "--test", "60"]
    result = run(*words)
    graded = words[0] == "grade" and "--starter" not in words
    assert result.exit_code == graded, f"{command}\n{result.output}"  # 1: not all files are right
    if out:
        Path(out).write_text(result.stdout, encoding="utf-8")


@pytest.mark.usefixtures("checkout", "no_workers", "undrawn")
@pytest.mark.parametrize("page", slow_except({*WITH_COMMANDS} - LONG, WITH_COMMANDS))
def test_every_command_runs(page: str) -> None:
    if page != "README.md" and "nntrain data demo" not in PAGES[page]:
        execute("nntrain fit configs/quick.yaml")  # the run that pages speak of
    for command in commands(page, "nntrain"):
        execute(command)


@pytest.mark.usefixtures("checkout")
def test_the_python_of_the_readme_runs() -> None:
    (block,) = re.findall(r"(?:^    (?:import|run).*\n)+", PAGES["README.md"], re.MULTILINE)
    names: dict[str, Any] = {}
    lines = [line.strip() for line in block.splitlines()]
    assert len(lines) == 4
    Path("configs").unlink()
    shutil.copytree(ROOT / "configs", "configs")
    quick = Path("configs/quick.yaml")
    quick.write_text(re.sub(r"epochs: \d+", "epochs: 1", quick.read_text("utf-8")), "utf-8")
    exec("\n".join(lines), names)
    assert names["run"].weights["W_1"].shape[1] == 784


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for text in [*commands(page, "make"), *re.findall(r"`(make [^`]+)`", PAGES[page])]
        for target in shlex.split(text)[1:]
        if "=" not in target
    }
    assert len(named) > 8
    assert named <= targets


@pytest.mark.parametrize(("page", "test"), RUN_ELSEWHERE.items())
def test_other_pages_have_tests_of_their_own(page: str, test: str) -> None:
    assert commands(page, "nntrain")
    assert Path(page).name in (ROOT / test).read_text("utf-8")
