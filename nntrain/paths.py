"""Paths as people write them: with ~ or $NAME, or as URLs."""

import os
import re
from pathlib import Path

_VARIABLE = re.compile(r"\$[A-Za-z_]\w*|\$\{[^}]*\}" + (r"|%\w+%" if os.name == "nt" else ""))

_URL = re.compile(r"[a-z][a-z0-9+.-]+://|www\.[^/]+/", re.IGNORECASE)
_KAGGLE_DATASET = re.compile(
    r"kaggle\.com/datasets/([\w-]+/[\w-]+)"
    r"|^kaggle://(?:datasets/)?((?!c/|competitions/)[\w-]+/[\w-]+)"
)
_COMPETITION = re.compile(
    r"kaggle\.com/(?:c|competitions)/([\w-]+)|^kaggle://(?:c/|competitions/)?([\w-]+)"
)
# Not Fashion-MNIST, EMNIST, sign-language-mnist and others, which have other pictures.
_MNIST = re.compile(r"[/=]mnist(?![a-z0-9])|yann\.lecun", re.IGNORECASE)
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
    command = _download_command(path, scheme.lower(), address or path)
    return f"a URL, but nntrain reads files; fetch it first: {command}"


def _download_command(url: str, scheme: str, address: str) -> str:
    if dataset := _KAGGLE_DATASET.search(url):
        if not _MNIST.search(url):
            return f"kaggle datasets download -d {dataset[1] or dataset[2]}"
    elif competition := _COMPETITION.search(url):
        return f"kaggle competitions download -c {competition[1] or competition[2]}"
    if _MNIST.search(url):
        return "nntrain data mnist"
    _, slash, name = re.sub(r"[?#].*", "", address).rpartition("/")
    curl = "curl -LO {}" if slash and name else "curl -Lo train.csv {}"
    quoted = "'" + url.replace("'", r"'\''") + "'"
    return _DOWNLOADERS.get(scheme, curl).format(quoted)
