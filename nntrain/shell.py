"""Command lines that messages show, quoted as the shell needs."""

import os
import shlex
from pathlib import Path


def command_line(*words: str | Path) -> str:
    """A command that can be pasted into a shell as it is printed.

    Args:
        words: The command and its arguments. A path that begins with a dash gets `./` before it, so
            that it is not taken for an option.
    """
    arguments = [_argument(word) for word in words]
    if os.name == "nt":
        import subprocess  # deferred, as imports of the command line have to be quick

        return subprocess.list2cmdline(arguments)
    return " ".join(map(_quote, arguments))


def _argument(word: str | Path) -> str:
    text = str(word)
    return f"./{text}" if isinstance(word, Path) and text.startswith("-") else text


def _quote(word: str) -> str:
    """Quote a word; one with characters that could control the terminal as octal bytes in `$''`."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_octal, os.fsencode(word))) + "'"


def _octal(byte: int) -> str:
    kept = 0x20 <= byte < 0x7F and byte not in b"'\\"
    return chr(byte) if kept else f"\\{byte:03o}"
