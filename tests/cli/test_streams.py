"""Standard streams that are closed, full or of another encoding, and escape codes in output."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nntrain.data.kaggle import write_csv
from tests.support.cli import paused, refuse, run, succeed, succeed_in_one_process
from tests.support.tiny import stripes
from tests.support.variants import slow

pty: Any = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

ESCAPE = "\x1b[31m\x1b]0;owned\x07\u202e"  # red, another title, and writing from right to left
ESCAPED = r"\x1b[31m\x1b]0;owned\x07\u202e"
needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


def shell(line: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a shell command in which `nntrain` is the one under test."""
    line = line.replace("nntrain", f"{sys.executable} -m nntrain")
    return subprocess.run(
        ["sh", "-c", line], capture_output=True, env={**os.environ, **environment}, timeout=60
    )


@pytest.mark.parametrize(
    "stderr", [*slow("2>&-"), pytest.param("2>/dev/full", marks=needs_full_disk)]
)
def test_training_continues_if_progress_cannot_be_written(folder: Path, stderr: str) -> None:
    result = shell(f"nntrain fit tiny.yaml {stderr}")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(b"runs/tiny: ")
    for name in ("best.npz", "last.npz", "metrics.csv"):
        assert b"training" not in (folder / "runs/tiny" / name).read_bytes()
    assert "with runs/tiny\n" in succeed("predict").stderr


def test_output_is_not_written_to_files_if_all_streams_are_closed(folder: Path) -> None:
    assert shell("nntrain fit tiny.yaml <&- >&- 2>&-").returncode == 0
    succeed("fit", "tiny.yaml")
    assert b"epoch 1" not in b"".join(
        path.read_bytes() for path in Path("runs/tiny").iterdir() if path.suffix != ".csv"
    )
    assert "with runs/tiny-2\n" in succeed("predict").stderr


def test_training_continues_when_its_terminal_is_closed(folder: Path) -> None:
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
        os.close(master)  # from now on, writing fails
        training.send_signal(1)  # SIGHUP
        output, error = training.communicate("\n")
    assert training.returncode == 0, error
    assert output.startswith("runs/tiny: ")
    assert "finished already" in succeed("fit", "tiny.yaml", "--resume").stderr


@pytest.mark.parametrize("encoding", [pytest.param("cp1252", marks=pytest.mark.slow), "ascii"])
def test_characters_missing_in_the_encoding_are_escaped(folder: Path, encoding: str) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    write_csv(Path("data/zahl–σ.csv"), *stripes(20))
    printed, errors = succeed_in_one_process(
        "doctor runs/tiny",
        "trace runs/tiny --data data/train.csv",
        "data check data/zahl–σ.csv",
        "gradcheck tiny.yaml --samples 1",
        "inspect tiny.yaml",
        "--help",
        PYTHONIOENCODING=encoding,
        PYTHONUTF8="0",
    )
    assert len(printed) == 6
    assert all(printed)
    assert "Error" not in errors


def forge(folder: Path) -> Path:
    """Train a run and put escape codes into the name of its folder."""
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    forged = folder / "runs" / f"good{ESCAPE}\nfake"
    (folder / "runs/tiny").rename(forged)
    return forged


def test_escape_codes_in_the_name_of_a_run_are_escaped(folder: Path) -> None:
    forged = forge(folder)
    for command in (["runs"], ["predict"], ["runs", "--json"], ["doctor", str(forged)]):
        printed = run(*command)
        assert printed.exit_code == 0, printed.output
        assert not set(ESCAPE) - set(ESCAPED) & set(printed.output)
        assert "\nfake" not in printed.output
    assert f"runs/good{ESCAPED}\\nfake" in succeed("runs").stdout


def test_escape_codes_in_the_name_of_a_file_are_escaped(folder: Path) -> None:
    good, bad = (f"data/{name}{ESCAPE}.csv" for name in ("good", "bad"))
    write_csv(Path(good), *stripes(20))
    Path(bad).write_text(f"label,{ESCAPE}\n1,x\n")
    printed = run("data", "check", good, bad, "data/missing\x1b.csv")
    assert not set(ESCAPE) - set(ESCAPED) & set(printed.output)
    assert f"data/good{ESCAPED}.csv: 20 rows" in printed.stdout
    assert len(printed.stderr.splitlines()) == 3, printed.stderr  # digits without a row, two errors


def test_escape_codes_in_an_argument_are_escaped(folder: Path) -> None:
    for arguments in (["fit", ESCAPE], [ESCAPE], ["fit", f"--{ESCAPE}\nx"], ["fit", "a\rb\nc"]):
        line = refuse(2, *arguments)
        assert line.isprintable()
    tiny = Path("tiny.yaml").read_text()
    Path("forged.yaml").write_text(tiny.replace("data/train.csv", '"data/\\u202egpj.csv"'))
    assert '"data/\\u202Egpj.csv"' in succeed("config", "show", "forged.yaml").stdout
    assert refuse(1, "fit", "forged.yaml").startswith("data/\\u202egpj.csv: ")


@pytest.mark.slow
def test_other_errors_of_the_system_are_not_reported_as_standard_output(folder: Path) -> None:
    code = (
        "import nntrain.cli, nntrain.data.kaggle, resource; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4)); nntrain.cli.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "fit", "tiny.yaml"], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1
    assert "standard output" not in result.stderr
    assert "unexpectedly" not in result.stderr
    assert "Too many open files" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
