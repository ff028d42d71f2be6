"""What Dask's workers do to memory, undone for those that train."""

import ctypes
import sys
from contextlib import suppress

# glibc's names, malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees, as processes do by default.

    Dask starts its workers with MALLOC_TRIM_THRESHOLD_ so small that every array beyond 128 KiB is
    got from the system anew, page by page: an epoch then takes half as long again. Only glibc knows
    the setting, and only there is anything to be undone.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            libc = ctypes.CDLL(None)
            libc.mallopt(M_MMAP_THRESHOLD, 32 << 20)
            libc.mallopt(M_TRIM_THRESHOLD, 128 << 20)
