"""Sweeps and committees on a real scheduler with real workers, some of which are killed."""

import time
from pathlib import Path

import pytest

from nntrain.sweep.ranking import ranking
from nntrain.sweep.trials import read_trials
from nntrain.training.run import RunFolder
from tests.support.cli import succeed
from tests.support.hosts import Hosts, read_until
from tests.support.logs import assert_logged
from tests.support.sweeps import InlineDispatcher, outcome, swept
from tests.support.training import assert_same

# Long enough to be killed in the middle.
EPOCHS = 40
SWEEP = """
config: long.yaml
space:
  training.optimizer.learning_rate: {log: [1e-4, 1e-2]}
  network[0].dense: {whole: [2, 10]}
trials: 3
at_once: 3
pruning: {first: 12, after: 2}
"""


# test_dispatcher.py has the loss of a worker, cli/test_sweep.py real processes.
@pytest.mark.slow
def test_a_sweep_survives_its_workers_and_its_scheduler_and_ranks_the_same(
    folder: Path, hosts: Hosts
) -> None:
    Path("sweep.yaml").write_text(SWEEP)
    tiny = Path("tiny.yaml").read_text()
    Path("long.yaml").write_text(tiny.replace("epochs: 4", f"epochs: {EPOCHS}"))
    other = folder / "other" / "nntrain-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: nntrain\nVersion: 0.0.1\n")

    scheduler = hosts.scheduler()
    first = hosts.worker()
    hosts.worker(str(folder / "other"))
    arguments = ("sweep", "sweep.yaml", "--run", "runs/there", "--scheduler", hosts.address)
    sweep = hosts.start("nntrain", *arguments, cwd=folder)

    text = read_until(sweep, "runs/there/trial-1: ")
    hosts.worker()  # joins late
    while not list(hosts.folders[0].glob("nntrain-*/trial-1/last.npz")):
        time.sleep(0.002)  # until it is in the middle of the trial
    first.kill()
    text += read_until(sweep, "is gone; another one continues it")
    text += read_until(sweep, "rows right")

    scheduler.kill()
    text += read_until(sweep, "the scheduler is gone")
    scheduler.wait()
    hosts.scheduler()
    hosts.worker()
    assert sweep.stdout is not None
    text += sweep.stdout.read()
    assert sweep.wait() == 0, text
    assert "has nntrain 0.0.1, but this is nntrain" in text
    assert "it gets no work; install the same version there" in text
    assert "Traceback" not in text

    there = read_trials(Path("runs/there"))
    here = swept(InlineDispatcher(), "runs/here")
    assert outcome(there) == outcome(here)
    assert len(ranking(there)) == 3
    shown = [line.split()[0] for line in text.splitlines() if line.startswith("runs/there/trial")]
    assert shown[-3:] == [str(one.run) for one in ranking(there)]


# test_remote.py has committees in segments.
@pytest.mark.slow
def test_a_committee_trains_the_same_on_a_cluster(folder: Path, hosts: Hosts) -> None:
    hosts.scheduler()
    committee = ("--set", "members=3", "--set", "training.epochs=6", "--log", "jsonl")
    fit = hosts.start(
        *("nntrain", "fit", "tiny.yaml", *committee, "--run", "runs/there"),
        *("--scheduler", hosts.address),
        cwd=folder,
    )
    read_until(fit, f"there is no worker; start one with: dask worker {hosts.address} --nworkers 1")
    for _ in range(2):
        hosts.worker()
    assert fit.stdout is not None
    text = fit.stdout.read()
    assert fit.wait() == 0, text
    assert "voting together" in text
    succeed("fit", "tiny.yaml", *committee, "--run", "runs/here", "--threads", "1")
    for there, here in zip(
        RunFolder(folder / "runs" / "there").members(),
        RunFolder(folder / "runs" / "here").members(),
        strict=True,
    ):
        assert_same(there, here)
    for member in RunFolder(Path("runs/there")).members():
        assert_logged(member.folder)
