"""Train 784-300-100-10 until the rows held out are read well enough: pandas and scikit-learn.

Prints the number of epochs; fails if 30 are not enough.
"""

import sys

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier


def main(train: str, held_out: int, target: float, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    frame = pd.read_csv(train, dtype="uint8")
    x = frame.iloc[:, 1:].to_numpy("float32") / 255
    y = frame["label"].to_numpy()
    model = MLPClassifier(
        (300, 100),
        solver="sgd",
        alpha=0,
        batch_size=128,
        learning_rate_init=0.05,
        momentum=0.9,
        nesterovs_momentum=True,
        random_state=seed,
    )
    for epoch in range(1, 31):
        model.partial_fit(x[:-held_out], y[:-held_out], classes=np.arange(10))
        if model.score(x[-held_out:], y[-held_out:]) >= target:
            print(epoch)
            return
    sys.exit(f"{target:.0%} not reached in 30 epochs")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
