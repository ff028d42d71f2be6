"""What can go wrong, and the exit status it ends with.

An error's text is one line for the person at the terminal: the place, the fault and the mend.
"""

from collections.abc import Collection


class NNTrainError(Exception):
    """The work could not be done; the text says where, what and how to mend it."""

    exit_status = 1

    def __str__(self) -> str:
        """The text; what a file has put into it cannot command the terminal."""
        return "".join(
            character
            if character.isprintable() or character == "\n"
            else character.encode("unicode_escape").decode()
            for character in super().__str__()
        )


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


def status_after(signal: int) -> int:
    """The exit status of what a signal has ended, as shells have it: 130 after Ctrl-C."""
    return 128 + signal


def did_you_mean(word: str, choices: Collection[str], otherwise: str) -> str:
    """The mend for a word that is none of the choices: the nearest of them, if one is near."""
    import difflib  # here, so that the command line has nothing to import before Ctrl-C is caught

    near = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise
