"""What a sweep comes to."""

from typing import Any

from nntrain.sweep.ranking import ranking
from nntrain.sweep.trials import Trials
from nntrain.training import checkpoint


def outcome(trials: Trials) -> list[tuple[Any, ...]]:
    """All that a sweep came to: ranks, values, accuracies, and the weights to the last bit."""
    return [
        (
            one.run.folder.name,
            one.values,
            one.accuracy,
            one.epochs,
            one.state,
            checkpoint.load(one.run.last_file).parameters.tobytes(),
        )
        for one in ranking(trials)
    ]
