"""Who is not of the sweep cannot reach the cluster that it starts on this machine."""

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

# Imports first: another user may not read the libraries. Says what each door has let it do.
STRANGER = """
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
    doors = [call("tcp", port) for port in ports] + [call("tls", port, **tls) for port in ports]
    doors += [asyncio.to_thread(page, address) for address in pages]
    doors = [asyncio.wait_for(door, 3) for door in doors]  # some never answer
    return await asyncio.gather(*doors, return_exceptions=True)

print(json.dumps([door for door in asyncio.run(attempts()) if isinstance(door, str)]), flush=True)
os._exit(0)
"""


def listening() -> list[int]:
    """The ports at which this process and those that it has started listen."""
    ours = psutil.Process()
    return [
        connection.laddr.port
        for process in (ours, *ours.children(recursive=True))
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Those of a cluster that is trained on meanwhile, whatever Dask's settings say."""
    before = set(listening())
    with (
        dask.config.set({"distributed.comm.require-encryption": False}),
        connect.workers(None, 1) as connected,
        connected() as client,
    ):
        assert client.submit(len, "four").result() == 4
        yield sorted(set(listening()) - before)
        assert client.submit(len, "four").result() == 4


def knock(ports: list[int], as_other: bool) -> list[str]:
    """What a stranger is let do there."""
    told = json.dumps([ports, as_other])
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, told], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    opened: list[str] = json.loads(done.stdout)
    return opened


def test_a_stranger_is_refused_at_every_port(ports: list[int]) -> None:
    assert len(ports) >= 4  # the scheduler, the nanny, the worker, and Dask's pages
    is_root = psutil.Process().username() == "root"
    assert knock(ports, as_other=is_root) == []


def test_no_command_line_has_the_key(ports: list[int]) -> None:
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        assert "PRIVATE KEY" not in " ".join([*process.cmdline(), *process.environ().values()])


def test_a_stranger_would_be_let_in_without_keys() -> None:
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as cluster,
    ):
        port = int(cluster.scheduler_address.rpartition(":")[2])
        (opened,) = knock([port], as_other=False)
    assert opened.startswith(f"tcp://127.0.0.1:{port}: ")


LOOKING = """
import json, sys
from nntrain.cluster import connect

if __name__ == "__main__":
    with connect.workers(None, 1) as connected, connected() as client:
        [path] = client.run(lambda: sys.path).values()
    print(json.dumps([*path, *sys.path]))
"""


def test_modules_are_looked_for_in_no_folder_that_others_can_make(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"  # where anybody may make a folder of any name
    shared.mkdir()
    (tmp_path / "looking.py").write_text(LOOKING)
    done = subprocess.run(
        [sys.executable, tmp_path / "looking.py"],
        env={**os.environ, "TMPDIR": str(shared)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    places = [Path(place) for place in json.loads(done.stdout)]
    within = {place.relative_to(shared).parts[0] for place in places if shared in place.parents}
    assert all(name.startswith("nntrain-") for name in within), within
