"""One epoch of the same training in each library: same network, batches, precision and threads.

Run as `python competitors.py NAME DATA`, a process waits for case numbers on stdin and answers each
with the seconds of one epoch; the first epoch of a case is a warm-up and not timed. `run.py` drives
all of them in turn.
"""

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """A network 784-…-10 and how it is trained."""

    hidden: tuple[int, ...]
    batch: int
    optimizer: str = "sgd"
    images: int = 60_000

    @property
    def widths(self) -> list[int]:
        """n_0 … n_L."""
        return [784, *self.hidden, 10]

    @property
    def deep(self) -> bool:
        """Deep networks have relu and cross-entropy; the lecture's, sigmoid and squared error."""
        return len(self.hidden) > 1

    def __str__(self) -> str:
        adam = ", Adam" if self.optimizer == "adam" else ""
        images = f", {self.images:,} images" if self.images != 60_000 else ""
        return f"{'-'.join(map(str, self.widths))}, batch {self.batch}{adam}{images}"


CASES = [
    Case((30,), 10),
    Case((100,), 32),
    Case((100,), 128),
    Case((300, 100), 128),
    Case((800, 800), 128),
    Case((1000, 500), 256),
    Case((2500, 2000, 1500, 1000, 500), 512, images=12_000),
    Case((300, 100), 128, "adam"),
    Case((800, 800), 128, "adam"),
]
RATES = {"sgd": 0.1, "adam": 0.001}
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Epoch = Callable[[], Any]


def nntrain(
    case: Case, pixels: Any, labels: Any, threads: int = THREADS, distorter: Any = None
) -> Epoch:
    """The training loop of `nntrain fit`, validation and saving aside."""
    from nntrain.nn import Dense, Network
    from nntrain.optim import INITIALIZERS, SGD, Adam

    hidden, last, loss = (
        ("relu", "softmax", "cross_entropy")
        if case.deep
        else ("sigmoid", "sigmoid", "squared_error")
    )
    layers = [*(Dense(n, hidden) for n in case.hidden), Dense(10, last)]
    network = Network((784,), layers, loss)
    rng = np.random.default_rng(0)
    for layer in layers:
        layer.weights[...] = INITIALIZERS["he_normal"](rng, layer.weights.shape)
    kind = Adam if case.optimizer == "adam" else SGD
    optimizer = kind(network.parameters, network.weight_count)
    rate = RATES[case.optimizer]
    return train_epoch(network, optimizer, case.batch, rate, pixels, labels, threads, distorter)


def train_epoch(
    network: Any,
    optimizer: Any,
    batch_size: int,
    rate: float,
    pixels: Any,
    labels: Any,
    threads: int,
    distorter: Any = None,
) -> Epoch:
    """The training loop of `nntrain fit` with a network, validation and saving aside."""
    from threadpoolctl import threadpool_limits

    from nntrain.data.batches import Batches, Rescale, one_hot
    from nntrain.data.from_arrays import dataset_from_arrays
    from nntrain.engine import TrainStep, WorkerPool
    from nntrain.optim import constant
    from nntrain.training.loop import Plan, train
    from nntrain.training.progress import Progress

    step = TrainStep(network, optimizer, batch_size, WorkerPool(threads))
    rows = dataset_from_arrays(pixels, labels).as_subset()
    batches = Batches(
        rows,
        targets=one_hot(10, "float32"),
        batch_size=batch_size,
        scale=Rescale(0, 1),
        seed=0,
        augmenter=distorter,
        workers=threads if distorter else 1,
    )
    plan = Plan(1, None, rate, constant())

    def no_validation() -> tuple[float, float]:
        return math.nan, math.nan

    def epoch() -> None:
        with threadpool_limits(step.blas_threads, "blas"):
            list(
                train(step, batches, plan, Progress(), no_validation, list, lambda progress: False)
            )

    return epoch


def _torch(case: Case, pixels: Any, labels: Any, compiled: bool) -> Epoch:
    import torch
    from torch import nn

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    x = torch.from_numpy(pixels.astype(np.float32) / 255)
    y = torch.from_numpy(labels.astype(np.int64))
    one_hot = nn.functional.one_hot(y, 10).float()
    layers: list[nn.Module] = []
    for n_in, n_out in zip(case.widths, case.widths[1:], strict=False):
        layers += [nn.Linear(n_in, n_out), nn.ReLU() if case.deep else nn.Sigmoid()]
    model = nn.Sequential(*(layers[:-1] if case.deep else layers))
    kind = torch.optim.Adam if case.optimizer == "adam" else torch.optim.SGD
    optimizer = kind(model.parameters(), lr=RATES[case.optimizer])
    forward = torch.compile(model) if compiled else model

    def epoch() -> None:
        for rows in torch.randperm(len(x)).split(case.batch):
            optimizer.zero_grad()
            outputs = forward(x[rows])
            if case.deep:
                loss = nn.functional.cross_entropy(outputs, y[rows])
            else:
                loss = 0.5 * ((outputs - one_hot[rows]) ** 2).sum(dim=1).mean()
            loss.backward()
            optimizer.step()

    return epoch


def torch_eager(case: Case, pixels: Any, labels: Any) -> Epoch:
    """nn.Sequential and torch.optim, step by step."""
    return _torch(case, pixels, labels, compiled=False)


def torch_compile(case: Case, pixels: Any, labels: Any) -> Epoch:
    """The same with the forward and backward pass compiled."""
    return _torch(case, pixels, labels, compiled=True)


def jax(case: Case, pixels: Any, labels: Any) -> Epoch:
    """The whole epoch in one compiled scan."""
    import jax as j
    import jax.numpy as jnp

    x = jnp.asarray(pixels.astype(np.float32) / 255)
    y = jnp.eye(10, dtype=jnp.float32)[labels]
    keys = j.random.split(j.random.PRNGKey(0), len(case.widths))
    parameters = [
        (j.random.normal(key, (n_in, n_out)) * n_in**-0.5, jnp.zeros(n_out))
        for key, n_in, n_out in zip(keys, case.widths, case.widths[1:], strict=False)
    ]
    rate = RATES[case.optimizer]

    def error(parameters: Any, x: Any, y: Any) -> Any:
        for i, (weights, biases) in enumerate(parameters):
            z = x @ weights + biases
            if not case.deep:
                x = j.nn.sigmoid(z)
            elif i < len(parameters) - 1:
                x = j.nn.relu(z)
        if case.deep:
            return -(y * j.nn.log_softmax(z)).sum(axis=1).mean()
        return 0.5 * ((x - y) ** 2).sum(axis=1).mean()

    def step(state: Any, rows: Any) -> Any:
        parameters, m, v, t = state
        g = j.grad(error)(parameters, x[rows], y[rows])
        if case.optimizer == "sgd":
            return (j.tree.map(lambda w, g: w - rate * g, parameters, g), m, v, t), None
        t = t + 1
        m = j.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = j.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        parameters = j.tree.map(
            lambda w, m, v: w - rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8),
            parameters,
            m,
            v,
        )
        return (parameters, m, v, t), None

    zeros = j.tree.map(jnp.zeros_like, parameters) if case.optimizer == "adam" else ()
    return jax_epoch(step, (parameters, zeros, zeros, 0.0), len(labels), case.batch)


def jax_epoch(step: Callable[..., Any], state: Any, images: int, batch: int) -> Epoch:
    """An epoch of steps (state, rows) → (state, None) on shuffled batches, as one compiled scan."""
    import jax as j

    whole = images // batch * batch

    @j.jit
    def scan(state: Any, key: Any) -> Any:
        order = j.random.permutation(key, images)[:whole].reshape(-1, batch)
        return j.lax.scan(step, state, order)[0]

    rng = j.random.PRNGKey(1)

    def epoch() -> None:
        nonlocal state, rng
        rng, key = j.random.split(rng)
        state = j.block_until_ready(scan(state, key))

    return epoch


def sklearn(case: Case, pixels: Any, labels: Any) -> Epoch:
    """One pass of partial_fit; its loss for classes is always cross-entropy."""
    from sklearn.neural_network import MLPClassifier

    x = pixels.astype(np.float32) / 255
    model = MLPClassifier(
        case.hidden,
        activation="relu" if case.deep else "logistic",
        solver=case.optimizer,
        alpha=0,
        batch_size=case.batch,
        learning_rate_init=RATES[case.optimizer],
        momentum=0,
        random_state=0,
    )
    classes = np.arange(10)
    return lambda: model.partial_fit(x, labels, classes=classes)


def floor(case: Case, pixels: Any, labels: Any) -> Epoch:
    """The bare products: three a layer less the one that is never needed, and nothing else."""
    rng = np.random.default_rng(0)
    n = case.widths
    x, delta = ([rng.random((case.batch, k), np.float32) for k in n] for _ in range(2))
    w = [rng.random((b, a), np.float32) for a, b in pairwise(n)]
    gradient = [np.empty_like(weights) for weights in w]

    def epoch() -> None:
        for _ in range(-(-len(labels) // case.batch)):
            for i, weights in enumerate(w):
                np.matmul(x[i], weights.T, out=x[i + 1])
            for i in reversed(range(len(w))):
                np.matmul(delta[i + 1].T, x[i], out=gradient[i])
                if i:
                    np.matmul(delta[i + 1], w[i], out=delta[i])

    return epoch


COMPETITORS = {
    "nntrain": nntrain,
    "PyTorch": torch_eager,
    "torch.compile": torch_compile,
    "JAX": jax,
    "scikit-learn": sklearn,
    "floor": floor,
}


def serve(
    competitors: Mapping[str, Callable[..., Epoch]], cases: Sequence[Any], share: float = 1
) -> None:
    """Answer each case number on stdin with seconds: of the warm-up, then of one epoch.

    Only the given share of the images is trained on, and the seconds are divided by it.
    """
    import warnings

    warnings.simplefilter("ignore")
    competitor, data = competitors[sys.argv[1]], np.load(sys.argv[2])
    epochs: dict[int, tuple[Epoch, float]] = {}
    for line in sys.stdin:
        number = int(line)
        case = cases[number]
        try:
            if number not in epochs:
                started = perf_counter()
                images = round(case.images * share)
                epoch = competitor(
                    case, np.ascontiguousarray(data["pixels"][:images]), data["labels"][:images]
                )
                with np.errstate(all="ignore"):
                    epoch()
                epochs[number] = epoch, perf_counter() - started
            epoch, first = epochs[number]
            started = perf_counter()
            with np.errstate(all="ignore"):
                epoch()
            print(first / share, (perf_counter() - started) / share, flush=True)
        except Exception as error:  # a competitor that cannot is reported, not hidden
            print(f"{sys.argv[1]}, {case}: {error!r}", file=sys.stderr)
            print("failed", type(error).__name__, flush=True)


if __name__ == "__main__":
    serve(COMPETITORS, CASES)
