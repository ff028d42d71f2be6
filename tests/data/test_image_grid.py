import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.data.image_grid import save_image_grid
from nntrain.errors import NNTrainError


def images() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Two images of 4×4 pixels and three distortions of each."""
    rng = np.random.default_rng(0)
    return (
        rng.integers(0, 256, (2, 16), dtype=np.uint8),
        rng.uniform(0, 255, (2, 3, 16)).astype(np.float32),
    )


def test_a_row_shows_the_original_and_its_distortions(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels, distorted = images()
    save_image_grid(pixels, distorted, tmp_path / "preview.png")
    with image.open(tmp_path / "preview.png") as file:
        assert file.format == "PNG"
        assert file.mode == "L"
        enlarged = np.array(file)
    assert enlarged.shape == ((4 + 1 + 4) * 3, (4 * 4 + 3) * 3)
    picture = enlarged[::3, ::3]
    assert np.array_equal(enlarged, np.kron(picture, np.ones((3, 3), np.uint8)))
    for row in range(2):
        cells = [picture[5 * row :, 5 * column :][:4, :4].ravel() for column in range(4)]
        assert np.array_equal(cells[0], pixels[row])
        assert np.abs(np.array(cells[1:]) - distorted[row]).max() <= 0.5
    assert len(np.unique(np.concatenate([picture[4], *picture[:, 4::5].T]))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["preview.png"]


def test_the_brightest_and_the_darkest_survive(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    save_image_grid(
        np.full((1, 1), 255, np.uint8), np.array([[[0.0], [255.0], [254.6]]]), tmp_path / "a.png"
    )
    with image.open(tmp_path / "a.png") as file:
        assert np.array(file)[0, ::6].tolist() == [255, 0, 255, 255]


def test_says_how_to_get_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(NNTrainError, match=r'Pillow.*; pip install "nntrain\[pictures\]"'):
        save_image_grid(*images(), tmp_path / "preview.png")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    with pytest.raises(NNTrainError, match="make the folder first"):
        save_image_grid(*images(), tmp_path / "none" / "preview.png")
