"""Where the workers are: in processes of this machine, or behind a scheduler elsewhere."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import distributed

from nntrain.errors import NNTrainError

CONNECTING = 30.0  # seconds


@contextmanager
def workers(scheduler: str | None, processes: int) -> Iterator[Callable[[], distributed.Client]]:
    """What makes clients of a cluster.

    Args:
        scheduler: Its address, such as tcp://host:8786; None: processes of this machine, which end
            with the context.
        processes: How many, on this machine.

    Raises:
        NNTrainError: There is no scheduler at this address.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # what matters of it, the crew tells
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if scheduler is None:
        with distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            dashboard_address=None,
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        ) as cluster:
            yield lambda: distributed.Client(cluster)
        return
    try:
        distributed.Client(scheduler, timeout=CONNECTING).close()
    except (OSError, ValueError, TypeError) as error:  # the last where TLS is not set up
        reason = " ".join(str(error).split())
        raise NNTrainError(
            f"{scheduler}: no scheduler there ({reason}); start one with 'dask scheduler'"
        ) from error
    yield lambda: distributed.Client(scheduler, timeout=CONNECTING)
