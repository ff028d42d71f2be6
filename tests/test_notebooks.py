"""The notebooks of examples/ run from top to bottom, with the kernel that Jupyter would take."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What the notebook shows at last, or on the way to it.
SHOWN = {
    "student": ("(True, True)", "mine.py: all right"),
    "competitor": ("submission-example.csv: 300 predictions", "ImageId"),
    "teacher": ("right", "the wrong sign", "lesson-example.html"),
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("configs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    # The kernel of this environment, whatever the machine has.
    monkeypatch.setenv("JUPYTER_PATH", str(Path(sys.prefix) / "share/jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    yield tmp_path
    # nbclient looks for kernels in ipykernel, by which nntrain knows that it is in a notebook.
    for name in [name for name in sys.modules if name.partition(".")[0] == "ipykernel"]:
        del sys.modules[name]


def test_every_notebook_is_listed() -> None:
    assert {file.stem for file in (ROOT / "examples").glob("*.ipynb")} == set(SHOWN)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_it_runs_and_runs_again(checkout: Path, name: str) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = nbformat.read(checkout / "examples" / f"{name}.ipynb", as_version=4)
    assert all("outputs" not in cell or not cell["outputs"] for cell in notebook.cells)
    place = {"metadata": {"path": str(checkout / "examples")}}
    for _ in range(2):
        nbclient.NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources=place
        ).execute()
    shown = "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    for expected in SHOWN[name]:
        assert expected in shown
