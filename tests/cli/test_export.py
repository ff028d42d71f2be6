"""nntrain export."""

# ruff: noqa: E501  # a complaint is one line, here as on the terminal

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.support.cli import line_of_refusal, succeed
from tests.support.tiny import fill

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run."""
    folder = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fill(folder)
        succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    return folder


@pytest.fixture
def trained(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, a copy of that folder."""
    folder = tmp_path / "here"
    shutil.copytree(once, folder)
    monkeypatch.chdir(folder)
    return folder


def test_a_run_and_a_committee_become_one_file_each(trained: Path) -> None:
    result = succeed("export", "runs/tiny", "tiny.onnx")
    assert result.stdout == "tiny.onnx: 16-8-3, from runs/tiny\n"
    onnx.checker.check_model("tiny.onnx", full_check=True)
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1", "--set", "members=2")
    result = succeed("export", "runs/tiny-2", "two.onnx")
    assert result.stdout == "two.onnx: 16-8-3, a committee of 2 networks, from runs/tiny-2\n"
    assert {path.name for path in trained.glob("*.onnx")} == {"tiny.onnx", "two.onnx"}


def test_the_shapes_of_a_convolution_are_told(folder: Path) -> None:
    layers = (
        "{conv: 4, kernel: 3, activation: tanh}, {max_pool: 2}, {dense: 3, activation: softmax}"
    )
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1", "--set", f"network=[{layers}]")
    result = succeed("export", "runs/tiny", "tiny.onnx")
    assert result.stdout == "tiny.onnx: 4×4×1-2×2×4-1×1×4-3, from runs/tiny\n"
    onnx.checker.check_model("tiny.onnx", full_check=True)


def test_a_file_is_replaced_only_when_forced(trained: Path) -> None:
    Path("tiny.onnx").write_text("mine")
    assert line_of_refusal(1, "export", "runs/tiny", "tiny.onnx") == (
        "tiny.onnx: exists already; name another file, or replace it with --force"
    )
    succeed("export", "runs/tiny", "tiny.onnx", "--force")
    onnx.checker.check_model("tiny.onnx")


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        ("runs/tiny x.pt --force", 2, "x.pt: name a file that ends in .npz, .safetensors, .onnx or .py"),
        ("runs/tiny runs/tiny/best.npz --force", 2, "runs/tiny/best.npz: checkpoints of runs have this name; name another file"),
        ("runs/tiny runs/tiny/best.py --force", 2, "runs/tiny/best.npz: checkpoints of runs have this name; name another file"),
        ("runs/tiny runs/tiny/init.npz", 2, "runs/tiny/init.npz: checkpoints of runs have this name; name another file"),
        ("runs/tinny x.onnx", 1, "runs/tinny: no such folder; did you mean 'runs/tiny'?"),
        ("runs/tiny none/x.onnx", 1, "none/x.onnx: cannot be written: No such file or directory; make the folder first or name another place"),
        ("runs/tiny", 2, "nntrain export: missing argument 'FILE'; see 'nntrain export --help'"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_one_line(
    trained: Path, arguments: str, status: int, line: str
) -> None:
    assert line_of_refusal(status, "export", *arguments.split()) == line


def test_a_missing_onnx_is_reported_with_the_command_to_install_it(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert line_of_refusal(1, "export", "runs/tiny", "tiny.onnx") == (
        'tiny.onnx: ONNX files need onnx, which is not installed; pip install "nntrain[onnx]"'
    )


WITHOUT_US = """
import runpy, sys
sys.modules["nntrain"] = None
for test in ("test", "nn5", "own"):
    sys.argv = ["predict.py", f"data/{test}.csv", f"{test}.csv"]
    runpy.run_path("predict.py", run_name="__main__")
"""


def test_the_script_writes_the_same_submissions_without_nntrain(trained: Path) -> None:
    result = succeed("export", "runs/tiny", "predict.py")
    assert result.stdout == "predict.py and predict.npz: 16-8-3, from runs/tiny\n"
    test = pd.read_csv("data/test.csv")
    test.insert(0, "id", [f"a{number}" for number in range(len(test))])
    test.to_csv("data/nn5.csv", index=False)
    test.rename(columns={"id": "ImageId"}).to_csv("data/own.csv", index=False)
    # -I: neither this folder nor the environment's paths, in which nntrain may be.
    subprocess.run([sys.executable, "-I", "-c", WITHOUT_US], check=True)
    for name in ("test", "nn5", "own"):
        succeed("predict", "--test", f"data/{name}.csv", "--out", "ours.csv")
        assert Path(f"{name}.csv").read_bytes() == Path("ours.csv").read_bytes()


def test_neither_the_script_nor_its_weights_are_replaced(trained: Path) -> None:
    Path("predict.npz").write_text("mine")
    assert line_of_refusal(1, "export", "runs/tiny", "predict.py") == (
        "predict.npz: exists already; name another file, or replace it with --force"
    )
    succeed("export", "runs/tiny", "predict.py", "--force")
    Path("predict.npz").unlink()
    assert line_of_refusal(1, "export", "runs/tiny", "predict.py").startswith("predict.py: exists")
