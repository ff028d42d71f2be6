"""What setup.cfg allows is what `make test-lowest` tries."""

import configparser
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


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_make_helps_with_the_tests_on_other_versions() -> None:
    told = subprocess.run(
        ["make", "--silent", "help"], cwd=SETUP.parent, capture_output=True, text=True, check=True
    )
    assert "make test-lowest" in told.stdout
    assert "make test-pythons" in told.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_a_python_that_is_not_found_is_told_in_one_line(tmp_path: Path) -> None:
    makefile = str(SETUP.parent / "Makefile")
    for target, status, told in [
        ("test-pythons", 0, ["Python 3.98 is skipped: there is none"]),
        ("test-lowest", 2, ["there is no Python 3.98 to try the lowest versions with"]),
    ]:
        ended = subprocess.run(
            ["make", "--silent", "-f", makefile, target, "VERSIONS=3.98"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == status
        lines = (ended.stdout + ended.stderr).splitlines()
        assert [line for line in lines if not line.startswith("make: ***")] == told
    assert not list(tmp_path.iterdir())
