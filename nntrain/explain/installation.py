"""The facts about an installation and its machine that a report of a fault needs."""

import os
import platform
import re
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from nntrain.config.memory import machine_memory
from nntrain.data.cache import Cache, default_folder
from nntrain.training.threads import cores
from nntrain.version import __version__

_TOOLS = {"dev", "fuzz", "tools"}  # extras for work on nntrain itself


class Installation(NamedTuple):
    """An installation of nntrain; what the system does not tell is None.

    Attributes:
        nntrain: The version.
        folder: Where the package is.
        python: Version and implementation.
        executable: Python's path.
        system: Operating system and architecture.
        processor: The processor's name.
        cores: Of the machine.
        threads: How many `nntrain fit` uses.
        memory: In bytes.
        blas: Libraries that multiply matrices: name, version, and kernel where it is known.
        cache: The folder of the cache of CSVs.
        cache_bytes: The sizes of the CSVs' pixels that it holds; None if it cannot be read.
        packages: Versions of the packages that nntrain needs or can use; None: not installed.
    """

    nntrain: str
    folder: str
    python: str
    executable: str
    system: str
    processor: str | None
    cores: int | None
    threads: int
    memory: int | None
    blas: list[str]
    cache: str
    cache_bytes: list[int] | None
    packages: dict[str, str | None]


def installation() -> Installation:
    """Describe the nntrain that runs."""
    cache = Cache(default_folder())
    sizes: list[int] | None = None
    with suppress(OSError):
        sizes = cache.sizes()
    return Installation(
        nntrain=__version__,
        folder=str(Path(__file__).parents[1]),
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        executable=sys.executable,
        system=f"{platform.platform()}, {platform.machine()}",
        processor=processor(),
        cores=os.cpu_count(),
        threads=cores(),
        memory=machine_memory(),
        blas=_blas(),
        cache=str(cache.folder),
        cache_bytes=sizes,
        packages={name: _version(name) for name in _requirements()},
    )


def processor() -> str | None:
    """The processor's name; None if the system does not tell it."""
    with suppress(OSError):  # only Linux has the file, and platform.processor() is empty there
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
            return found[1]
    return platform.processor() or None


def _blas() -> list[str]:
    import numpy as np  # loads its BLAS, which is then found
    from threadpoolctl import threadpool_info

    found = [
        " ".join(filter(None, (pool["internal_api"], pool["version"], pool.get("architecture"))))
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    # threadpoolctl does not know every library, such as Apple's Accelerate.
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return found or [f"{built['name']} {built['version']}"]


def _requirements() -> list[str]:
    """The names of the packages that nntrain requires, always or for an extra."""
    try:
        lines = metadata.requires("nntrain") or []
    except metadata.PackageNotFoundError:  # run from a folder without being installed
        return []
    extras = [(line, re.search(r"""extra == ['"]([^'"]+)""", line)) for line in lines]
    names = [
        re.match(r"[\w.-]+", line) for line, extra in extras if not extra or extra[1] not in _TOOLS
    ]
    return list(dict.fromkeys(name[0] for name in names if name))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
