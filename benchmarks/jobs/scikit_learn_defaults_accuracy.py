"""Train MLPClassifier as it is, and judge by rows held out: pandas and scikit-learn.

Stops where `fit` would: after 200 epochs, or when the loss no longer falls. After each epoch,
prints its number and the accuracy.
"""

import math
import sys

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    frame = pd.read_csv(train, dtype="uint8")
    x = frame.iloc[:, 1:].to_numpy("float32") / 255
    y = frame["label"].to_numpy()
    model = MLPClassifier(random_state=seed)
    least, without_progress = math.inf, 0
    for epoch in range(1, model.max_iter + 1):
        model.partial_fit(x[:-held_out], y[:-held_out], classes=np.arange(10))
        print(epoch, model.score(x[-held_out:], y[-held_out:]), flush=True)
        without_progress = without_progress + 1 if model.loss_ > least - model.tol else 0
        least = min(least, model.loss_)
        if without_progress > model.n_iter_no_change:
            return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
