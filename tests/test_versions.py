"""What setup.cfg allows is what `make test-lowest` tries."""

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lowest import SETUP, lowest_versions


def test_every_requirement_has_a_lowest_version() -> None:
    parser = configparser.ConfigParser()
    parser.read(SETUP, encoding="utf-8")
    extras = parser["options.extras_require"]
    constraints = lowest_versions(SETUP.read_text(encoding="utf-8"))
    assert all(line.count("==") == 1 for line in constraints)
    tried = {line.replace("==", ">=") for line in constraints}
    for name in ("onnx", "pictures", "report", "sweep"):
        assert set(extras[name].split()) <= tried, f"{name} allows what the dev extra does not"


def test_a_requirement_without_a_lowest_version_is_refused() -> None:
    setup = "[options]\ninstall_requires =\n    numpy>=2\n[options.extras_require]\ndev =\n    {}\n"
    assert lowest_versions(setup.format("ruff==1.5")) == ["numpy==2", "ruff==1.5"]
    with pytest.raises(ValueError, match=r"setup\.cfg: pillow has no lower bound"):
        lowest_versions(setup.format("pillow"))


def make(*arguments: str, folder: Path) -> tuple[int, list[str]]:
    """The status and what was said by a make that knows nothing of one that runs these tests."""
    others = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    ended = subprocess.run(
        ["make", "--silent", "--file", SETUP.parent / "Makefile", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in others},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return ended.returncode, ended.stdout.splitlines()


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_make_tells_of_the_tests_with_other_versions(tmp_path: Path) -> None:
    status, lines = make("help", folder=tmp_path)
    assert status == 0
    targets = [line.split()[1] for line in lines[2:]]
    assert {"test", "test-lowest", "test-pythons"} <= set(targets)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_a_python_that_is_not_found_is_told_in_one_line(tmp_path: Path) -> None:
    missing = "VERSIONS=3.98"
    told = make("test-pythons", missing, folder=tmp_path)
    assert told == (0, ["Python 3.98 is skipped: there is none"])
    status, lines = make("test-lowest", missing, folder=tmp_path)
    assert status == 2
    assert lines[0] == "there is no Python 3.98 to try the lowest versions with"
    assert len(lines) == 2, "the other line is make's own, of the target that failed"
    assert list(tmp_path.iterdir()) == []
