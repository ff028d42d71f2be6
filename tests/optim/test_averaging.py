"""The exponential moving average of the parameters, against its formula."""

import numpy as np

from nntrain.optim import Regularization
from tests.support.descent import START, descended


def test_the_average_follows_as_the_formula_says(threads: int) -> None:
    _, follower, history = descended(Regularization(), threads, 30, average=0.75)
    assert follower is not None
    average = START.copy()
    for t, parameters in enumerate(history, 1):
        decay = min(0.75, (1 + t) / (10 + t))
        average = decay * average + (1 - decay) * parameters
    np.testing.assert_allclose(follower.parameters, average, rtol=1e-12)
    assert float(follower.state["average_steps"]) == 30
