"""Wrong command lines: one error line, exit status 2, and no file written."""

# ruff: noqa: E501  # a complaint is one line, here as on the terminal

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given

from nntrain.config import Config, dump_config, memory
from tests.support.cli import everything, line_of_refusal, process, refuse, run, succeed
from tests.support.configs import configs
from tests.support.examples import examples
from tests.support.tiny import TINY
from tests.support.variants import slow


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("fitt", "nntrain: no such command 'fitt'; did you mean 'fit'?"),
        ("config shwo", "nntrain config: no such command 'shwo'; did you mean 'show'?"),
        ("xyz", "nntrain: no such command 'xyz'; see 'nntrain --help'"),
        ("--hepl", "nntrain: no such option '--hepl'; did you mean '--help'?"),
        ("fit tiny.yaml --reusme", "nntrain fit: no such option '--reusme'; did you mean '--resume'?"),
        ("fit", "nntrain fit: missing argument 'CONFIG'; see 'nntrain fit --help'"),
        ("runs x y", "nntrain runs: got unexpected extra argument (y); see 'nntrain runs --help'"),
        ("fit tiny.yaml --set", "nntrain: option '--set' requires an argument; see 'nntrain --help'"),
        ("fit tiny.yaml --threads x", "nntrain fit: invalid value for '--threads': 'x' is not a valid integer; see 'nntrain fit --help'"),
        ("fit tiny.yaml --threads 0", "nntrain fit: invalid value for '--threads': 0 is not in the range 1<=x<=1024; see 'nntrain fit --help'"),
        ("fit tiny.yaml --threads 1000000000000", "nntrain fit: invalid value for '--threads': 1000000000000 is not in the range 1<=x<=1024; see 'nntrain fit --help'"),
        (f"fit tiny.yaml --threads {'9' * 5000}", f"nntrain fit: invalid value for '--threads': '{'9' * 40}…' has more than 40 characters; see 'nntrain fit --help'"),
        (f"gradcheck tiny.yaml --epsilon 0.{'1' * 5000}", f"nntrain gradcheck: invalid value for '--epsilon': '0.{'1' * 38}…' has more than 40 characters; see 'nntrain gradcheck --help'"),
        ("predict --competition nn6", "nntrain predict: invalid value for '--competition': 'nn6' is not one of 'auto', 'digit-recognizer', 'nn5'; see 'nntrain predict --help'"),
        ("fit tiny.yaml --set trainig.epochs=1", "--set trainig.epochs=1: unknown key 'trainig'; did you mean 'training'?"),
        ("fit tiny.yaml --set loss=squared_eror", "--set loss=squared_eror: loss: unknown loss 'squared_eror'; did you mean 'squared_error'?"),
        ("fit tinny.yaml", "tinny.yaml: no such file; did you mean 'tiny.yaml'?"),
        ("fit data", "data: a directory; name a YAML file in it"),
        ("fit binary.yaml", "binary.yaml:2: not UTF-8 text; save the file as UTF-8"),
        ("fit utf16.yaml", "utf16.yaml:1: not UTF-8 text; save the file as UTF-8"),
        ("fit data/train.csv", "data/train.csv:1: must be a mapping of keys such as 'data' and 'network', not "),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_one_line_and_status_2(
    folder: Path, arguments: str, expected: str
) -> None:
    Path("binary.yaml").write_bytes(bytes(range(256)))
    Path("utf16.yaml").write_text(TINY, "utf-16")
    assert line_of_refusal(2, *arguments.split()).startswith(expected)


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["fit", "tiny.yaml", "--set", "network[0].dense=1000000000"], ""),
        (["fit", "tiny.yaml", "--set", "network[0].dense=1000000000", "--set", "members=3"], ""),
        (["sweep", "s.yaml"], "space.network[0].dense: with 1000000000: "),
    ],
)
def test_a_network_larger_than_memory_is_refused_before_a_folder_is_created(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], place: str
) -> None:
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 * 10**9)
    Path("s.yaml").write_text(
        "config: tiny.yaml\ntrials: 2\nspace: {'network[0].dense': {whole: [1, 1000000000]}}"
    )
    before = everything()
    assert refuse(2, *arguments) == (
        f"{place}network[0].dense: the network needs 320.0 GB of memory, but this machine has "
        "16.0 GB; take fewer neurons"
    )
    assert everything() == before


def test_a_group_without_a_command_shows_its_help(folder: Path) -> None:
    result = run("config")
    assert result.exit_code == 2
    assert "Write, show and check configurations." in result.stderr


@pytest.fixture
def trained(folder: Path) -> Path:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    return folder


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("runs/tinny", "runs/tinny: no such folder; did you mean 'runs/tiny'?"),
        ("xyz", "xyz: no such folder; 'nntrain runs' lists those there are"),
        ("empty", "empty: not the folder of a run; 'nntrain runs' lists those there are"),
        ("tiny.yaml", "tiny.yaml: a file, not the folder of a run; 'nntrain runs' lists those there are"),
        ("begun", "begun: has not finished an epoch yet; resume with: nntrain fit begun/config.yaml --run begun --resume"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_missing_or_unfinished_run_is_refused(
    trained: Path, command: str, name: str, expected: str
) -> None:
    Path("empty").mkdir()
    Path("begun").mkdir()
    Path("begun/config.yaml").write_text(TINY)
    assert line_of_refusal(1, command, name) == expected


@pytest.mark.parametrize(
    ("out", "status", "expected"),
    [
        ("data", 1, "is a directory; name a file"),
        ("none/x.csv", 1, "cannot be written: No such file or directory; make the folder first or name another place"),
        ("tiny.yaml/x.csv", 1, "cannot be written: Not a directory; name another place"),
        ("loop", 1, "cannot be written: Too many levels of symbolic links; name another place"),
        ("astray", 1, "cannot be written: No such file or directory; make the folder first or name another place"),
        ("/dev/null", 1, "is not a regular file; name another place"),
        ("data/test.csv", 2, "is the same file as data/test.csv, which is read; name another file with --out"),
        ("data/../data/test.csv", 2, "is the same file as data/test.csv, which is read; name another file with --out"),
        ("link.csv", 2, "is the same file as data/test.csv, which is read; name another file with --out"),
        ("hard.csv", 2, "is the same file as data/test.csv, which is read; name another file with --out"),
        *(
            (name, 2, "holds no predictions; name another file with --out or remove it")
            for name in ("data/train.csv", "tiny.yaml", "runs/tiny/config.yaml", "runs/tiny/metrics.csv")
        ),
        *(
            (name, 2, "submissions are CSVs; name a file that ends in .csv, .csv.gz, .csv.zip, .csv.bz2 or .csv.xz")
            for name in ("runs/tiny/best.npz", "runs/tiny/last.npz", "submission.tar", "x.parquet")
        ),
    ],
)  # fmt: skip
def test_predict_refuses_an_invalid_output_before_it_predicts(
    trained: Path, out: str, status: int, expected: str
) -> None:
    Path("loop").symlink_to("loop")
    Path("astray").symlink_to("none/x.csv")
    Path("link.csv").symlink_to("data/test.csv")
    Path("hard.csv").hardlink_to("data/test.csv")
    assert line_of_refusal(status, "predict", "--out", out) == f"{out}: {expected}"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no file system that nobody may write")
def test_predict_refuses_a_read_only_output_before_it_predicts(trained: Path) -> None:
    assert line_of_refusal(1, "predict", "--out", "/proc/x.csv").startswith(
        "/proc/x.csv: cannot be written: "
    )


def test_predict_replaces_its_own_files_and_follows_links(trained: Path) -> None:
    Path("dangling").symlink_to("target.csv")
    Path("empty.csv").touch()
    for options in ([], ["--probabilities"], ["--competition", "nn5"], []):
        result = succeed("predict", "--out", "dangling", *options)
    assert Path("dangling").is_symlink()
    assert Path("target.csv").read_text().startswith("ImageId,Label\n")
    assert "(replaced the existing dangling)" in result.stderr
    succeed("predict", "--out", "empty.csv")


def test_a_preview_never_replaces_its_inputs(folder: Path) -> None:
    shift = ("--set", "data.distortion.shift=1", "--force")
    for name in ("data/train.csv", "tiny.yaml"):
        line = line_of_refusal(2, "data", "preview", "tiny.yaml", *shift, "--out", name)
        assert line.startswith(f"{name}: is the same file as ")
    line = line_of_refusal(1, "data", "preview", "tiny.yaml", *shift, "--out", "data")
    assert line == "data: is a directory; name a file"


def test_demo_refuses_a_file_as_output_folder(folder: Path) -> None:
    line = line_of_refusal(1, "data", "demo", "--out", "tiny.yaml")
    assert line == "tiny.yaml: is not a folder; name another with --out"


@pytest.mark.parametrize(
    "arguments",
    [
        "fit tiny.yaml --threads 1000000000000",
        "sweep tiny.yaml --threads 1000000000000",
        "sweep tiny.yaml --parallel 1000000000000",
        "predict --distortions 1000000000000",
        "data demo --train 1000000000000",
    ],
)
def test_a_number_out_of_range_is_refused(folder: Path, arguments: str) -> None:
    assert "1000000000000 is not in the range" in line_of_refusal(2, *arguments.split())


def test_warnings_of_libraries_are_hidden(folder: Path) -> None:
    warning = (
        "import sys, warnings; from nntrain.training import run_table; found = run_table.overview; "
        "run_table.overview = lambda runs: warnings.warn('seen', RuntimeWarning) or found(runs); "
        "from nntrain.__main__ import main; sys.argv[1:] = ['runs']; main()"
    )
    for options, seen in (([], False), (["-W", "always"], True)):
        done = subprocess.run(
            [sys.executable, *options, "-c", warning], capture_output=True, text=True, check=True
        )
        assert ("seen" in done.stderr) == seen


needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


@needs_full_disk
@pytest.mark.parametrize(
    ("arguments", "unbuffered"),
    [
        ("config show tiny.yaml", ""),
        ("fit --help", "1"),
        *slow(
            ("config show tiny.yaml", "1"),
            ("fit --help", ""),
            ("--version", ""),
            ("--version", "1"),
        ),
    ],
)
def test_a_full_disk_at_stdout_is_one_line(folder: Path, arguments: str, unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nntrain", *arguments.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 1
    assert done.stderr == (
        "standard output: cannot be written: No space left on device; "
        "free some space or send it elsewhere\n"
    )


def test_a_broken_pipe_is_silent(folder: Path) -> None:
    with process("config", "schema", cwd=folder) as writing:
        assert writing.stdout is not None
        assert writing.stderr is not None
        writing.stdout.close()
        error = writing.stderr.read()
    assert writing.returncode == 1
    assert error == ""


@pytest.mark.parametrize("moment", ["click", "nntrain.nn", *slow("gettext", "pydantic", "numpy")])
def test_ctrl_c_during_imports_is_one_line(folder: Path, moment: str) -> None:
    # Nobody writes into it, so that no signal comes too late.
    subprocess.run(["mkfifo", "endless.yaml"], check=True)
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "nntrain", "fit", "endless.yaml"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as starting:
        assert starting.stderr is not None
        told = []
        for line in starting.stderr:
            told.append(line)
            if line.startswith("import time:") and line.split("|")[-1].strip() == moment:
                starting.send_signal(signal.SIGINT)
                break
        else:
            pytest.fail(f"{moment} is not imported")
        told += starting.stderr
    assert [line for line in told if not line.startswith("import time:")] in ([], ["interrupted\n"])
    # Where Ctrl-C came within exec(), Python ends by the signal, which a shell calls 130, too.
    assert starting.returncode in (128 + signal.SIGINT, -signal.SIGINT)
    assert not Path("runs").exists()


@examples(10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=configs())
def test_config_show_reproduces_its_own_output(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "shown.yaml"
    path.write_text(dump_config(config), "utf-8")
    assert succeed("config", "show", str(path)).stdout == dump_config(config)
