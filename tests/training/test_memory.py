"""A long training needs no more memory in its last epoch than in an early one."""

import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.data.kaggle import write_csv
from tests.support.tiny import CONFIG, stripes

# Prints the process's memory in kB after every epoch.
WATCHED = """
import os, sys
from nntrain.cli import main
from nntrain.training.reporter import TerminalReporter

def on_epoch_end(self, *arguments):
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            print(line.split()[1], flush=True)

TerminalReporter.on_epoch_end = on_epoch_end
os.fsync = lambda descriptor: None
main()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
@pytest.mark.slow
def test_memory_does_not_grow_over_many_epochs(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", *stripes(200))
    (tmp_path / "tiny.yaml").write_text(CONFIG.format(train="train.csv"))
    done = subprocess.run(
        [
            *(sys.executable, "-c", WATCHED, "fit", "tiny.yaml"),
            *("--set", "training.epochs=200"),
            *("--set", "data.distortion={rotation: 10, elastic: {strength: 3, sigma: 1}}"),
            *("--set", "network[0].dropout=0.1"),
            *("--set", "training.average=0.9"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    memory = [int(line) for line in done.stdout.splitlines() if line.isdecimal()]
    assert len(memory) == 200
    assert memory[-1] - memory[20] < 1_000, memory[::20]
