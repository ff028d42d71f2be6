"""nntrain export."""

# ruff: noqa: E501  # a complaint is one line, here as on the terminal

import sys
from pathlib import Path

import pytest

from tests.support.cli import line_of_refusal, succeed

onnx = pytest.importorskip("onnx")


@pytest.fixture
def trained(folder: Path) -> Path:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
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
        ("runs/tiny x.pt --force", 2, "x.pt: name a file that ends in .npz, .safetensors or .onnx"),
        ("runs/tiny runs/tiny/best.npz --force", 2, "runs/tiny/best.npz: checkpoints of runs have this name; name another file"),
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
        "tiny.onnx: ONNX files need onnx, which is not installed; pip install 'nntrain[onnx]'"
    )
