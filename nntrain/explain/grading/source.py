"""Reads and parses the student's file, without running it."""

import ast
import sys
import warnings
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from nntrain.errors import ConfigError, did_you_mean
from nntrain.shell import command_line

ALLOWED = frozenset({"numpy", "pandas"}) | sys.stdlib_module_names


class Source(NamedTuple):
    """A Python file.

    Attributes:
        path: Its path, for messages.
        text: Its text.
        tree: Its syntax tree.
    """

    path: Path
    text: str
    tree: ast.Module

    def imported(self) -> set[str]:
        """The packages that its import statements name, also those within functions."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0] if not node.level else ".")
        return names


def read_source(path: Path) -> Source:
    """Read and parse a Python file.

    Raises:
        ConfigError: If there is no such file, or it is not Python.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        siblings = [sibling.name for sibling in path.parent.glob("*.py")]
        starter = command_line("nntrain", "grade", "--starter", path)
        hint = did_you_mean(path.name, siblings, f"begin one with: {starter}")
        raise ConfigError(f"{path}: no such file; {hint}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: a directory; name a Python file in it") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name another file") from None
    if path.suffix == ".ipynb":
        raise ConfigError(f"{path}: a notebook; save its functions as a Python file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    if "\0" in text:  # for which Python versions have different messages
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ConfigError(f"{path}:{line}: not Python: a null byte; correct that line")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of invalid escapes
            tree = ast.parse(text)
    except SyntaxError as error:
        raise ConfigError(
            f"{path}:{error.lineno or 1}: not Python: {error.msg}; correct that line"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"{path}: not Python: {error or 'nested too deeply'}") from None
    return Source(path, text, tree)


def starter_text() -> str:
    """A template: the four functions with their docstrings, not written yet."""
    return resources.files(__package__).joinpath("starter.py.txt").read_text("utf-8")
