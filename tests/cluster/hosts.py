"""Hosts for a scheduler and its workers: network namespaces where they may be made, else this one.

In a namespace of its own a process sees nothing of this machine's network, so that what a test
shows holds between machines too.
"""

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PORT = 8786
_numbers = itertools.count()


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Hosts:
    """Some hosts on one network; the first has the address `first`."""

    def __init__(self) -> None:
        self._name = f"nntrain-{os.getpid()}-{next(_numbers)}"
        self._spaces: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []
        self.apart = shutil.which("ip") is not None and self._bridge()
        if self.apart:
            self.first, self.port = "10.77.0.1", PORT
        else:
            self.first, self.port = "127.0.0.1", 20_000 + os.getpid() % 20_000

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return f"tcp://{self.first}:{self.port}"

    def _bridge(self) -> bool:
        hub = self._space()
        inside = ("ip", "netns", "exec", hub)
        return (
            hub != ""
            and _run(*inside, "ip", "link", "add", "bridge", "type", "bridge")
            and _run(*inside, "ip", "addr", "add", "10.77.0.1/24", "dev", "bridge")
            and _run(*inside, "ip", "link", "set", "bridge", "up")
        )

    def _space(self) -> str:
        name = f"{self._name}-{len(self._spaces)}"
        if not _run("ip", "netns", "add", name):
            return ""
        self._spaces.append(name)
        _run("ip", "netns", "exec", name, "ip", "link", "set", "lo", "up")
        return name

    def new(self) -> str:
        """One more host; its number is the last of its address."""
        if not self.apart:
            return ""
        hub, space = self._spaces[0], self._space()
        number = len(self._spaces)
        ours, theirs = f"n{number}-{os.getpid()}", f"m{number}-{os.getpid()}"
        inside = ("ip", "netns", "exec", space)
        for command in (
            (
                "ip",
                "link",
                "add",
                ours,
                "netns",
                hub,
                "type",
                "veth",
                "peer",
                "name",
                theirs,
                "netns",
                space,
            ),
            ("ip", "netns", "exec", hub, "ip", "link", "set", ours, "master", "bridge", "up"),
            (*inside, "ip", "addr", "add", f"10.77.0.{number}/24", "dev", theirs),
            (*inside, "ip", "link", "set", theirs, "up"),
        ):
            subprocess.run(command, check=True)
        return space

    def start(
        self,
        *arguments: str,
        on: str | None = None,
        cwd: Path | None = None,
        path: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[str]":
        """Start a Python module on a host (the first, unless named), its output kept."""
        space = on if on is not None else (self._spaces[0] if self.apart else "")
        inside = ("ip", "netns", "exec", space) if space else ()
        known = os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [*inside, sys.executable, "-m", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": known, **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def scheduler(self) -> "subprocess.Popen[str]":
        """Start a scheduler, and wait until it listens."""
        process = self.start(
            *("dask", "scheduler", "--host", self.first, "--port", str(self.port)),
            "--no-dashboard",
        )
        assert process.stdout is not None
        for line in process.stdout:
            if "Scheduler at" in line:
                break
        return process

    def worker(self, folder: Path, path: str = "") -> "subprocess.Popen[str]":
        """Start a worker on a host of its own, its temporary files in this folder."""
        folder.mkdir()
        return self.start(
            *("dask", "worker", self.address, "--nworkers", "1", "--nthreads", "1"),
            *("--no-dashboard", "--no-nanny", "--local-directory", str(folder)),
            on=self.new(),
            path=path,
            variables={"TMPDIR": str(folder)},
        )

    def close(self) -> None:
        """End all processes and take the network down."""
        for process in self.processes:
            process.kill()
            process.communicate()
        for space in self._spaces:
            _run("ip", "netns", "del", space)


def wait_for(happened: Callable[[], bool], patience: float = 60) -> None:
    """Return as soon as something has happened."""
    end = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < end, "never happened"
        time.sleep(0.01)


def said(process: "subprocess.Popen[str]", what: str, patience: float = 60) -> str:
    """All that a process writes up to the line that holds this."""
    assert process.stdout is not None
    end, text = time.monotonic() + patience, ""
    for line in process.stdout:
        text += line
        if what in line:
            return text
        if time.monotonic() > end:
            break
    raise AssertionError(f"never said {what!r}:\n{text}")
