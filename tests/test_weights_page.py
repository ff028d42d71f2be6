"""docs/weights.md does what it says; what needs PyTorch or Keras is run by `make bench`."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

CHECK = Path(__file__).parents[1] / "benchmarks" / "check_export.py"


@pytest.fixture
def check_export() -> ModuleType:
    """benchmarks/ is no package."""
    spec = importlib.util.spec_from_file_location("check_export", CHECK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_piece_computes_the_probabilities_of_nntrain(
    check_export: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    check_export.prepare(200, 20, epochs=1)
    results = list(check_export.run_page(without=check_export.LIBRARIES))
    assert [(result.library, result.run) for result in results] == [
        ("numpy", "runs/quick"),
        ("onnxruntime", "runs/quick"),
    ]
    assert all(result.difference <= check_export.TOLERANCE for result in results)
    assert Path("runs/init-mine/init.npz").exists()
