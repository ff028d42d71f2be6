"""glibc's default memory settings in Dask's workers."""

import ctypes
import sys
from contextlib import suppress

# glibc's names, malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Let this process reuse memory that it has freed, as processes do by default.

    Dask's workers have a MALLOC_TRIM_THRESHOLD_ so small that each array above 128 KiB is requested
    from the system, page by page: epochs take 50 % longer. Without glibc this does nothing.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            libc = ctypes.CDLL(None)
            libc.mallopt(M_MMAP_THRESHOLD, 32 << 20)
            libc.mallopt(M_TRIM_THRESHOLD, 128 << 20)
