"""Do convolution and pooling compute what PyTorch's do? Outputs and gradients, in float64.

Needs PyTorch; `make bench` makes an environment that has it.
"""

import sys
from itertools import product

import numpy as np
import torch
from torch.nn import functional

from nntrain.nn import Conv, FlatDense, Layer, MaxPool, MeanPool, Network

TOLERANCE = 1e-6
CASES = list(product((1, 2, 3, 5), (1, 2, 3), (0, 1, 2), ("max", "mean")))


def difference(kernel: int, stride: int, padding: int, pooling: str) -> float:
    """The greatest difference of an output, a loss or a parameter's gradient.

    A 1×1 convolution, the one of the case, pooling and a dense layer, of pictures of 13×11 pixels
    with many ties: weights are multiples of 1/4, so sums are exact in any order.
    """
    pool = (MaxPool if pooling == "max" else MeanPool)(2)
    conv = Conv(4, kernel, "relu", stride, padding)
    layers: list[Layer] = [Conv(3, 1, "relu"), conv, pool, FlatDense(5, "softmax")]
    network = Network((13, 11, 3), layers, "cross_entropy", "float64")
    rng = np.random.default_rng(kernel)
    network.parameters[...] = rng.integers(-2, 3, network.parameters.size) / 4
    x, labels = rng.integers(0, 2, (6, 13, 11, 3)).astype(np.float64), rng.integers(0, 5, 6)
    y = np.eye(5)[labels]
    xs = network.forward(x)
    parameters = [torch.tensor(part) for pair in network.views(network.parameters) for part in pair]
    used = [part.requires_grad_() for part in parameters if part.numel()]
    loss, outputs = _torch(torch.tensor(x), torch.tensor(labels), used, conv, pooling)
    loss.backward()
    ours = [xs[-1], network.loss.value(xs[-1], y)]
    theirs = [outputs.detach().numpy(), loss.item()]
    gradient = network.gradient(xs, y)
    ours += [part for pair in network.views(gradient) for part in pair if part.size]
    theirs += [part.grad.numpy() for part in used if part.grad is not None]
    return max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs, strict=True))


def _torch(
    x: torch.Tensor, labels: torch.Tensor, parameters: list[torch.Tensor], conv: Conv, pooling: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss and the outputs of the same network."""
    first, first_biases, kernels, biases, weights, last = parameters
    x = torch.relu(
        functional.conv2d(x.permute(0, 3, 1, 2), first.permute(0, 3, 1, 2), first_biases)
    )
    z = functional.conv2d(x, kernels.permute(0, 3, 1, 2), biases, conv.stride, conv.padding)
    pool = functional.max_pool2d if pooling == "max" else functional.avg_pool2d
    flat = pool(functional.relu(z), 2).permute(0, 2, 3, 1).flatten(1)
    scores = functional.linear(flat, weights, last)
    return functional.cross_entropy(scores, labels), functional.softmax(scores, 1)


def main() -> int:
    """Print the greatest difference; 1 if it is above the tolerance."""
    differences = {case: difference(*case) for case in CASES}
    worst = max(differences, key=lambda case: differences[case])
    print(
        f"PyTorch {torch.__version__}: {len(CASES)} networks, greatest difference "
        f"{differences[worst]:.1e} (kernel {worst[0]}, stride {worst[1]}, padding {worst[2]}, "
        f"{worst[3]}-pooling)"
    )
    return int(differences[worst] > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
