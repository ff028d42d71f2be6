"""Training CSV in, ten epochs of 784-100-10, submission out: pandas and scikit-learn.

MLPClassifier has softmax and cross-entropy only, whose gradients are larger than the lecture's: its
learning rate is a tenth of it.
"""

import sys

import pandas as pd
from sklearn.neural_network import MLPClassifier


def main(train: str, test: str, out: str) -> None:
    """Train on one CSV and write the answers for another."""
    frame = pd.read_csv(train, dtype="uint8")
    model = MLPClassifier(
        (100,),
        activation="logistic",
        solver="sgd",
        alpha=0,
        batch_size=32,
        learning_rate_init=0.3,
        momentum=0,
        max_iter=10,
        n_iter_no_change=10,
    )
    model.fit(frame.iloc[:, 1:].to_numpy("float32") / 255, frame["label"])
    answers = model.predict(pd.read_csv(test, dtype="uint8").to_numpy("float32") / 255)
    rows = range(1, len(answers) + 1)
    pd.DataFrame({"ImageId": rows, "Label": answers}).to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
