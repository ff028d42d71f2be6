"""The wheel, in an empty environment, does what the README says; builds are reproducible."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import pytest

from nntrain.version import __version__

ROOT = Path(__file__).parents[1]
Installed = Callable[..., str]


def files() -> list[str]:
    """What git would check out, with the changes that are not committed."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def sources(folder: Path) -> Path:
    for name in files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return folder


def build(folder: Path) -> list[Path]:
    """The wheel, made from the sdist, and the sdist."""
    pytest.importorskip("build")
    command = [sys.executable, "-m", "build", "--no-isolation"]
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted((folder / "dist").iterdir())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(sources(tmp_path_factory.mktemp("sources")))[0]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Runs a command of an empty environment into which the wheel is installed, in a new folder."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    programs = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [
        str(programs / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, "--no-compile", f"{wheel}[report]"], check=True)
    work = folder / "work"
    work.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "NNTRAIN"))}
    clean |= {"PATH": f"{programs}{os.pathsep}{clean['PATH']}", "NNTRAIN_CACHE": str(folder)}

    def run(command: str, status: int = 0, **variables: str) -> str:
        words = shlex.split(command)
        words[0] = shutil.which(words[0], path=str(programs)) or words[0]
        done = subprocess.run(
            words, cwd=work, env=clean | variables, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_an_empty_environment_runs_the_readme_and_all_that_needs_package_data(
    installed: Installed,
) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    block = re.search(r"^    pip install \.\n((?:    nntrain .*\n)+)", text, re.MULTILINE)
    assert block
    lines = [line.strip() for line in block[1].splitlines()]
    assert len(lines) == 5
    for line in lines:
        told = installed(line)
    assert "accuracy" in told
    where = installed("python -c 'import nntrain; print(nntrain.__file__)'")
    assert "site-packages" in where
    assert "report.html" in installed("nntrain report")
    assert "lesson.html" in installed("nntrain lesson")
    installed("nntrain grade --starter mine.py")
    assert "not written yet" in installed("nntrain grade mine.py", status=1)
    schema = (ROOT / "nntrain/config/schema.json").read_text("utf-8")
    assert json.loads(installed("nntrain config schema")) == json.loads(schema)
    assert "_nntrain_completion" in installed("nntrain", _NNTRAIN_COMPLETE="bash_source")
    words = "nntrain fit config.yaml --set training.ep".replace(" ", "\n")
    completing = {"COMP_WORDS": words, "COMP_CWORD": "4"}
    completed = installed("nntrain", _NNTRAIN_COMPLETE="bash_complete", **completing)
    assert "training.epochs=" in completed
    assert f"nntrain        {__version__} in " in installed("nntrain info")


def test_the_wheel_has_the_whole_package_and_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        about = Parser().parsestr(archive.read(name).decode("utf-8"))
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert about["Version"] == __version__
    assert about["Author"]
    assert {url.split(", ")[0] for url in about.get_all("Project-URL", [])} >= {"Source", "Issues"}
    pythons = [f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 15)]
    assert set(pythons) <= set(about.get_all("Classifier", []))
    assert inside == {name for name in files() if name.startswith("nntrain/")}


@pytest.mark.slow
def test_the_same_sources_make_the_same_bytes(tmp_path: Path) -> None:
    built = []
    for name in ("one", "another"):
        folder = sources(tmp_path / name)
        for number, file in enumerate(folder.rglob("*.py")):
            os.utime(file, (10_000 * number, 1_000_000 + len(name) * number))
            file.chmod(0o600 if name == "one" else 0o664)
        built.append({file.name: file.read_bytes() for file in build(folder)})
    assert len(built[0]) == 2
    assert built[0] == built[1]
