"""The formats that networks are exported to; the ending of the file decides."""

from collections.abc import Callable, Sequence
from pathlib import Path

from nntrain.errors import ConfigError, DataError
from nntrain.export.arrays import export_npz, export_safetensors
from nntrain.export.onnx import export_onnx
from nntrain.export.script import export_script, weights_beside
from nntrain.training.inference import Predictor, check_same_classes

_EXPORTERS: dict[str, Callable[[Sequence[Predictor], Path], None]] = {
    ".npz": export_npz,
    ".safetensors": export_safetensors,
    ".onnx": export_onnx,
    ".py": export_script,
}
_CHECKPOINTS = ("best.npz", "last.npz", "init.npz")
_ENDINGS = tuple(_EXPORTERS)


def files_of(path: Path) -> list[Path]:
    """The files that an export to this path writes.

    Raises:
        ConfigError: If its ending is that of no format, or it is named like a checkpoint.
    """
    if path.suffix not in _EXPORTERS:  # so that --force replaces no CSV
        raise ConfigError(
            f"{path}: name a file that ends in {', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}"
        )
    files = [path, weights_beside(path)] if path.suffix == ".py" else [path]
    for file in files:
        if file.resolve().name.lower() in _CHECKPOINTS:
            raise ConfigError(f"{file}: checkpoints of runs have this name; name another file")
    return files


def export(models: Sequence[Predictor], path: Path) -> None:
    """Export the network of a run, or the networks of a committee.

    Args:
        models: At least one.
        path: The file to replace or create; its folder must exist.

    Raises:
        ConfigError: See `files_of`.
        DataError: If the members have different numbers of classes or pixels.
        MissingLibraryError: If the format's library is not installed.
        NNTrainError: If a file cannot be written.
    """
    files_of(path)
    check_same_classes(models)
    if len({model.network.widths[0] for model in models}) > 1:
        raise DataError("the runs were trained on pictures of different sizes; name alike ones")
    _EXPORTERS[path.suffix](models, path)
