"""A picture of digits distorted as in training."""

from pathlib import Path

import numpy as np

from nntrain.config import Config
from nntrain.config.build import build_augmenter
from nntrain.data.image_grid import save_image_grid
from nntrain.errors import ConfigError
from nntrain.randomness import Purpose, generator
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_first

COPIES = 9


def draw_preview(config: Config, path: Path, reporter: Reporter) -> None:
    """Write a picture of one training row of each digit, and of nine distortions of it.

    Args:
        config: A configuration with data.distortion.
        path: The PNG to create or replace.
        reporter: Logs what was read.

    Raises:
        ConfigError: If there is no data.distortion, or the images are not square.
        DataError: If the training CSV is invalid.
        NNTrainError: If Pillow is missing, or the file cannot be written.
    """
    if config.data.distortion is None:
        raise ConfigError(
            "data.distortion: null, so images stay as they are; say how far they may be distorted, "
            "such as --set 'data.distortion={rotation: 15, scale: 0.15}'"
        )
    config, dataset = read_first(config, None, reporter)
    training = dataset.as_subset()
    distorter = build_augmenter(config, training.dataset.pixels.shape[1])
    assert distorter is not None  # noqa: S101 (for the type checker)
    _, firsts = np.unique(training.labels, return_index=True)
    pixels = np.empty((len(firsts), training.dataset.pixels.shape[1]), np.uint8)
    training.take(firsts, pixels)
    distorted = np.empty((len(firsts), COPIES, pixels.shape[1]), np.float32)
    for copy in range(COPIES):
        rng = generator(config.seed, Purpose.DISTORTION, copy)
        draws = distorter.sample(rng, training.labels[firsts], len(firsts))
        distorter.apply(pixels, draws, distorted[:, copy])
    save_image_grid(pixels, distorted, path)
