"""Do our optimisers take PyTorch's steps? The greatest difference after 50 of them.

Both start from the same float64 parameters and are given the same gradients. PyTorch's biases are
put into a parameter group without weight decay, as ours are.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nntrain.nn.arrays import Array
from nntrain.optim import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer

STEPS, WEIGHTS, BIASES, RATE = 50, 1_000, 30, 0.01

CASES: list[tuple[str, Callable[[Array, float], Optimizer], Callable[..., Any], dict[str, Any]]] = [
    ("sgd", lambda w, d: SGD(w, WEIGHTS, d), torch.optim.SGD, {}),
    ("momentum", lambda w, d: Momentum(w, WEIGHTS, 0.9, d), torch.optim.SGD, {"momentum": 0.9}),
    (
        "nesterov",
        lambda w, d: Nesterov(w, WEIGHTS, 0.9, d),
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True},
    ),
    ("adam", lambda w, d: Adam(w, WEIGHTS, weight_decay=d), torch.optim.Adam, {}),
    ("adamw", lambda w, d: AdamW(w, WEIGHTS, weight_decay=d), torch.optim.AdamW, {}),
]


def greatest_difference(
    make_ours: Callable[[Array, float], Optimizer],
    make_theirs: Callable[..., Any],
    options: dict[str, Any],
    decay: float,
) -> float:
    """Relative to the greatest parameter."""
    rng = np.random.default_rng(0)
    ours = rng.normal(0, 1, WEIGHTS + BIASES)
    weights = torch.nn.Parameter(torch.tensor(ours[:WEIGHTS]))
    biases = torch.nn.Parameter(torch.tensor(ours[WEIGHTS:]))
    optimizer = make_ours(ours, decay)
    theirs = make_theirs(
        [
            {"params": [weights], "weight_decay": decay},
            {"params": [biases], "weight_decay": 0.0},
        ],
        lr=RATE,
        **options,
    )
    for _ in range(STEPS):
        gradient = rng.normal(0, 1, WEIGHTS + BIASES)
        weights.grad = torch.tensor(gradient[:WEIGHTS])
        biases.grad = torch.tensor(gradient[WEIGHTS:])
        theirs.step()
        optimizer.step(ours, gradient, RATE)
    both = np.concatenate([weights.detach().numpy(), biases.detach().numpy()])
    return float(np.abs(ours - both).max() / np.abs(both).max())


def main() -> None:
    """Print and write the table; fail where a difference is more than rounding."""
    lines = [
        "# Optimisers against PyTorch",
        "",
        f"{STEPS} steps of {WEIGHTS:,} weights and {BIASES} biases in float64, the same gradients",
        f"(PyTorch {torch.__version__}, NumPy {np.__version__}): the greatest difference of a",
        "parameter, relative to the greatest parameter.",
        "",
        "| optimizer | no weight decay | weight decay 0.1 |",
        "| --- | --- | --- |",
    ]
    worst = 0.0
    for name, ours, theirs, options in CASES:
        plain, decayed = (greatest_difference(ours, theirs, options, decay) for decay in (0.0, 0.1))
        worst = max(worst, plain, decayed)
        lines.append(f"| {name} | {plain:.1e} | {decayed:.1e} |")
    text = "\n".join(lines) + "\n"
    print(text)
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    if worst > 1e-12:
        sys.exit(f"a difference of {worst:.1e} is more than rounding")


if __name__ == "__main__":
    main()
