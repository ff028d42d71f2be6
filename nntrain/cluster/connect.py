"""Where the workers are: in processes of this machine, or behind a scheduler elsewhere."""

import asyncio
import importlib.metadata
import logging
import math
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

FILES, FILES_A_WORKER = 48, 16  # open in this process, at most
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
        # Dask's own folder has the same name for all users, so that another may have made it first;
        # and it looks for modules there.
        with (
            TemporaryDirectory(prefix="nntrain-", ignore_cleanup_errors=True) as folder,
            dask.config.set({"temporary-directory": folder}),
            _local_cluster(processes) as cluster,
        ):
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


def _local_cluster(processes: int) -> distributed.LocalCluster:
    """Worker processes that end with the cluster, and that nobody else on this machine can reach.

    Whoever is let in may run any code as this user. Only who has the key is, which is made anew and
    stays in the memory of these processes.

    Raises:
        NNTrainError: The system does not let so many files be open.
    """
    _refuse_few_files(processes)
    # Dask listens for browsers in any case; it has nothing to show them.
    no_pages: dict[str, list[str]] = {
        f"distributed.{role}.http.routes": [] for role in ("scheduler", "worker")
    }
    with _ignore_ctrl_c(), dask.config.set(no_pages):
        return distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            dashboard_address=None,
            # Another than the port that Dask likes, of which it warns if it is taken.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            memory_limit=None,
            silence_logs=logging.CRITICAL,
            security=distributed.Security.temporary(),
        )


def _refuse_few_files(processes: int) -> None:
    """Dask would try again and again, without a word and deaf to signals.

    Raises:
        NNTrainError: Fewer files may be open than a cluster of so many processes needs.
    """
    most, needed = _most_files(), FILES + FILES_A_WORKER * processes
    if most < needed:
        raise NNTrainError(
            f"only {most} files may be open at a time, and {processes} worker"
            f"{'s' * (processes > 1)} need {needed}; raise the limit with 'ulimit -n {needed}', or "
            "take fewer with --parallel"
        )


def _most_files() -> float:
    """How many files a process may have open; infinity where there is no such limit."""
    if sys.platform != "win32":
        with suppress(ImportError):
            import resource

            most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            return math.inf if most == resource.RLIM_INFINITY else most
    return math.inf


@contextmanager
def _ignore_ctrl_c() -> Iterator[None]:
    """Processes and threads begun here leave it to this process to end them.

    A terminal's Ctrl-C goes to all processes of a command; workers would end in the middle of
    whatever they do, and say so at length. What is blocked stays so in the processes to come.
    """
    if sys.platform != "win32" and hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # begun with the first process, and unblocks signals
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    else:  # on Windows workers hear of it; their legs are gone again by who goes on
        yield
