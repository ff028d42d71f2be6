"""A training session: threads, BLAS, error state and the step, set up together and put back."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits

from nntrain.config import Config
from nntrain.config.build import build_dropout, build_regularization, build_schedule
from nntrain.engine import TrainStep, WorkerPool
from nntrain.nn import Network
from nntrain.optim import MovingAverage, Optimizer
from nntrain.training.loop import Plan


def plan_of(config: Config) -> Plan:
    """How long to train, and how fast."""
    training = config.training
    return Plan(
        training.epochs, training.patience, training.optimizer.learning_rate, build_schedule(config)
    )


@contextmanager
def training_session(
    config: Config,
    network: Network,
    optimizer: Optimizer,
    average: MovingAverage | None,
    batch_size: int,
    threads: int,
) -> Iterator[TrainStep]:
    """All that a training needs beside rows and a plan, as long as the context lasts.

    Args:
        config: Says what regularisation and dropout there are.
        network: Is trained,
        optimizer: by this one,
        average: and followed by this one, if there is one.
        batch_size: B.
        threads: How many share the work.

    Yields:
        The step.
    """
    # Where weights grow without bounds, the loss tells; a warning would only add noise.
    with np.errstate(over="ignore", invalid="ignore"), WorkerPool(threads) as pool:
        step = TrainStep(
            network,
            optimizer,
            batch_size,
            pool,
            build_regularization(config, network),
            average,
            build_dropout(config),
        )
        with threadpool_limits(step.blas_threads, "blas"):
            yield step
