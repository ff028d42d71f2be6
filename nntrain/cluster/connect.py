"""Where the workers are: in processes of this machine, or behind a scheduler elsewhere."""

import importlib.metadata
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import distributed
from distributed.versions import VersionMismatchWarning

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
            dashboard_address="127.0.0.1:0",  # its usual port may be taken, which Dask would tell
            memory_limit=None,
            silence_logs=logging.CRITICAL,
            security=distributed.Security(require_encryption=False),  # whatever Dask's settings say
        ) as cluster:
            yield lambda: distributed.Client(cluster)
        return
    warnings.simplefilter("ignore", VersionMismatchWarning)  # the crew tells of workers' versions
    try:
        with distributed.Client(scheduler, timeout=CONNECTING) as client:
            theirs = client.run_on_scheduler(importlib.metadata.version, "distributed")
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise NNTrainError(
            f"{scheduler}: no scheduler there ({reason}); start one with 'dask scheduler'"
        ) from error
    except TypeError as error:  # Dask's, of tls:// without settings
        raise NNTrainError(
            f"{scheduler}: no certificate to show there; name ca-file, client.cert and client.key below "
            "distributed.comm.tls in Dask's configuration (docs/cluster.md)"
        ) from error
    ours = importlib.metadata.version("distributed")
    if theirs != ours:
        raise NNTrainError(
            f"{scheduler}: the scheduler has distributed {theirs}, but this is distributed {ours}; "
            "install the same version there"
        )
    yield lambda: distributed.Client(scheduler, timeout=CONNECTING)
