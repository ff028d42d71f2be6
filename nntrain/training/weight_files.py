"""Weights as named arrays: those of a network, and of `.npz` and `.safetensors` files.

W_i and b_i are the weights and biases of layer i, which counts from 1. In a file, those of the
members of a committee are member1.W_1, member1.b_1, …
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import CheckpointError, MissingLibraryError, printable
from nntrain.nn import Network
from nntrain.nn.arrays import Array

ENDINGS = (".npz", ".safetensors")
_NAME = re.compile(r"(?:member([1-9]\d{0,3})\.)?([Wb]_[1-9]\d{0,3})")
_MOST_NAMES = 4  # in an error message


def named_arrays(network: Network) -> dict[str, Array]:
    """W_1, b_1, W_2 … of a network by name; layers without weights have none."""
    return {
        f"{letter}_{number}": array
        for number, layer in enumerate(network.layers, 1)
        for letter, array in (("W", layer.weights), ("b", layer.biases))
        if array.size
    }


def is_weight_file(path: Path) -> bool:
    """Whether a path names such a file, not a folder."""
    return path.suffix in ENDINGS and not path.is_dir()


def read_weights(path: Path) -> list[dict[str, NDArray[Any]]]:
    """The arrays W_i and b_i of a file, for one network or for each member of a committee.

    Nothing is unpickled, and arrays of other names are not read.

    Raises:
        CheckpointError: If the file is missing or invalid, or has no such arrays.
        MissingLibraryError: If it needs safetensors, which is not installed.
    """
    if not path.is_file():  # reading a pipe could block forever
        raise CheckpointError(f"{printable(str(path))}: no such file; name a run or its weights")
    read = _read_npz if path.suffix == ".npz" else _read_safetensors()
    try:
        names, arrays = read(path)
    except Exception as error:  # NumPy's reader raises any, for example of Python's parser
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise CheckpointError(
            f"{path}: cannot be read as weights: {reason}; write it again"
        ) from error
    _check_names(path, names)
    members: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise CheckpointError(f"{path}: {name} is of {array.dtype}; write numbers")
        member, own = _groups(name)
        members.setdefault(member, {})[own] = array
    if list(members) != [0] and sorted(members) != list(range(1, len(members) + 1)):
        raise CheckpointError(
            f"{path}: its members are not numbered from 1 on; name each array W_i or b_i, or of "
            "all members memberK.W_i"
        )
    return [members[number] for number in sorted(members)]


def _groups(name: str) -> tuple[int, str]:
    """The number of the member, 0 for none, and the name of its array."""
    match = _NAME.fullmatch(name)
    assert match is not None  # noqa: S101 (for the type checker)
    return int(match[1] or 0), match[2]


def _read_npz(path: Path) -> tuple[list[str], dict[str, NDArray[Any]]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        names = list(arrays)
        return names, {name: arrays[name] for name in names if _NAME.fullmatch(name)}


def _read_safetensors() -> Callable[[Path], tuple[list[str], dict[str, NDArray[Any]]]]:
    try:
        from safetensors import safe_open
    except ImportError as error:
        raise MissingLibraryError(".safetensors needs safetensors", "safetensors") from error

    def read(path: Path) -> tuple[list[str], dict[str, NDArray[Any]]]:
        with safe_open(path, "numpy") as file:
            names = list(file.keys())
            return names, {name: file.get_tensor(name) for name in names if _NAME.fullmatch(name)}

    return read


def _check_names(path: Path, names: list[str]) -> None:
    """Check that there are weights; the error says which names there are instead."""
    if any(map(_NAME.fullmatch, names)):
        return
    if {"meta", "parameters"} <= set(names):
        raise CheckpointError(f"{path}: a checkpoint; name its run instead: {path.parent}")
    shown = ", ".join(names[:_MOST_NAMES]) + ", …" * (len(names) > _MOST_NAMES)
    raise CheckpointError(
        f"{path}: has {shown or 'no arrays'} instead of W_1, b_1, …; rename them: the weights of "
        "layer i, of shape (n_i, n_{i−1}), W_i, and its biases b_i"
    )
