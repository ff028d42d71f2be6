"""Distortions: preview, training and prediction with distorted copies."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from nntrain.data.dataset import Subset
from nntrain.data.kaggle import read_csv
from nntrain.training.inference import load_models, resolve_runs
from nntrain.training.loop import PREDICTION_ROWS
from tests.support.cli import refuse, succeed

DISTORTION = "data.distortion={rotation: 20, shift: 1}"


def test_a_preview_shows_each_digit_and_nine_distortions(folder: Path) -> None:
    result = succeed("data", "preview", "tiny.yaml", "--set", DISTORTION)
    assert result.stdout.startswith("preview.png: ")
    first = Path("preview.png").read_bytes()
    with Image.open("preview.png") as picture:
        cells = np.asarray(picture)[::3, ::3]
    side = 4
    assert cells.shape == (3 * (side + 1) - 1, 10 * (side + 1) - 1), "three digits, ten pictures"
    csv = pd.read_csv("data/train.csv")
    for digit in range(3):
        row = cells[digit * (side + 1) :][:side]
        pictures = [row[:, column * (side + 1) :][:, :side] for column in range(10)]
        originals = csv[csv["label"] == digit].iloc[:, 1:].to_numpy()
        assert pictures[0].ravel().tolist() in originals.tolist()
        assert len({picture.tobytes() for picture in pictures}) == 10, "all are different"
    line = refuse(1, "data", "preview", "tiny.yaml", "--set", DISTORTION)
    assert line.startswith("preview.png: exists already")
    succeed("data", "preview", "tiny.yaml", "--set", DISTORTION, "--force")
    assert Path("preview.png").read_bytes() == first
    succeed("data", "preview", "tiny.yaml", "--set", DISTORTION, "--force", "--set", "seed=9")
    assert Path("preview.png").read_bytes() != first


def test_a_preview_without_distortions_is_refused(folder: Path) -> None:
    assert "--set 'data.distortion={" in refuse(2, "data", "preview", "tiny.yaml")
    assert not Path("preview.png").exists()


@pytest.fixture
def trained(folder: Path) -> Path:
    succeed("fit", "tiny.yaml", "--set", DISTORTION, "--set", "training.epochs=2")
    return folder


def shares(distortions: int) -> NDArray[np.float64]:
    succeed("predict", "--probabilities", "--out", "p.csv", "--distortions", str(distortions))
    return pd.read_csv("p.csv")[["0", "1", "2"]].to_numpy()


def test_probabilities_are_averaged_over_distorted_copies(trained: Path) -> None:
    plain, one, three = shares(0), shares(1), shares(3)
    assert not np.allclose(plain, one)
    np.testing.assert_array_equal(three, shares(3))
    np.testing.assert_allclose(three.sum(axis=1), 1, rtol=1e-6)
    # The first copy is the same in both, so three copies and one differ by the two others' mean.
    others = (4 * three - 2 * one) / 2
    assert np.all((others > -1e-6) & (others < 1 + 1e-6))
    np.testing.assert_allclose(others.sum(axis=1), 1, rtol=1e-6)
    evaluated = succeed("evaluate", "--distortions", "2", "--json").stdout
    assert "cross_entropy" in evaluated


def test_predictions_do_not_depend_on_the_number_of_threads(trained: Path) -> None:
    rows = read_csv("data/test_labelled.csv", labels="required").as_subset()
    many = Subset(rows.dataset, np.tile(rows.index, 80))  # several parts to be shared
    assert len(many) > 2 * PREDICTION_ROWS
    (model,) = load_models(resolve_runs([Path("runs/tiny")]))
    for distortions in (0, 1):
        one, four = (model.probabilities(many, distortions, threads) for threads in (1, 4))
        np.testing.assert_array_equal(one, four)


def test_a_network_trained_without_distortions_refuses_them(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--set", "training.epochs=1")
    for command in ("predict", "evaluate"):
        line = refuse(2, command, "--distortions", "2")
        assert line.startswith("runs/tiny: was trained without data.distortion")
    assert not Path("submission.csv").exists()


def test_images_that_are_not_square_cannot_be_distorted(folder: Path) -> None:
    table = pd.read_csv("data/train.csv").drop(columns="pixel15")
    table.to_csv("data/train.csv", index=False)
    assert "15 pixels are not a square" in refuse(2, "fit", "tiny.yaml", "--set", DISTORTION)
    assert not Path("runs").exists()


def test_no_copy_exceeds_the_limit_of_the_most_limited_digit(folder: Path) -> None:
    limited = "data.distortion={rotation: 90, shear: 1, limits: {1: 0}}"
    succeed("fit", "tiny.yaml", "--set", limited, "--set", "training.epochs=1")
    np.testing.assert_allclose(shares(3), shares(0), atol=1e-6)


def test_each_part_of_the_rows_has_distortions_of_its_own(trained: Path) -> None:
    rows = read_csv("data/test_labelled.csv", labels="required").as_subset()
    same = Subset(rows.dataset, np.zeros(2 * PREDICTION_ROWS, np.intp))
    (model,) = load_models(resolve_runs([Path("runs/tiny")]))
    answers = model.probabilities(same, 1)
    assert not np.array_equal(answers[:PREDICTION_ROWS], answers[PREDICTION_ROWS:])


def test_a_preview_does_not_need_validation_rows(folder: Path) -> None:
    too_many = ("--set", "data.validation=10000")
    succeed("data", "preview", "tiny.yaml", "--set", DISTORTION, *too_many)
