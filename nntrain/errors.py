"""The exceptions of nntrain, with their exit status.

An error message is one line: `location: problem; hint`.
"""

import errno
from collections.abc import Collection

# Hints for errors of the operating system.
OS_HINTS = {
    errno.EMFILE: "raise the number of open files that 'ulimit -n' shows",
    errno.ENFILE: "close other programs: the system has too many open files",
    errno.ENOSPC: "free some space or name another place",
    errno.EDQUOT: "free some space or name another place",
    errno.ENOMEM: "close other programs, or try a smaller network or training.batch_size",
    errno.EAGAIN: "close other programs, or raise the number of processes that 'ulimit -u' shows",
}


class NNTrainError(Exception):
    """Base class of all errors that are reported without a traceback.

    Args:
        lines: The message; several lines for several problems.
    """

    exit_status = 1

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)

    def __str__(self) -> str:
        """The message, without control characters from file names or file contents."""
        return "\n".join(printable(line) for line in self.args)

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows instead of a traceback; it calls a method of this name."""
        return f"{type(self).__name__}: {self}".split("\n")


class OutputError(NNTrainError):
    """Standard output cannot be written."""


class ConfigError(NNTrainError):
    """The configuration or the command line is invalid."""

    exit_status = 2


class DataError(NNTrainError):
    """A CSV or its rows are invalid."""


class ChangedError(NNTrainError):
    """A run cannot be resumed with what has changed; a new run can be begun."""

    def with_hint(self, hint: str) -> "ChangedError":
        """The same error with a further hint."""
        return type(self)(f"{self}; {hint}")


class ChangedConfigError(ChangedError, ConfigError):
    """A run was started with another configuration."""


class ChangedRowsError(ChangedError, DataError):
    """A run was trained on other rows."""


class RunError(NNTrainError):
    """A run's folder is missing, unfinished, locked or exists already."""


class CheckpointError(NNTrainError):
    """A checkpoint is missing, damaged or invalid."""


class DivergenceError(NNTrainError):
    """The loss or the weights are no longer finite."""


class MissingLibraryError(NNTrainError):
    """A library of an optional extra is not installed.

    Args:
        need: The beginning of the message, such as "reports need matplotlib".
        extra: The name of the extra.
    """

    def __init__(self, need: str, extra: str) -> None:
        super().__init__(f'{need}, which is not installed; pip install "nntrain[{extra}]"')


def printable(text: str, *, keep: str = "") -> str:
    """Escape the characters of a text that could control a terminal.

    File names, cells of CSVs and messages of other code may contain escape sequences, carriage
    returns or characters that change the writing direction.

    Args:
        text: Any text.
        keep: Unprintable characters that are not escaped.
    """
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def status_after(signal: int) -> int:
    """The exit status after a signal, as in shells: 130 after Ctrl-C."""
    return 128 + signal


def did_you_mean(word: str, choices: Collection[str], otherwise: str) -> str:
    """A hint for an unknown word: the most similar choice, if one is similar, else `otherwise`."""
    import difflib  # deferred, so that Ctrl-C is caught before slow imports

    near = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise
