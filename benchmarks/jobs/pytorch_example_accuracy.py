"""Train as PyTorch's MNIST example does, and judge by rows held out: pandas and PyTorch.

https://github.com/pytorch/examples/blob/main/mnist/main.py with its default options, except that
the digits come from a CSV, as one tensor instead of through a DataLoader. After each epoch, prints
its number and the accuracy.
"""

import sys

import pandas as pd
import torch
from torch import nn


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    torch.manual_seed(seed)
    frame = pd.read_csv(train, dtype="uint8")
    x = torch.from_numpy(frame.iloc[:, 1:].to_numpy("float32") / 255).reshape(-1, 1, 28, 28)
    x = (x - 0.1307) / 0.3081
    y = torch.from_numpy(frame["label"].to_numpy("int64"))
    x, x_held_out = x[:-held_out], x[-held_out:]
    y, y_held_out = y[:-held_out], y[-held_out:]
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(128, 10), nn.LogSoftmax(dim=1)),
    )
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, 15):
        model.train()
        for rows in torch.randperm(len(x)).split(64):
            loss = nn.functional.nll_loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        model.eval()
        with torch.no_grad():
            answers = torch.cat([model(part).argmax(dim=1) for part in x_held_out.split(1000)])
        print(epoch, (answers == y_held_out).float().mean().item(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
