"""Train 784-300-100-10 and judge by rows held out: pandas and PyTorch.

After each epoch, prints its number and the accuracy.
"""

import sys

import pandas as pd
import torch
from torch import nn

EPOCHS, BATCH = 30, 128


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    torch.manual_seed(seed)
    frame = pd.read_csv(train, dtype="uint8")
    x = torch.from_numpy(frame.iloc[:, 1:].to_numpy("float32") / 255)
    y = torch.from_numpy(frame["label"].to_numpy("int64"))
    x, x_held_out = x[:-held_out], x[-held_out:]
    y, y_held_out = y[:-held_out], y[-held_out:]
    model = nn.Sequential(
        nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for epoch in range(1, EPOCHS + 1):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            right = model(x_held_out).argmax(dim=1) == y_held_out
        print(epoch, right.float().mean().item(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
