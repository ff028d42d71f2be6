"""docs/python.md: every example prints what stands there, and no public name is missing."""

import doctest
import inspect
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import nntrain

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/python.md").read_text("utf-8")
BLOCKS = re.findall(r"^```pycon\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the files that the examples read."""
    (tmp_path / "configs").mkdir()
    for path in ROOT.glob("configs/lecture-3-4-2.*"):
        shutil.copy(path, tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def failures(blocks: list[str], names: dict[str, Any]) -> str:
    """What doctest says of the examples that print something else."""
    lines = [line for block in blocks for line in (*block.splitlines(), "")]
    test = doctest.DocTestParser().get_doctest("\n".join(lines), names, "python.md", None, 0)
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL, verbose=False
    )
    said: list[str] = []
    runner.run(test, out=said.append)
    return "".join(said)


def test_every_example_prints_what_stands_there(repository: None) -> None:
    pytest.importorskip("matplotlib")
    own = [block for block in BLOCKS if "sklearn" not in block]
    assert sum(block.count(">>> ") for block in own) > 60
    assert not (said := failures(own, {})), said


def test_scikit_learns_tools_work_with_it() -> None:
    pytest.importorskip("sklearn")
    others = [block for block in BLOCKS if "features = " in block or "sklearn" in block]
    assert not (said := failures([">>> import numpy as np\n", *others], {})), said


def test_the_table_has_every_public_name() -> None:
    head = PAGE[: PAGE.index("\n## ")]
    listed = re.findall(r"^\| \[`([\w.]+)`\]", head, re.M)
    members = ["folder", *(name for name in vars(nntrain.Run) if not name.startswith("_"))]
    public = [name for name in nntrain.__all__ if not name.startswith("__")]
    expected = [f"nntrain.{name}" for name in public] + [f"run.{name}" for name in members]
    assert sorted(listed) == sorted(expected)


def test_every_argument_and_attribute_is_mentioned() -> None:
    examples = "\n".join(BLOCKS)
    for argument in inspect.signature(nntrain.fit).parameters:
        assert re.search(rf"\b{argument}\b", PAGE), argument
    attributes = [name for name in dir(nntrain.NNClassifier) if re.fullmatch(r"[a-z]\w+_", name)]
    for name in (*attributes, "classes_", "n_features_in_", "parameters_", "history_"):
        assert f".{name}" in examples, name
