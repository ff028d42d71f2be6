"""Initial weights of a new run from an old one or from a file: a warm start, as for fine-tuning.

The new run keeps a copy of them in `init.npz`, so it can be resumed without their source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.config import Config, dump_config
from nntrain.config.build import build_network
from nntrain.data.kaggle import count_pixels
from nntrain.errors import ConfigError, NNTrainError, RunError, printable
from nntrain.nn import Network
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint, Meta
from nntrain.training.inference import load_models, network_of
from nntrain.training.progress import Progress
from nntrain.training.run import RunFolder
from nntrain.training.weight_files import ENDINGS, is_weight_file, named_arrays, read_weights


@dataclass(frozen=True)
class InitialWeights:
    """The weights that a network begins with, if they are not drawn from its seed.

    Attributes:
        source: Where they are from, such as "runs/old, epoch 4" or "weights.npz".
        arrays: W_i and b_i by name.
    """

    source: str
    arrays: Mapping[str, NDArray[Any]]

    def check_fits(self, network: Network) -> None:
        """Check that a network can have these weights.

        Raises:
            ConfigError: If it has arrays of other shapes, or the numbers are not finite in its
                precision.
        """
        own = named_arrays(network)
        for name in sorted({*own, *self.arrays}, key=_order):
            ours, new = (_shape(arrays.get(name)) for arrays in (self.arrays, own))
            if ours != new:
                hint = "--init needs weights of the same shapes"
                if name in own and _is_transposed(self.arrays.get(name), own[name]):
                    hint = "transpose it"
                raise ConfigError(
                    f"{self.source}: {name} {ours}, but {new} in the new network; {hint}"
                )
            if not np.isfinite(_as(self.arrays[name], network)).all():
                raise ConfigError(
                    f"{self.source}: {name} has numbers that are not finite in "
                    f"{network.parameters.dtype}; correct them"
                )

    def copy_to(self, network: Network) -> None:
        """Give a network that `check_fits` these weights."""
        for name, array in named_arrays(network).items():
            array[...] = _as(self.arrays[name], network)


def _order(name: str) -> tuple[int, str]:
    letter, _, number = name.partition("_")
    return int(number), letter


def _shape(array: NDArray[Any] | None) -> str:
    return "does not exist" if array is None else f"is of shape {array.shape}"


def _is_transposed(array: NDArray[Any] | None, new: NDArray[Any]) -> bool:
    return array is not None and array.ndim == 2 and array.shape[::-1] == new.shape


@np.errstate(over="ignore")
def _as(array: NDArray[Any], network: Network) -> NDArray[Any]:
    return array.astype(network.parameters.dtype)


def weights_from(source: Path, members: int) -> list[InitialWeights]:
    """The weights that each of a number of new networks begins with.

    Of a run, they are those it predicts with. Those of a committee are for a committee of the same
    size, member by member; those of a single network are for all members.

    Args:
        source: The folder of a run or of a committee; or an `.npz` or `.safetensors` file with
            arrays W_1, b_1, …
        members: Number of networks.

    Raises:
        RunError: If it is neither, or the run has not finished an epoch.
        ConfigError: If it is a committee of another size.
        CheckpointError: If a checkpoint or the file is damaged or invalid.
        MissingLibraryError: If the file needs safetensors, which is not installed.
    """
    if is_weight_file(source):
        read = read_weights(source)
        name = printable(str(source))
        _check_size(name, len(read), members, "export one of them as a file of its own")
        weights = [
            InitialWeights(f"{name}, member {number}" if len(read) > 1 else name, arrays)
            for number, arrays in enumerate(read, 1)
        ]
    elif source.is_file():
        raise RunError(
            f"{source}: neither a run's folder nor a file with weights, which ends in "
            f"{' or '.join(ENDINGS)}; name one"
        )
    else:
        run = RunFolder.open(source)
        olds = run.members()
        _check_size(str(run), len(olds), members, f"name one of them, such as {olds[0]}")
        weights = [
            InitialWeights(f"{model.run}, epoch {model.epoch}", named_arrays(model.network))
            for model in load_models([run])
        ]
    return weights if len(weights) == members else weights * members


def _check_size(source: str, size: int, members: int, hint: str) -> None:
    if size not in (1, members):
        what = "a single network" if members == 1 else f"a committee of {members}"
        raise ConfigError(
            f"{source}: a committee of {size} networks cannot be the beginning of {what}; {hint}"
        )


def check_initial_weights(weights: Sequence[InitialWeights], config: Config, inputs: int) -> None:
    """Check that new networks can have the weights that they shall begin with.

    Args:
        weights: The initial weights of each network; none if they are drawn from the seed.
        config: The configuration of the new networks.
        inputs: Their n_0.

    Raises:
        ConfigError: If they cannot.
    """
    for init in weights:
        init.check_fits(build_network(config, inputs))


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
        check_initial_weights(weights_from(run.folder, config.networks), config, inputs)
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
    return InitialWeights(saved.meta.init, named_arrays(network))


def keep_initial_weights(
    weights: Sequence[InitialWeights], config: Config, inputs: int, run: RunFolder
) -> None:
    """Save the initial weights of a new run, or of each member of a new committee, in its folder.

    Args:
        weights: Those of each network; none if they are drawn from the seed.
        config: The configuration of the new networks.
        inputs: Their n_0.
        run: The new run.

    Raises:
        NNTrainError: If a file cannot be written.
    """
    for member, init in zip(run.members_of(config) if weights else [], weights, strict=True):
        _keep(member, checkpoint_of_weights(init, config, inputs))


def checkpoint_of_weights(init: InitialWeights, config: Config, inputs: int) -> Checkpoint:
    """A checkpoint of weights only, without optimiser state and progress.

    Args:
        init: The weights.
        config: The configuration of a network that they fit.
        inputs: Its n_0.
    """
    network = build_network(config, inputs)
    init.copy_to(network)
    # Without an average, the weights that it predicts with are its parameters.
    training = config.training.model_copy(update={"average": None})
    meta = Meta(
        format=checkpoint.format_of(network),
        config=dump_config(config.model_copy(update={"training": training})),
        inputs=inputs,
        labels=list(config.class_names),
        data_digest="",
        threads=1,
        machine=checkpoint.machine(),
        init=init.source,
    )
    return Checkpoint(meta, network.parameters, {}, Progress())


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
    olds = [read_initial_weights(member) for member in (members[:2] if added else [])]
    if not olds or olds[0] is None:
        return
    if olds[-1] is None or olds[-1].source != olds[0].source:
        raise ConfigError(
            f"{run}: members cannot grow: each of its {len(members)} members began with the "
            f"weights of another network; resume it with members: {len(members)}"
        )
    saved = checkpoint.load(members[0].init_file)
    for member in added:
        _keep(member, saved)


def _keep(member: RunFolder, saved: Checkpoint) -> None:
    member.folder.mkdir(exist_ok=True)
    checkpoint.save(member.init_file, saved)
