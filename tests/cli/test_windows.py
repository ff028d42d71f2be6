"""Commands without the functions that Windows lacks, and with its restrictions on files."""

import platform
from pathlib import Path

import pytest

from tests.support.cli import succeed_in_one_process

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="only Linux lists the open files"
)

WINDOWS = """
import os, pathlib, signal, sys

for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None
for owner, names in {
    os: "fork getpgid getpgrp geteuid killpg setsid mkfifo sched_getaffinity",
    signal: "pthread_sigmask SIGHUP SIGKILL SIGALRM SIGUSR1 SIG_BLOCK SIG_SETMASK",
}.items():
    for name in names.split():
        delattr(owner, name)

def no_kill(process, number):
    raise AssertionError("os.kill is Ctrl-C on Windows")

def refusing(action):
    def attempt(*paths, **options):
        opened = {os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")}
        opened |= {line.split()[-1] for line in open("/proc/self/maps") if "/" in line}
        for path in map(os.path.realpath, paths):
            if any(name == path or name.startswith(path + os.sep) for name in opened):
                raise PermissionError(13, "is used by another process", path)
        return action(*paths, **options)
    return attempt

real_open = os.open

def no_folders(path, *arguments, **options):
    if not arguments[0] & os.O_DIRECTORY and os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)
    return real_open(path, *arguments, **options)

os.kill, os.open = no_kill, no_folders
for name in ("replace", "rename", "unlink", "remove", "rmdir"):
    setattr(os, name, refusing(getattr(os, name)))
accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10 keeps functions of its own
if accessor is not None:
    for name in ("replace", "rename", "unlink", "rmdir"):
        setattr(accessor, name, staticmethod(getattr(os, name)))
"""

# As the fixture of this name: how charts are drawn does not depend on the system.
UNDRAWN = """
from markupsafe import Markup
from nntrain.report import charts

charts.to_svg = lambda figure: Markup("<svg></svg>")
"""


def test_commands_work_without_what_windows_lacks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntrain.data.kaggle.MIN_CACHED_BYTES", 0)
    printed, _ = succeed_in_one_process(
        "data check data/train.csv",
        "fit tiny.yaml --threads 2 --set training.epochs=2",
        "fit tiny.yaml --resume --set training.epochs=3",
        "fit tiny.yaml --set members=2",
        "predict",
        "predict runs/tiny",  # replaces a submission
        "evaluate --data data/test_labelled.csv",
        "report runs/tiny",
        "report runs/tiny",
        "runs",
        "doctor runs/tiny",
        "trace runs/tiny --data data/train.csv",
        "config init mine.yaml",
        before=WINDOWS + UNDRAWN,
    )
    assert "runs/tiny-2: " in printed[3]
    assert "submission.csv: 60 predictions" in printed[4]
    assert (folder / "report.html").exists() or (folder / "runs/tiny/report.html").exists()


@pytest.mark.slow
def test_files_of_a_killed_process_are_replaced_on_windows(folder: Path) -> None:
    succeed_in_one_process("fit tiny.yaml --set training.epochs=1", before=WINDOWS)
    remains = folder / "runs/tiny" / f".last.npz.{platform.node()}-999999.tmp"
    remains.write_bytes(b"half a checkpoint")
    succeed_in_one_process("fit tiny.yaml --resume --set training.epochs=2", before=WINDOWS)
    assert not remains.exists()
