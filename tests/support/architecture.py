"""Allowed imports between parts of the package."""

from pathlib import Path

import nntrain

PACKAGE = Path(nntrain.__file__).parent


MODULES = sorted(PACKAGE.rglob("*.py"))


# Each part may import these, and columns, errors, files, paths, randomness and version.
ALLOWED = {
    "nn": set(),
    "optim": {"nn"},
    "engine": {"nn", "optim"},
    "data": set(),
    "config": {"data", "engine", "nn", "optim"},
    "training": {"config", "data", "engine", "nn", "optim"},
    "text": set(),
    "explain": {"text", "training", "config", "data", "engine", "nn", "optim"},
    "report": {"training", "config", "data", "nn"},
    "cluster": {"training", "config", "data", "nn"},
    "sweep": {"cluster", "report", "training", "config", "data", "nn"},
    "export": {"training", "config", "data", "nn"},
    "notebook": {"explain", "report", "training", "config", "data", "nn"},
    "classifier": {"training", "config", "data", "engine", "nn"},
    "__init__.py": {"classifier", "notebook"},
    "cli": {
        "cluster",
        "export",
        "explain",
        "report",
        "sweep",
        "text",
        "training",
        "config",
        "data",
        "nn",
    },
    "__main__.py": {"cli"},
}


ROOTS = {"columns", "errors", "files", "paths", "randomness", "shell", "version"}
