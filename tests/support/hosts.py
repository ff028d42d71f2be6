"""Hosts for a scheduler and its workers: network namespaces if allowed, else this machine.

A process in a namespace of its own cannot use this machine's network, so tests show what happens
between machines.
"""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PORT = 8786
_numbers = itertools.count()


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Hosts:
    """Hosts on one network; the first has the address `first`."""

    def __init__(self) -> None:
        self._name = f"nntrain-{os.getpid()}-{next(_numbers)}"
        self._spaces: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []
        self.folders: list[Path] = []
        self.apart = shutil.which("ip") is not None and self._bridge()
        if self.apart:
            self.first, self.port = "10.77.0.1", PORT
        else:
            self.first, self.port = "127.0.0.1", 20_000 + os.getpid() % 20_000

    @property
    def address(self) -> str:
        """The scheduler's address."""
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
        """Add a host, and return the name of its network namespace; its number ends its address."""
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
        temporary: Path | None = None,
    ) -> "subprocess.Popen[str]":
        """Start a Python module on a host (default: the first) with captured output."""
        space = on if on is not None else (self._spaces[0] if self.apart else "")
        inside = ("ip", "netns", "exec", space) if space else ()
        known = os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [*inside, sys.executable, "-m", *arguments],
            cwd=cwd,
            env={
                **os.environ,
                "PYTHONPATH": known,
                **({"TMPDIR": str(temporary)} if temporary else {}),
            },
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

    def worker(self, path: str = "") -> "subprocess.Popen[str]":
        """Start a worker on a host of its own, which trains in the last of `folders`."""
        # In memory if possible: tests need not wait for disks.
        memory = Path("/dev/shm")
        folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.folders.append(folder)
        return self.start(
            *("dask", "worker", self.address, "--nworkers", "1", "--nthreads", "1"),
            *("--no-dashboard", "--no-nanny", "--local-directory", str(folder)),
            on=self.new(),
            path=path,
            temporary=folder,
        )

    def close(self) -> None:
        """Stop all processes and remove the network."""
        for process in self.processes:
            process.kill()
            process.communicate()
        for space in self._spaces:
            _run("ip", "netns", "del", space)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def read_until(process: "subprocess.Popen[str]", expected: str, timeout: float = 60) -> str:
    """The output of a process up to the line that contains a text."""
    assert process.stdout is not None
    end, text = time.monotonic() + timeout, ""
    for line in process.stdout:
        text += line
        if expected in line:
            return text
        if time.monotonic() > end:
            break
    raise AssertionError(f"never printed {expected!r}:\n{text}")
