"""Train 784-300-100-10 and judge by rows held out: pandas and scikit-learn.

After each epoch, prints its number and the accuracy.
"""

import sys

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier

EPOCHS = 30


def main(train: str, held_out: int, seed: int) -> None:
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
    for epoch in range(1, EPOCHS + 1):
        model.partial_fit(x[:-held_out], y[:-held_out], classes=np.arange(10))
        print(epoch, model.score(x[-held_out:], y[-held_out:]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
