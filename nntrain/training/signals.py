"""Ctrl-C and SIGTERM: the first signal requests a graceful stop, the second ends at once.

SIGHUP, sent when the terminal is closed, is ignored: training continues.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows


class SignalGuard:
    """Records the first signal.

    Attributes:
        signal: The first signal's number; None before it.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """Signal handler; the second signal ends the process."""
        if self.signal is not None:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.signal = number


@contextmanager
def defer_signals() -> Iterator[SignalGuard]:
    """Record the first signal instead of ending the process; handlers are restored afterwards.

    A nested context shares the outer one's guard. So a signal that arrives at the end of one
    member's training still stops the committee.
    """
    for number in SIGNALS:
        outer = getattr(signal.getsignal(number), "__self__", None)
        if isinstance(outer, SignalGuard):
            yield outer
            return
    guard = SignalGuard()
    if threading.current_thread() is not threading.main_thread():
        yield guard  # only the main thread receives signals
        return
    before = {
        number: signal.signal(number, guard.note)
        for number in SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN  # as set by `nohup` and `&`
    }
    if HANGUP is not None:
        before[HANGUP] = signal.signal(HANGUP, signal.SIG_IGN)
    try:
        yield guard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
