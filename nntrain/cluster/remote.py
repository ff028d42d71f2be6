"""Training of a run, or of all members of a committee in parallel, on a cluster's workers."""

from collections.abc import Callable

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.segment import read_files, read_history, write_files
from nntrain.config import Config, dump_config
from nntrain.errors import NNTrainError
from nntrain.training.committee import member_config
from nntrain.training.progress import Progress, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from nntrain.training.teacher import keep_teacher, teacher_of_members


def train_remotely(
    config: Config,
    run: RunFolder,
    dispatcher: Dispatcher,
    reporter: Reporter,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Train a run, or the unfinished members of a committee, into its existing folder.

    Each segment begins the run again for the reporter; of its callbacks only `on_run_begin` is
    called. `interrupted` is polled about once a second; true ends the training, which can be
    resumed.

    Raises:
        CheckpointError: If none of a member's checkpoints is valid.
        NNTrainError: If members failed; raised when the others are finished.
    """
    members = {member.folder.name: member for member in run.members()}
    configs = {
        name: member_config(config, number) if config.networks > 1 else config
        for number, name in enumerate(members, 1)
    }

    def start_segment(name: str) -> None:
        training, history = configs[name].training, read_history(members[name])
        reporter.on_run_begin(members[name], Progress(history))
        if not is_finished(history, training.epochs, training.patience):
            dispatcher.start(name, dump_config(configs[name]), read_files(members[name]), None)

    teacher = teacher_of_members(run.members(), config)
    for name, member in members.items():
        member.prepare(configs[name])
        keep_teacher(member, teacher)  # sent with the other files
        start_segment(name)
    errors = []
    while dispatcher.busy and not interrupted():
        for name, result in dispatcher.wait():
            if result.error is not None:
                errors.append(f"{members[name]}: {result.error}")
                continue
            write_files(members[name], result.files)
            start_segment(name)
    if errors:
        raise NNTrainError(*errors)
