"""The exported script predicts what nntrain does, with NumPy and pandas only."""

import ast
import runpy
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config import load_config
from nntrain.data.kaggle import read_csv, write_csv
from nntrain.export import export
from nntrain.export.script import script_of
from nntrain.training.inference import Predictor, as_probabilities, probabilities
from nntrain.training.run import RunFolder
from tests.support.examples import examples
from tests.support.runs import DENSE, PICTURES, dense_networks, random_predictors


def run_script(models: list[Predictor], folder: Path) -> dict[str, Any]:
    """Export a script and run it with test.csv; returns its variables."""
    script, test, submission = (folder / name for name in ("predict.py", "test.csv", "out.csv"))
    export(models, script)
    with patch.object(sys, "argv", [str(script), str(test), str(submission)]):
        return runpy.run_path(str(script))


def check(models: list[Predictor], folder: Path, seed: int = 0) -> None:
    """Compare the answers and the submission for random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (9, models[0].network.widths[0]))
    write_csv(folder / "test.csv", pixels.astype(np.uint8))
    config = models[0].config
    pixel_range = config.data.pixel_range
    digits = read_csv(folder / "test.csv", labels="forbidden", pixel_range=pixel_range)
    expected = probabilities(models, digits.as_subset())
    answers = run_script(models, folder)["answers"]
    assert answers.dtype == config.dtype
    if len(models) > 1:
        answers = answers / len(models)
    else:
        answers = as_probabilities(answers, config.network[-1].activation, config.loss)
    atol = 1e-5 if config.dtype == "float32" else 1e-11
    np.testing.assert_allclose(answers, expected, rtol=0, atol=atol)
    submission = pd.read_csv(folder / "out.csv", dtype=str)
    assert list(submission["ImageId"]) == [str(number) for number in range(1, 10)]
    labels = np.array(models[0].classes)[expected.argmax(axis=1)]
    second, first = np.sort(expected, axis=1)[:, -2:].T
    is_clear = first - second > 2 * atol
    np.testing.assert_array_equal(submission["Label"][is_clear], labels[is_clear])


@given(st.integers(1, 2).flatmap(lambda count: dense_networks(count)), st.integers(0, 2**32))
@examples(30)
def test_any_dense_network(models: list[Predictor], seed: int) -> None:
    with TemporaryDirectory() as folder:
        check(models, Path(folder), seed)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_convolution_and_pooling(tmp_path: Path, members: int, dtype: str) -> None:
    check(random_predictors({**PICTURES, "dtype": dtype}, 56, members), tmp_path)


@pytest.mark.parametrize("pixel_range", [(0.0, 300.0), (255.0, 0.0)])
def test_pixels_of_another_range(tmp_path: Path, pixel_range: tuple[float, float]) -> None:
    data = {"pixel_range": pixel_range, "input_range": (-1.0, 1.0)}
    check(random_predictors({**DENSE, "data": data}, 9), tmp_path)


def test_a_picture_at_the_border_of_a_part(tmp_path: Path) -> None:
    models = random_predictors(PICTURES, 56)
    pixels = np.random.default_rng(0).integers(0, 256, (250, 56)).astype(np.uint8)
    write_csv(tmp_path / "test.csv", pixels)
    expected = probabilities(models, read_csv(tmp_path / "test.csv").as_subset())
    answers = run_script(models, tmp_path)["answers"]
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "most"),
    [("lecture", 40), ("quick", 40), ("best", 40), ("conv-quick", 65), ("conv-best", 65)],
)
def test_a_script_is_short_and_its_lines_are_too(name: str, most: int) -> None:
    config = load_config(f"configs/{name}.yaml")
    keys = {"network": tuple(layer.model_dump() for layer in config.network), "loss": config.loss}
    script = script_of(random_predictors(keys, 784), Path("predict.py"))
    lines = script.splitlines()
    assert len(lines) <= most
    code = lines[lines.index('"""') :]  # below the docstring, which has the run's path
    assert max(map(len, code)) <= 100


def test_no_name_of_a_file_is_code() -> None:
    models = random_predictors(DENSE, 9)
    models[0].run = RunFolder(Path('runs/\\""" + quit() + "\n'))
    script = script_of(models, Path('a"""b\\.py'))
    doc = ast.get_docstring(ast.parse(script))
    assert doc is not None
    assert r'runs/\""" + quit() + "\n' in doc
    assert r'a"""b\.npz' in doc
