"""Where the workers are: in processes of this machine, or behind a scheduler elsewhere."""

import asyncio
import importlib.metadata
import logging
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

import distributed
from distributed.versions import VersionMismatchWarning

from nntrain.errors import NNTrainError

CONNECTING = 30.0  # seconds
CONNECTING_AGAIN = 5.0  # likewise, to a scheduler that was there; Ctrl-C has to wait for it


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
                security=distributed.Security(require_encryption=False),  # whatever settings say
            )
        with cluster:
            yield lambda: distributed.Client(cluster)
        return
    warnings.simplefilter("ignore", VersionMismatchWarning)  # the crew tells of workers' versions
    try:
        with distributed.Client(scheduler, timeout=CONNECTING) as client:
            theirs = client.run_on_scheduler(importlib.metadata.version, "distributed")
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        reason = " ".join(str(error).split())
        mend = "start one with 'dask scheduler'"
        if scheduler.startswith("tls:"):
            mend = f"{mend}, or show it a certificate that it knows (docs/cluster.md)"
        raise NNTrainError(f"{scheduler}: no scheduler there ({reason}); {mend}") from error
    except TypeError as error:  # Dask's, of tls:// without settings
        raise NNTrainError(
            f"{scheduler}: no certificate to show there; name ca-file, client.cert and client.key "
            "below distributed.comm.tls in Dask's configuration (docs/cluster.md)"
        ) from error
    ours = importlib.metadata.version("distributed")
    if theirs != ours:
        raise NNTrainError(
            f"{scheduler}: the scheduler has distributed {theirs}, but this is distributed {ours}; "
            "install the same version there"
        )
    yield lambda: distributed.Client(scheduler, timeout=CONNECTING_AGAIN)


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
