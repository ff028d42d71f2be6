"""Where the workers are: in processes of this machine, or behind a scheduler elsewhere."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

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
        with _out_of_reach_of_ctrl_c():
            cluster = distributed.LocalCluster(
                n_workers=processes,
                threads_per_worker=1,
                dashboard_address=None,
                # Dask serves pages in any case, and warns if the port that it likes is taken.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                memory_limit=None,
                silence_logs=logging.CRITICAL,
            )
        with cluster:
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


@contextmanager
def _out_of_reach_of_ctrl_c() -> Iterator[None]:
    """Processes and threads begun here leave it to this process to end them.

    A terminal's Ctrl-C goes to all processes of a command; workers would end in the middle of
    whatever they do, and say so at length. What is blocked stays so in the processes to come.
    """
    resource_tracker.ensure_running()  # it is begun with the first process, and unblocks signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
