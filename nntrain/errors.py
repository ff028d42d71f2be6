"""What can go wrong, and the exit status it ends with.

An error's text is one line for the person at the terminal: the place, the fault and the mend.
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
    """The work could not be done; the text says where, what and how to mend it.

    Args:
        lines: One, or several for as many faults.
    """

    exit_status = 1

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)

    def __str__(self) -> str:
        """The lines; what names and files have put into them cannot command the terminal."""
        return "\n".join(printable(line) for line in self.args)


class OutputError(NNTrainError):
    """Standard output cannot be written."""


class ConfigError(NNTrainError):
    """The configuration or the command line asks for something that cannot be."""

    exit_status = 2


class DataError(NNTrainError):
    """A CSV does not hold what it should."""


class RunError(NNTrainError):
    """A run's folder is missing, unfinished or in the way."""


class CheckpointError(NNTrainError):
    """A checkpoint cannot be trusted."""


class DivergenceError(NNTrainError):
    """The loss or the weights are no longer finite numbers."""


class MissingLibraryError(NNTrainError):
    """What is asked for needs a library that only an optional extra installs.

    Args:
        need: What needs which library, as the beginning of a sentence.
        extra: The extra.
    """

    def __init__(self, need: str, extra: str) -> None:
        super().__init__(f"{need}, which is not installed; pip install 'nntrain[{extra}]'")


def printable(text: str, *, keep: str = "") -> str:
    """The text with escapes in the place of what could command a terminal.

    Names of files, cells of CSVs and messages of other people's code may hold escape sequences,
    carriage returns or marks that turn the direction of writing.

    Args:
        text: From anywhere.
        keep: Characters to leave alone although they cannot be printed.
    """
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def status_after(signal: int) -> int:
    """The exit status of what a signal has ended, as shells have it: 130 after Ctrl-C."""
    return 128 + signal


def did_you_mean(word: str, choices: Collection[str], otherwise: str) -> str:
    """The mend for a word that is none of the choices: the nearest of them, if one is near."""
    import difflib  # here, so that the command line has nothing to import before Ctrl-C is caught

    near = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise
