"""Connections to local worker processes, or to a running scheduler and its workers."""

import asyncio
import importlib.metadata
import logging
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from tempfile import TemporaryDirectory

import dask
import distributed
from distributed.versions import VersionMismatchWarning

from nntrain.errors import NNTrainError

BASE_FILES, FILES_PER_WORKER = 48, 16  # open files that this process needs
CONNECT_TIMEOUT = 30.0  # seconds
RECONNECT_TIMEOUT = 5.0  # seconds; Ctrl-C has to wait for it

Connect = Callable[[], distributed.Client]


@contextmanager
def open_cluster(scheduler: str | None, processes: int) -> Iterator[Connect]:
    """Yield a function that makes clients of a cluster.

    Args:
        scheduler: Address, such as tcp://host:8786; None starts local workers for this context.
        processes: Number of local worker processes.

    Raises:
        NNTrainError: If the scheduler does not answer or has another version of Dask, or if the
            system allows too few open files for the local workers.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # the dispatcher reports what matters
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if scheduler is None:
        with _local_cluster(processes) as cluster:
            yield lambda: distributed.Client(cluster)
    else:
        warnings.simplefilter("ignore", VersionMismatchWarning)  # the dispatcher checks workers
        _check_scheduler(scheduler)
        yield lambda: distributed.Client(scheduler, timeout=RECONNECT_TIMEOUT)


def _check_scheduler(scheduler: str) -> None:
    try:
        with distributed.Client(scheduler, timeout=CONNECT_TIMEOUT) as client:
            theirs = client.run_on_scheduler(importlib.metadata.version, "distributed")
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        reason = " ".join(str(error).split())
        hint = "start one with 'dask scheduler'"
        if scheduler.startswith("tls:"):
            hint = f"{hint}, or configure a certificate that it accepts (docs/cluster.md)"
        raise NNTrainError(f"{scheduler}: no scheduler there ({reason}); {hint}") from error
    except TypeError as error:  # raised by Dask for tls:// without settings
        raise NNTrainError(
            f"{scheduler}: no TLS certificate is configured; set ca-file, client.cert and "
            "client.key below distributed.comm.tls in Dask's configuration (docs/cluster.md)"
        ) from error
    ours = importlib.metadata.version("distributed")
    if theirs != ours:
        raise NNTrainError(
            f"{scheduler}: the scheduler has distributed {theirs}, but this is distributed {ours}; "
            "install the same version there"
        )


@contextmanager
def _local_cluster(processes: int) -> Iterator[distributed.LocalCluster]:
    """Start workers that other users cannot connect to, since they could run any code there.

    Connections need a key that is made for this cluster and exists only in its processes' memory.
    """
    _check_open_files(processes)
    with TemporaryDirectory(prefix="nntrain-", ignore_cleanup_errors=True) as folder:
        settings = {
            # Dask's default has one name for all users, and modules are imported from there.
            "temporary-directory": folder,
            # Dask starts web servers in any case; leave them without pages.
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
        }
        with dask.config.set(settings):
            with _block_sigint():
                cluster = distributed.LocalCluster(
                    n_workers=processes,
                    threads_per_worker=1,
                    dashboard_address=None,
                    # Any port but Dask's default, which gives a warning if it is taken.
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                    memory_limit=None,
                    silence_logs=logging.CRITICAL,
                    security=distributed.Security.temporary(),
                )
            with cluster:
                yield cluster


def _check_open_files(processes: int) -> None:
    """Raise an NNTrainError if too few files may be open: Dask would silently retry forever."""
    needed = BASE_FILES + FILES_PER_WORKER * processes
    if sys.platform != "win32":
        with suppress(ImportError):
            import resource

            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            if limit != resource.RLIM_INFINITY and limit < needed:
                raise NNTrainError(
                    f"only {limit} files may be open at a time, and {processes} worker"
                    f"{'s' * (processes > 1)} need {needed}; raise the limit with "
                    f"'ulimit -n {needed}', or take fewer with --parallel"
                )


@contextmanager
def _block_sigint() -> Iterator[None]:
    """Block SIGINT in processes and threads started here, which inherit the mask.

    A terminal sends it to all processes: workers would print tracebacks. This process ends them.
    """
    if sys.platform != "win32" and hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # it starts with the first process, and unblocks signals
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    else:  # on Windows workers do receive it; what they were training is trained again
        yield
