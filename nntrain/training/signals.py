"""Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

A terminal that is closed (SIGHUP) ends nothing: the training goes on without it.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows


class SignalGuard:
    """Whether an orderly end was asked for.

    Attributes:
        signal: The first signal's number; None while there was none.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """A signal's handler: the second one ends the process."""
        if self.signal is not None:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.signal = number


@contextmanager
def defer_signals() -> Iterator[SignalGuard]:
    """Within this context the first signal is only noted; handlers are put back afterwards.

    A context within another shares what that one has noted, so that a signal that came too late for
    one training still ends the row of trainings it belongs to.
    """
    for number in SIGNALS:
        outer = getattr(signal.getsignal(number), "__self__", None)
        if isinstance(outer, SignalGuard):
            yield outer
            return
    interruption = SignalGuard()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # only the main thread is told of signals
        return
    before = {
        number: signal.signal(number, interruption.note)
        for number in SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN  # as `nohup` and `&` arrange it
    }
    if HANGUP is not None:
        before[HANGUP] = signal.signal(HANGUP, signal.SIG_IGN)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
