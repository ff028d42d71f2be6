"""What `nntrain predict` rests on, and nothing else: pandas reads, NumPy answers, pandas writes."""

import sys

import numpy as np
import pandas as pd


def main(checkpoint: str, test: str, out: str) -> None:
    """Answer a test CSV with a run's 784-100-10 network of sigmoid layers."""
    parameters = np.load(checkpoint)["parameters"]
    weights = parameters[:78_400].reshape(100, 784), parameters[78_400:79_400].reshape(10, 100)
    biases = parameters[79_400:79_500], parameters[79_500:]
    x = pd.read_csv(test, dtype="uint8").to_numpy("float32") / 255
    for w, b in zip(weights, biases, strict=True):
        x = 1 / (1 + np.exp(-(x @ w.T + b)))
    rows = range(1, len(x) + 1)
    pd.DataFrame({"ImageId": rows, "Label": x.argmax(axis=1)}).to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
