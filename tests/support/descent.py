"""A few steps of gradient descent on a small network."""

from nntrain.engine import TrainStep, WorkerPool
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.optim import SGD, MovingAverage, Regularization
from tests.support.networks import batch_for, network_of

WIDTHS = [7, 6, 5, 3]


def descended(
    rules: Regularization,
    threads: int = 1,
    steps: int = 3,
    average: float | None = None,
    learning_rate: float = 0.5,
) -> tuple[Network, MovingAverage | None, list[Array]]:
    """Train; returns the network, its average and its parameters after each step."""
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    follower = None if average is None else MovingAverage(network.parameters, average)
    optimizer = SGD(network.parameters, network.weight_count)
    history = []
    with WorkerPool(threads) as pool:
        fast = TrainStep(network, optimizer, 6, pool, rules, follower)
        buffer = fast.buffer(6)
        for number in range(steps):
            buffer.x[:6], buffer.y[:6] = batch_for(network, 6, seed=number)
            fast.run(buffer, 0, 6, learning_rate)
            history.append(network.parameters.copy())
    return network, follower, history


START = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy").parameters.copy()
