"""Other users cannot connect to the cluster that a sweep starts on this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dask
import distributed
import psutil
import pytest

from nntrain.cluster import connect

# Imports first: another user may not read the libraries. Prints each attempt that succeeded.
INTRUDER = """
import asyncio, json, os, sys, urllib.request
from distributed import Security
from distributed.comm import connect

ports, as_other = json.loads(sys.argv[1])
tls = Security.temporary().get_connection_args("client")
if as_other:
    os.setuid(65534)

async def call(scheme, port, **options):
    address = f"{scheme}://127.0.0.1:{port}"
    comm = await connect(address, timeout=1, **options)
    await comm.write({"op": "identity", "reply": True})
    return f"{address}: {await comm.read()}"

def page(address):
    with urllib.request.urlopen(address, timeout=1) as answer:
        return f"{address}: {answer.status}"

async def attempts():
    paths = ["", "status", "health", "metrics", "info/main/workers.html", "json/counts.json"]
    pages = [f"http://127.0.0.1:{port}/{path}" for port in ports for path in paths]
    calls = [call("tcp", port) for port in ports] + [call("tls", port, **tls) for port in ports]
    calls += [asyncio.to_thread(page, address) for address in pages]
    calls = [asyncio.wait_for(call, 3) for call in calls]  # some never answer
    return await asyncio.gather(*calls, return_exceptions=True)

results = asyncio.run(attempts())
print(json.dumps([result for result in results if isinstance(result, str)]), flush=True)
os._exit(0)
"""


def listening() -> list[int]:
    """The ports on which this process and its children listen."""
    ours = psutil.Process()
    return [
        connection.laddr.port
        for process in (ours, *ours.children(recursive=True))
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]


@pytest.fixture(scope="module")
def ports() -> Iterator[list[int]]:
    """The ports of a local cluster, though Dask's settings do not require encryption."""
    before = set(listening())
    with (
        dask.config.set({"distributed.comm.require-encryption": False}),
        connect.open_cluster(None, 1) as connected,
        connected() as client,
    ):
        assert client.submit(len, "four").result() == 4
        yield sorted(set(listening()) - before)
        assert client.submit(len, "four").result() == 4


def attack(ports: list[int], as_other_user: bool) -> list[str]:
    """The successful attempts of a process without the key to connect to the ports."""
    arguments = json.dumps([ports, as_other_user])
    done = subprocess.run(
        [sys.executable, "-c", INTRUDER, arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    succeeded: list[str] = json.loads(done.stdout)
    return succeeded


def test_others_are_refused_at_every_port(ports: list[int]) -> None:
    assert len(ports) >= 4  # the scheduler, the nanny, the worker, and Dask's pages
    is_root = psutil.Process().username() == "root"
    assert attack(ports, as_other_user=is_root) == []


def test_no_command_line_has_the_key(ports: list[int]) -> None:
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        assert "PRIVATE KEY" not in " ".join([*process.cmdline(), *process.environ().values()])


@pytest.mark.slow
def test_others_would_be_accepted_without_keys() -> None:
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        port = int(cluster.scheduler_address.rpartition(":")[2])
        (succeeded,) = attack([port], as_other_user=False)
    assert succeeded.startswith(f"tcp://127.0.0.1:{port}: ")


SEARCH_PATH = """
import json, sys
from nntrain.cluster import connect

if __name__ == "__main__":
    with connect.open_cluster(None, 1) as connected, connected() as client:
        [path] = client.run(lambda: sys.path).values()
    print(json.dumps([*path, *sys.path]))
"""


@pytest.mark.slow
def test_modules_are_looked_for_in_no_folder_that_others_can_make(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"  # where any user can create any folder
    shared.mkdir()
    (tmp_path / "search_path.py").write_text(SEARCH_PATH)
    done = subprocess.run(
        [sys.executable, tmp_path / "search_path.py"],
        env={**os.environ, "TMPDIR": str(shared)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    paths = [Path(path) for path in json.loads(done.stdout)]
    within = {path.relative_to(shared).parts[0] for path in paths if shared in path.parents}
    assert all(name.startswith("nntrain-") for name in within), within
