"""Losses at the edges of their domain."""

import numpy as np
import pytest

from nntrain.nn import LOSSES


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("output", [-2.0, -0.5, -1e-9, 0.3, 0.999, 1.5, 40.0])
def test_entropies_have_their_exact_gradient_also_outside_0_to_1(loss: str, output: float) -> None:
    x, y = np.array([[output]]), np.array([[0.2]])
    gradient = LOSSES[loss].gradient(x, y)
    step = min(abs(output), abs(1 - output)) * 1e-5
    value = LOSSES[loss].value
    slope = (value(x + step, y) - value(x - step, y)) / (2 * step)
    assert gradient[0, 0] == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_stay_finite_at_exactly_0_and_1(loss: str) -> None:
    x = np.array([[0, 1, 0, 1]], np.float32)
    y = np.array([[0, 1, 1, 0]], np.float32)
    gradient = LOSSES[loss].gradient(x, y)
    assert np.isfinite(gradient).all()
    assert np.isfinite(LOSSES[loss].value(x, y))
