import subprocess
import sys

import pytest

# Writes to a new array a thousand times, and prints the number of page faults.
SCRIPT = """
import resource, sys
import numpy as np
from nntrain.cluster.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def faults_of_writing():
    for _ in range(1_000):
        np.ones(100_000, np.float32)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(-faults_of_writing() + faults_of_writing())
"""


def page_faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        env={"MALLOC_TRIM_THRESHOLD_": "65536", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has the setting")
def test_freed_memory_is_kept_despite_dasks_setting() -> None:
    if page_faults("given back") < 10_000:
        pytest.skip("this system's allocator does not know the setting")
    assert page_faults("kept") < 1_000
