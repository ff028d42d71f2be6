"""Deferred signals."""

import signal

from nntrain.training.signals import defer_signals


def test_contexts_within_one_another_share_a_signal_and_put_the_handlers_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with defer_signals() as outer:
        with defer_signals() as inner:
            signal.raise_signal(signal.SIGTERM)
        assert inner.signal == outer.signal == signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
