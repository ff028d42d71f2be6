import math

import numpy as np
import pytest

from nntrain.optim import INITIALIZERS, Initializer
from nntrain.optim.initializers import normal, uniform

OUTPUTS, INPUTS = 300, 500
VARIANCES = {
    "xavier_normal": 2 / (OUTPUTS + INPUTS),
    "xavier_uniform": 2 / (OUTPUTS + INPUTS),
    "glorot_normal": 2 / (OUTPUTS + INPUTS),
    "glorot_uniform": 2 / (OUTPUTS + INPUTS),
    "he_normal": 2 / INPUTS,
    "he_uniform": 2 / INPUTS,
    "lecun_normal": 1 / INPUTS,
    "lecun_uniform": 1 / INPUTS,
    "zeros": 0,
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_named_initializers_have_the_published_variance(name: str) -> None:
    weights = INITIALIZERS[name](np.random.default_rng(0), (OUTPUTS, INPUTS))
    assert weights.shape == (OUTPUTS, INPUTS)
    assert weights.var() == pytest.approx(VARIANCES[name], rel=0.02)
    assert abs(weights.mean()) <= 4 * math.sqrt(VARIANCES[name] / weights.size)
    if name.endswith("uniform"):
        assert np.abs(weights).max() <= math.sqrt(3 * VARIANCES[name])


def test_a_neurons_inputs_may_be_a_picture() -> None:
    weights = INITIALIZERS["he_normal"](np.random.default_rng(0), (300, 5, 10, 10))
    assert weights.shape == (300, 5, 10, 10)
    assert weights.var() == pytest.approx(2 / 500, rel=0.02)


@pytest.mark.parametrize(("initializer", "deviation"), [(normal(0.2), 0.2), (uniform(3), 3**0.5)])
def test_scaled_initializers_have_the_deviation_asked_for(
    initializer: Initializer, deviation: float
) -> None:
    weights = initializer(np.random.default_rng(0), (OUTPUTS, INPUTS))
    assert weights.std() == pytest.approx(deviation, rel=0.02)
