"""Initial weights of a new run from an old one: a warm start, as for fine-tuning.

The new run keeps a copy of them in `init.npz`, so it can be resumed without the old run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from nntrain.config import Config, dump_config
from nntrain.config.build import build_network
from nntrain.data.kaggle import count_pixels
from nntrain.errors import ConfigError, NNTrainError
from nntrain.nn import Network
from nntrain.nn.layers import Layer
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.inference import Predictor, load_models, network_of
from nntrain.training.progress import Progress
from nntrain.training.run import RunFolder


@dataclass(frozen=True)
class InitialWeights:
    """The weights that a run begins with, if they are not drawn from its seed.

    Attributes:
        network: A network with these weights.
        saved: A checkpoint with these weights, without optimiser state.
    """

    network: Network
    saved: Checkpoint

    @property
    def source(self) -> str:
        """The run and the epoch that they are from, such as "runs/old, epoch 4"."""
        return self.saved.meta.init

    def check_shapes(self, network: Network) -> None:
        """Check that a new network has layers of the same shapes.

        Raises:
            ConfigError: If it has not.
        """
        layers = zip_longest(self.network.layers, network.layers)
        for number, (old, new) in enumerate(layers, 1):
            if _shape(old) != _shape(new):
                raise ConfigError(
                    f"{self.source}: layer {number} {_shape(old)}, but {_shape(new)} in the new "
                    "network; --init needs a run whose layers have the same shapes"
                )


def _shape(layer: Layer | None) -> str:
    return "does not exist" if layer is None else f"has weights of shape {layer.weights.shape}"


def weights_of_run(folder: Path, members: int) -> list[InitialWeights]:
    """The weights that a run predicts with, as those that each of a number of networks begins with.

    Those of a committee are for a committee of the same size, member by member; those of a single
    run are for all members.

    Args:
        folder: The folder of the run or of the committee.
        members: Number of networks.

    Raises:
        RunError: If it is not the folder of a run, or has not finished an epoch.
        ConfigError: If it is a committee of another size.
        CheckpointError: If a checkpoint is damaged or invalid.
    """
    run = RunFolder.open(folder)
    olds = run.members()
    if len(olds) not in (1, members):
        what = "a single network" if members == 1 else f"a committee of {members}"
        raise ConfigError(
            f"{run}: a committee of {len(olds)} networks cannot be the beginning of {what}; "
            f"name one of them, such as {olds[0]}"
        )
    weights = [_of(model) for model in load_models([run])]
    return weights if len(weights) == members else weights * members


def _of(model: Predictor) -> InitialWeights:
    # Of a moving average, if there is one: so in this checkpoint, it is the parameters.
    training = model.config.training.model_copy(update={"average": None})
    meta = {
        "config": dump_config(model.config.model_copy(update={"training": training})),
        "init": f"{model.run}, epoch {model.epoch}",
    }
    saved = Checkpoint(
        meta=model.meta.model_copy(update=meta),
        parameters=model.network.parameters,
        optimizer_state={},
        progress=Progress(),
    )
    return InitialWeights(model.network, saved)


def check_initial_weights(weights: Sequence[InitialWeights], config: Config, inputs: int) -> None:
    """Check that new networks have layers of the same shapes as those whose weights they get.

    Args:
        weights: The initial weights of each network; none if they are drawn from the seed.
        config: The configuration of the new networks.
        inputs: Their n_0.

    Raises:
        ConfigError: If a layer is of another shape.
    """
    for init in weights:
        init.check_shapes(build_network(config, inputs))


def can_begin_with(run: RunFolder, config: Config, inputs: int | None = None) -> bool:
    """Whether new networks can begin with the weights of this run.

    Args:
        run: The old run or committee.
        config: The configuration of the new networks.
        inputs: Their n_0; None: the number of pixels in the training CSV.
    """
    try:
        if inputs is None:
            inputs = count_pixels(config.data.training_files[0], config.data.label_column)
        config = config.with_classes_of(run.config())
        check_initial_weights(weights_of_run(run.folder, config.networks), config, inputs)
    except NNTrainError:
        return False
    return True


def read_initial_weights(run: RunFolder) -> InitialWeights | None:
    """The initial weights that a run keeps; None if they are drawn from its seed.

    Raises:
        CheckpointError: If the file is damaged or invalid.
    """
    if not run.init_file.exists():
        return None
    saved = checkpoint.load(run.init_file)
    _, network = network_of(saved, run.init_file)
    return InitialWeights(network, saved)


def keep_initial_weights(weights: Sequence[InitialWeights], config: Config, run: RunFolder) -> None:
    """Save the initial weights of a new run, or of each member of a new committee, in its folder.

    Args:
        weights: Those of each network; none if they are drawn from the seed.
        config: The configuration of the run.
        run: The new run.

    Raises:
        NNTrainError: If a file cannot be written.
    """
    for member, init in zip(run.members_of(config) if weights else [], weights, strict=True):
        _make(member, init)


def keep_for_more_members(run: RunFolder, config: Config) -> None:
    """Save the initial weights of the members that a committee gets on a resume.

    Args:
        run: A committee.
        config: Its configuration from now on.

    Raises:
        ConfigError: If its members began with different weights.
        CheckpointError, NNTrainError: If a file is damaged, or cannot be written.
    """
    members = run.members()
    added = run.members_of(config)[len(members) :]
    weights = [read_initial_weights(member) for member in (members[:2] if added else [])]
    if not weights or weights[0] is None:
        return
    if weights[-1] is None or weights[-1].source != weights[0].source:
        raise ConfigError(
            f"{run}: members cannot grow: each of its {len(members)} members began with the "
            f"weights of another network; resume it with members: {len(members)}"
        )
    for member in added:
        _make(member, weights[0])


def _make(member: RunFolder, init: InitialWeights) -> None:
    member.folder.mkdir(exist_ok=True)
    checkpoint.save(member.init_file, init.saved)
