"""Train a convolutional network and judge by rows held out: pandas and PyTorch.

After each epoch, prints its number and the accuracy.
"""

import sys

import pandas as pd
import torch
from torch import nn

EPOCHS, BATCH, RATE = 12, 128, 0.003


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    torch.manual_seed(seed)
    frame = pd.read_csv(train, dtype="uint8")
    x = torch.from_numpy(frame.iloc[:, 1:].to_numpy("float32") / 255).reshape(-1, 1, 28, 28)
    y = torch.from_numpy(frame["label"].to_numpy("int64"))
    x, x_held_out = x[:-held_out], x[-held_out:]
    y, y_held_out = y[:-held_out], y[-held_out:]
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10)),
    ).to(memory_format=torch.channels_last)  # faster on a CPU
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=RATE,
        total_steps=EPOCHS * -(-len(x) // BATCH),
        pct_start=0.25,
        final_div_factor=400,
        cycle_momentum=False,
    )
    for epoch in range(1, EPOCHS + 1):
        model.train()
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
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
