"""Epoch times of convolutional networks, of nntrain and its competitors."""

from convolutions import CASES, COMPETITORS
from datasets import BenchData
from epoch_time import alternate

HEADING = "Convolution"
RIVALS = ("PyTorch", "PyTorch, channels last", "torch.compile", "JAX", "floor")


def measure(data: BenchData) -> list[str]:
    """The table of epoch times; on demo digits always, since time does not depend on them."""
    table, _ = alternate(data, "convolutions.py", COMPETITORS, CASES, RIVALS, compiled=len(CASES))
    return [
        *table,
        "",
        f"Seconds for {CASES[0].images:,} images in batches of {CASES[0].batch}: median of "
        f"{data.size.rounds} alternating rounds (least–most), valid padding, 2×2 max-pooling, "
        "relu, plain SGD, float32. The floor is the matrix products only, of whole batches. JAX's "
        "seconds are twenty times those of a twentieth of the images.",
    ]
