"""Do PyTorch, Keras, ONNX Runtime and NumPy compute nntrain's probabilities from exported files?

Runs every command and every piece of Python of docs/weights.md in a temporary folder, with networks
that were trained on demo digits. `make bench` makes an environment that has what is needed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from click.testing import CliRunner

import nntrain
from nntrain.cli import main as command
from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from nntrain.training.inference import Predictor
from nntrain.training.initial_weights import read_initial_weights
from nntrain.training.run import RunFolder
from nntrain.training.weight_files import named_arrays, read_weights

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "weights.md"
LIBRARIES = ("torch", "keras")
TRAIN, TEST, EPOCHS = 2_000, 500, 2
TOLERANCE = 1e-6


class Result(NamedTuple):
    """What a piece of Python computed.

    Attributes:
        library: The library that it imports.
        run: The run whose weights it used.
        difference: The greatest difference of a probability from nntrain's.
    """

    library: str
    run: str
    difference: float


def prepare(train: int, test: int, epochs: int) -> None:
    """Train the page's runs in the working directory, on so many demo digits."""
    pixels, labels = demo_digits(train + test)
    Path("data").mkdir()
    Path("configs").mkdir()
    write_csv("data/train.csv", pixels[:train], labels[:train])
    write_csv("data/test.csv", pixels[train:])
    for name in ("quick", "conv-quick"):
        shutil.copy(ROOT / "configs" / f"{name}.yaml", "configs")
        _nntrain("fit", f"configs/{name}.yaml", "--set", f"training.epochs={epochs}")


def run_page(without: Collection[str] = ()) -> Iterator[Result]:
    """Run the page in the working directory.

    Args:
        without: Libraries of `LIBRARIES` that are not installed. What imports them is left out, and
            so is what needs its files.
    """
    names: dict[str, Any] = {}
    run = ""
    for python, line in _pieces(PAGE.read_text(encoding="utf-8")):
        if python:
            library = _library(python)
            if library in without:
                continue
            exec(compile(python, str(PAGE), "exec"), names)
            if "probabilities" in names:
                ours = nntrain.load(run).predict_proba("data/test.csv")
                theirs = names.pop("probabilities")
                yield Result(library, run, float(np.abs(theirs - ours).max()))
            continue
        words = line.split()
        if words[0] == "python":
            subprocess.run([sys.executable, "-W", "error", *words[1:]], check=True)
            _check_submission(run)
        elif "--init" not in words:
            run = words[2]
            _nntrain(*words[1:])
        elif Path(words[-1]).exists() or not without:
            begun = f"runs/init-{Path(words[-1]).stem}"
            _nntrain(*words[1:], "--run", begun, "--set", "training.epochs=1")
            _check_beginning(begun, Path(words[-1]))


def _pieces(page: str) -> Iterator[tuple[str, str]]:
    """Each piece of Python, or else each command, of a page."""
    for match in re.finditer(
        r"^```python\n(.*?)^```|^    ((?:nntrain|python) [^\n]*)$", page, re.DOTALL | re.MULTILINE
    ):
        yield match[1] or "", match[2] or ""


def _library(python: str) -> str:
    imported = re.findall(r"^ *(?:import|from) (\w+)(?:\.(\w+))?", python, re.MULTILINE)
    found = {name for names in imported for name in names}
    return next((name for name in (*LIBRARIES, "onnxruntime") if name in found), "numpy")


def _nntrain(*words: str) -> None:
    result = CliRunner().invoke(command, words)
    if result.exit_code:
        raise RuntimeError(f"nntrain {' '.join(words)}: {result.output}")


def _check_submission(run: str) -> None:
    theirs = Path("submission.csv").read_bytes()
    _nntrain("predict", run)
    if Path("submission.csv").read_bytes() != theirs:
        raise RuntimeError(f"{run}: the script's submission is another one than nntrain's")


def _check_beginning(run: str, file: Path) -> None:
    """Check that a run began with the weights of a file, or also of the run they are from."""
    init = read_initial_weights(RunFolder(Path(run)))
    (read,) = read_weights(file)
    expected = [read]
    if file.stem == "pytorch":  # from conv-quick through PyTorch and back
        expected.append(named_arrays(Predictor(RunFolder(Path("runs/conv-quick"))).network))
    for arrays in expected:
        for name, array in arrays.items():
            if init is None or not np.array_equal(init.arrays[name], array.astype(np.float32)):
                raise RuntimeError(f"{run}: did not begin with {name} of {file}")


def main() -> int:
    """Print the greatest differences; 1 if one is above the tolerance."""
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        prepare(TRAIN, TEST, EPOCHS)
        results = list(run_page())
        os.chdir(ROOT)
    for library, run, difference in results:
        print(f"{library} {version(library)}, {run}: greatest difference {difference:.1e}")
    return int(max(result.difference for result in results) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
