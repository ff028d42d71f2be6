"""A training session: worker threads, BLAS threads, NumPy's error state and the training step."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from nntrain.config import Config
from nntrain.config.build import (
    build_distillation,
    build_dropout,
    build_regularization,
    build_schedule,
)
from nntrain.engine import TrainStep, WorkerPool, limit_blas
from nntrain.nn import Network
from nntrain.optim import MovingAverage, Optimizer
from nntrain.training.loop import Plan


def plan_of(config: Config) -> Plan:
    """The plan of a configuration."""
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
    """Set up everything that a training needs besides rows and a plan, and tear it down at the end.

    Args:
        config: The configuration of regularisation, dropout and teacher.
        network: The network to train.
        optimizer: The optimiser of its parameters.
        average: The moving average of its parameters, if there is one.
        batch_size: B.
        threads: Number of threads.

    Yields:
        The training step.
    """
    teacher = config.training.teacher
    # If weights overflow, the loss becomes infinite and training stops; warnings are not needed.
    # Adam's ε becomes 0 if β₁ is very near to 1.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), WorkerPool(threads) as pool:
        step = TrainStep(
            network,
            optimizer,
            batch_size,
            pool,
            build_regularization(config, network),
            average,
            build_dropout(config),
            build_distillation(teacher) if teacher else None,
        )
        with limit_blas(step.blas_threads):
            yield step
