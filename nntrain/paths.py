"""Paths as people write them: with ~ or $NAME, or as URLs."""

import os
import re
from pathlib import Path

_VARIABLE = re.compile(r"\$[A-Za-z_]\w*|\$\{[^}]*\}" + (r"|%\w+%" if os.name == "nt" else ""))

_URL = re.compile(r"[a-z][a-z0-9+.-]+://|www\.", re.IGNORECASE)
_COMPETITION = re.compile(r"kaggle\.com/(?:c|competitions)/([\w-]+)|^kaggle://(?:.*/)?([\w-]+)$")
_KAGGLE_DATASET = re.compile(r"kaggle\.com/datasets/([\w-]+/[\w-]+)|^kaggle://datasets/(\S+)$")
# Not EMNIST, Fashion-MNIST and others, which have other pictures.
_MNIST = re.compile(r"(?<![a-z])(?<!fashion[-_])mnist(?![a-z0-9])|yann\.lecun", re.IGNORECASE)
_DOWNLOADERS = {"s3": "aws s3 cp {} .", "gs": "gcloud storage cp {} ."}


def exists(path: str | Path) -> bool:
    """Whether there is something of this name; also if it may not be looked at."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def expand(path: str) -> str:
    """Replace ~, ~user and $NAME (on Windows also %NAME%), unless a file has the literal name."""
    if exists(path):
        return path
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111  Path raises without a home


def unknown_part(path: str) -> str | None:
    """Say which variable or user of an expanded path is unknown; None if there is none."""
    if variable := _VARIABLE.search(path):
        return f"{variable[0]} is not set"
    user, slash, _ = path.partition("/")
    return f"{user} is no user's folder" if slash and user.startswith("~") else None


def url_problem(path: str) -> str | None:
    """Say how to fetch the file of a URL, which nntrain does not do; None for a path."""
    if not _URL.match(path) or exists(path):
        return None
    scheme, _, address = path.partition("://")
    if scheme.lower() == "file":
        return f"a URL; write the path: {address.removeprefix('localhost')}"
    return f"a URL, but nntrain reads files; fetch it first: {_download_command(path, scheme)}"


def _download_command(url: str, scheme: str) -> str:
    dataset, competition = _KAGGLE_DATASET.search(url), _COMPETITION.search(url)
    if competition and not dataset:
        return f"kaggle competitions download -c {competition[1] or competition[2]}"
    if _MNIST.search(url):
        return "nntrain data mnist"
    if dataset:
        return f"kaggle datasets download -d {dataset[1] or dataset[2]}"
    quoted = "'" + url.replace("'", r"'\''") + "'"
    return _DOWNLOADERS.get(scheme.lower(), "curl -LO {}").format(quoted)
