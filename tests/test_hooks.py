"""The hooks of `make hooks` and `make release`, in repositories of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GIT = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs make's environment")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, which is the working directory; git's own settings do not count."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git("init", "--quiet", "--initial-branch", "main")
    return tmp_path


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*GIT, *words], capture_output=True, text=True)


def copy(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, name)


@pytest.fixture
def hooked(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the hooks."""
    pytest.importorskip("pre_commit")
    copy(".pre-commit-config.yaml", ".ci/commit_message.py", "setup.cfg", "pyproject.toml")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(repository / ".git/pre-commit"))
    (repository / ".venv").symlink_to(sys.prefix)
    (repository / ".git/info/exclude").write_text(".venv\n")
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], check=True, capture_output=True)
    git("add", ".")
    return repository


def test_a_commit_is_refused_for_its_subject_its_spelling_and_its_style(hooked: Path) -> None:
    refused = git("commit", "--message", "Added a layer that recieves pictures")
    assert refused.returncode == 1
    assert "'Added' is not imperative; write what the commit does" in refused.stderr
    assert "recieves ==> receives" in refused.stderr
    (hooked / "wrong.py").write_text("import os\nx = {  1:2}  # teh\n")
    git("add", ".")
    refused = git("commit", "--message", "Add a file")
    for told in ("F401", "1 file would be reformatted", "teh ==> the"):
        assert told in refused.stdout + refused.stderr
    git("rm", "--quiet", "--force", "wrong.py")
    (hooked / "tests").mkdir()
    (hooked / "tests/meant.py").write_text('"""Mistakes of tests are meant: teh."""\n')
    git("add", ".")
    assert git("commit", "--message", "Add a file").returncode == 0


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("", "the subject is empty"),
        ("add a layer", "the subject begins with a small letter"),
        ("Add " + "a" * 70, "the subject has 74 characters; at most 72"),
        ("Add a layer.", "the subject ends with a full stop"),
        ("Adding a layer", "'Adding' is not imperative; write what the commit does: 'Add', 'Mend'"),
        ("Add a layer\nBecause", "the second line is not empty"),
        ("Add a layer\n\n" + "a " * 40, "line 3 has 80 characters; at most 72"),
    ],
)
def test_each_fault_of_a_message_is_named(repository: Path, message: str, fault: str) -> None:
    assert told_of(message) == [f"commit message: {fault}"]


@pytest.mark.parametrize(
    "message",
    [
        "Speed up the reader\n\nhttps://example.org/"
        + "a" * 80
        + "\n\n# comment of git "
        + "b" * 70,
        "Merge branch 'added'",
        "amend! added",
        "\nAdd a layer\n\n# -------- >8 --------\ndiff" + " a" * 60,
        "Add " + "a" * 68,
    ],
)
def test_other_messages_are_accepted(repository: Path, message: str) -> None:
    assert told_of(message) == []


def told_of(message: str) -> list[str]:
    Path("message").write_text(message, encoding="utf-8")
    command = [sys.executable, str(ROOT / ".ci/commit_message.py"), "message"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == bool(done.stderr)
    return done.stderr.splitlines()


@pytest.fixture
def releasable(repository: Path) -> Path:
    """A repository whose version can be released; checks and builds only leave a line."""
    copy(".ci/release")
    Path(".ci/run").write_text('#!/bin/sh\necho "$@" >> done\n')
    Path(".ci/run").chmod(0o755)
    Path("nntrain").mkdir()
    Path("nntrain/version.py").write_text('__version__ = "1.2.3"\n')
    Path("CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n")
    Path(".gitignore").write_text("done\n")
    git("add", ".")
    git("commit", "--message", "Begin")
    git("config", "user.name", "A")
    git("config", "user.email", "a@example.org")
    return repository


def release() -> subprocess.CompletedProcess[str]:
    return subprocess.run([".ci/release"], capture_output=True, text=True)


def test_a_release_is_checked_built_and_tagged(releasable: Path) -> None:
    done = release()
    assert done.returncode == 0, done.stderr
    assert Path("done").read_text() == "soak docs build\n"
    assert git("tag", "--list", "--format=%(refname:short) %(objecttype)").stdout == "v1.2.3 tag\n"
    again = release()
    assert again.returncode == 1
    assert again.stderr.startswith("release: there is a tag v1.2.3 already; raise the version")


def test_a_release_with_changes_or_without_its_changes_told_is_refused(releasable: Path) -> None:
    Path("new").touch()
    assert "not committed" in release().stderr
    Path("new").unlink()
    Path("CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.3]\n")
    git("commit", "--all", "--message", "Forget the date")
    assert "no section '## [1.2.3] - DATE'" in release().stderr
    assert not Path("done").exists()
    assert git("tag").stdout == ""


def test_a_release_that_fails_its_tests_is_not_tagged(releasable: Path) -> None:
    Path(".ci/run").write_text("#!/bin/sh\nexit 1\n")
    git("commit", "--all", "--message", "Fail")
    assert release().returncode == 1
    assert git("tag").stdout == ""
    assert not Path("done").exists()
