"""Training a run, or all members of a committee at the same time, on a cluster's workers."""

from collections.abc import Callable

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.segment import contents, history_of, keep
from nntrain.config import Config, dump_config
from nntrain.errors import NNTrainError
from nntrain.training.committee import member_config
from nntrain.training.progress import is_finished
from nntrain.training.run import RunFolder


def train_remotely(
    config: Config,
    run: RunFolder,
    dispatcher: Dispatcher,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Let a dispatcher train a run, or what is missing of a committee, into the run's folder.

    Args:
        config: Complete; as the run was begun with, apart from what may grow.
        run: Its folder exists.
        dispatcher: Trains it.
        interrupted: Asked again and again; true ends it, to be gone on with.

    Raises:
        CheckpointError: None of a begun member's checkpoints can be trusted.
        NNTrainError: A member failed, which is said when the others are finished.
    """
    members = {member.folder.name: member for member in run.members()}
    configs = {
        name: member_config(config, number) if config.members > 1 else config
        for number, name in enumerate(members, 1)
    }

    def go_on(name: str) -> None:
        plan = configs[name].training
        if not is_finished(history_of(members[name]), plan.epochs, plan.patience):
            dispatcher.start(name, dump_config(configs[name]), contents(members[name]), None)

    for name, member in members.items():
        member.prepare(configs[name])
        go_on(name)
    faults = []
    while dispatcher.busy and not interrupted():
        for name, gone in dispatcher.wait():
            if gone.fault is not None:
                faults.append(f"{members[name]}: {gone.fault}")
                continue
            keep(members[name], gone.files)
            go_on(name)
    if faults:
        raise NNTrainError(*faults)
