"""Sweeps and committees on a real scheduler with real workers, and what may happen to them."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import dask
import pytest
from distributed.protocol.serialize import serialize

from nntrain.cluster import connect
from nntrain.cluster.dispatcher import _Rows
from nntrain.config import load_config
from nntrain.sweep.ranking import ranking
from nntrain.sweep.trials import read_trials
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_data
from nntrain.training.run import RunFolder
from tests.cluster.hosts import Hosts, said
from tests.support.cli import run, succeed
from tests.support.sweeps import outcome
from tests.support.training import assert_same
from tests.sweep.conftest import Inline, swept

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


def test_a_sweep_survives_its_workers_and_its_scheduler_and_ranks_as_here(
    folder: Path,
    inline: Callable[..., Inline],
    hosts: Hosts,
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

    begun = said(sweep, "runs/there/trial-1: ")
    hosts.worker()  # joins late
    while not list(hosts.places[0].glob("nntrain-*/trial-1/last.npz")):
        time.sleep(0.002)  # until it is in the middle of the trial
    first.kill()
    text = begun + said(sweep, "is gone; another takes it up") + said(sweep, "rows right")

    scheduler.kill()
    text += said(sweep, "the scheduler is gone")
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
    here = swept(inline(), "runs/here")
    assert outcome(there) == outcome(here)
    assert len(ranking(there)) == 3
    shown = [line.split()[0] for line in text.splitlines() if line.startswith("runs/there/trial")]
    assert shown[-3:] == [str(one.run) for one in ranking(there)]


def test_a_committee_trains_on_a_cluster_as_it_would_here(folder: Path, hosts: Hosts) -> None:
    hosts.scheduler()
    committee = ("--set", "members=3", "--set", "training.epochs=6")
    fit = hosts.start(
        *("nntrain", "fit", "tiny.yaml", *committee, "--run", "runs/there"),
        *("--scheduler", hosts.address),
        cwd=folder,
    )
    said(fit, f"there is no worker; start one with: dask worker {hosts.address} --nworkers 1")
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


def test_tls_without_a_certificate_is_one_line(folder: Path) -> None:
    result = run("fit", "tiny.yaml", "--scheduler", "tls://127.0.0.1:9")
    assert result.exit_code == 1
    assert "tls://127.0.0.1:9: no certificate to show there; name ca-file," in result.stderr


def test_a_certificate_of_no_use_is_one_line(folder: Path) -> None:
    ours = {"ca-file": "cert.pem", "client.cert": "cert.pem", "client.key": "key.pem"}
    with dask.config.set({f"distributed.comm.tls.{name}": file for name, file in ours.items()}):
        result = run("fit", "tiny.yaml", "--scheduler", "tls://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "tls://127.0.0.1:9: no scheduler there ([Errno 2] No such file or directory); start one "
        "with 'dask scheduler', or show it a certificate that it knows (docs/cluster.md)"
    )


def test_no_scheduler_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "CONNECTING", 0.5)
    for command in (("sweep", "sweep.yaml"), ("fit", "tiny.yaml")):
        result = run(*command, "--scheduler", "tcp://127.0.0.1:9", "--run", "runs/none")
        assert result.exit_code == 1
        assert "tcp://127.0.0.1:9: no scheduler there (" in result.stderr.splitlines()[-1]
        assert result.stderr.rstrip().endswith("; start one with 'dask scheduler'")
        shutil.rmtree("runs", ignore_errors=True)


def test_the_rows_are_sent_once_though_two_selections_share_them(folder: Path) -> None:
    data = read_data(load_config("tiny.yaml"), Reporter())
    _, frames = serialize(_Rows(data))
    sent = sum(memoryview(frame).nbytes for frame in frames)
    assert data[0].dataset.pixels.nbytes < sent < 1.9 * data[0].dataset.pixels.nbytes
