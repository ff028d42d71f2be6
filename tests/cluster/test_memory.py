import subprocess
import sys

import pytest

# Touches a fresh array a thousand times, and tells how many pages the system had to bring.
FAULTS = """
import resource, sys
import numpy as np
from nntrain.cluster.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def touched():
    for _ in range(1_000):
        np.ones(100_000, np.float32)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(-touched() + touched())
"""


def faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, how],
        env={"MALLOC_TRIM_THRESHOLD_": "65536", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has the setting")
def test_memory_is_kept_where_dask_has_it_given_back() -> None:
    if faults("given back") < 10_000:
        pytest.skip("this system's allocator does not know the setting")
    assert faults("kept") < 1_000
