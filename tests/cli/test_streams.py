"""Standard streams at their worst: closed, full, of another encoding, and read by a terminal."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nntrain.data.kaggle import write_csv
from tests.support.cli import paused, refuse, run, succeed
from tests.support.tiny import stripes

pty: Any = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

ESCAPE = "\x1b[31m\x1b]0;owned\x07\u202e"  # red, another title, and writing from right to left
SHOWN = r"\x1b[31m\x1b]0;owned\x07\u202e"
needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


def shell(line: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a line in which `nntrain` is this one."""
    line = line.replace("nntrain", f"{sys.executable} -m nntrain")
    return subprocess.run(
        ["sh", "-c", line], capture_output=True, env={**os.environ, **environment}, timeout=60
    )


@pytest.mark.parametrize("stderr", ["2>&-", pytest.param("2>/dev/full", marks=needs_full_disk)])
def test_a_training_goes_on_though_its_progress_cannot_be_written(
    folder: Path, stderr: str
) -> None:
    done = shell(f"nntrain fit tiny.yaml {stderr}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"runs/tiny: ")
    for name in ("best.npz", "last.npz", "metrics.csv"):
        assert b"training" not in (folder / "runs/tiny" / name).read_bytes()
    assert "with runs/tiny\n" in succeed("predict").stderr


def test_no_file_gets_what_is_printed_where_all_streams_are_closed(folder: Path) -> None:
    assert shell("nntrain fit tiny.yaml <&- >&- 2>&-").returncode == 0
    succeed("fit", "tiny.yaml")
    assert b"epoch 1" not in b"".join(
        path.read_bytes() for path in Path("runs/tiny").iterdir() if path.suffix != ".csv"
    )
    assert "with runs/tiny-2\n" in succeed("predict").stderr


def test_a_training_goes_on_when_its_terminal_is_closed(folder: Path) -> None:
    master, terminal = pty.openpty()
    redirect = f"import os; os.dup2({terminal}, 2)"
    with paused(
        folder,
        "RunFolder",
        "write_progress",
        "fit",
        "tiny.yaml",
        nth=1,
        then=redirect,
        inherit=terminal,
    ) as training:
        os.close(terminal)
        os.close(master)  # what is written from now on is an error
        training.send_signal(1)  # SIGHUP
        output, error = training.communicate("\n")
    assert training.returncode == 0, error
    assert output.startswith("runs/tiny: ")
    assert "finished already" in succeed("fit", "tiny.yaml", "--resume").stderr


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
def test_no_command_ends_for_want_of_a_character(folder: Path, encoding: str) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    write_csv(Path("data/zahl–σ.csv"), *stripes(20))
    for command in (
        "doctor runs/tiny",
        "trace runs/tiny --data data/train.csv",
        "data check data/zahl–σ.csv",
        "gradcheck tiny.yaml --samples 1",
        "inspect tiny.yaml",
        "--help",
    ):
        done = shell(f"nntrain {command}", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert done.returncode == 0, (command, done.stderr)
        assert b"Error" not in done.stderr
        assert done.stdout


def forge(folder: Path) -> Path:
    """A run in a folder whose name would command a terminal."""
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    forged = folder / "runs" / f"good{ESCAPE}\nfake"
    (folder / "runs/tiny").rename(forged)
    return forged


def test_a_run_with_a_forged_name_is_printed_as_it_is(folder: Path) -> None:
    forged = forge(folder)
    for command in (["runs"], ["predict"], ["runs", "--json"], ["doctor", str(forged)]):
        printed = run(*command)
        assert printed.exit_code == 0, printed.output
        assert not set(ESCAPE) - set(SHOWN) & set(printed.output)
        assert "\nfake" not in printed.output
    assert f"runs/good{SHOWN}\\nfake" in succeed("runs").stdout


def test_a_file_with_a_forged_name_is_printed_as_it_is(folder: Path) -> None:
    good, bad = (f"data/{name}{ESCAPE}.csv" for name in ("good", "bad"))
    write_csv(Path(good), *stripes(20))
    Path(bad).write_text(f"label,{ESCAPE}\n1,x\n")
    printed = run("data", "check", good, bad, "data/missing\x1b.csv")
    assert not set(ESCAPE) - set(SHOWN) & set(printed.output)
    assert f"data/good{SHOWN}.csv: 20 rows" in printed.stdout
    assert len(printed.stderr.splitlines()) == 3, printed.stderr  # digits without a row, two faults


def test_a_forged_argument_is_printed_as_it_is(folder: Path) -> None:
    for arguments in (["fit", ESCAPE], [ESCAPE], ["fit", f"--{ESCAPE}\nx"], ["fit", "a\rb\nc"]):
        line = refuse(2, *arguments)
        assert line.isprintable()
    tiny = Path("tiny.yaml").read_text()
    Path("forged.yaml").write_text(tiny.replace("data/train.csv", '"data/\\u202egpj.csv"'))
    assert '"data/\\u202Egpj.csv"' in succeed("config", "show", "forged.yaml").stdout
    assert refuse(1, "fit", "forged.yaml").startswith("data/\\u202egpj.csv: ")


def test_an_error_of_the_system_is_not_taken_for_standard_outputs(folder: Path) -> None:
    code = (
        "import nntrain.cli, nntrain.data.kaggle, resource; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4)); nntrain.cli.main()"
    )
    for arguments in (["data", "check", "data/train.csv"], ["fit", "tiny.yaml"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1
        assert "standard output" not in done.stderr
        assert "unexpectedly" not in done.stderr
        assert "Too many open files" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
