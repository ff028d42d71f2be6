"""Loads a Config from YAML, and writes it back as YAML."""

import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter, SafeRepresenter

from nntrain.config.error_messages import issue_of, model_at
from nntrain.config.finder import FileFinder
from nntrain.config.issues import (
    KeyPath,
    Location,
    SourceMap,
    config_error,
    format_value,
    override_text,
    report,
)
from nntrain.config.schema import Config
from nntrain.config.source import override_value, read_yaml
from nntrain.errors import ConfigError, did_you_mean, printable


def load_config(
    path: str | Path, overrides: Sequence[str] = (), finder: FileFinder | None = None
) -> Config:
    """Read a configuration file.

    Args:
        path: A YAML 1.2 file in UTF-8.
        overrides: Assignments that win over the file, their values in YAML:
            `training.epochs=3`, `network[0].dense=30`, `training.optimizer={name: adam}`.
        finder: Finds the CSVs; None leaves their paths as they are written.

    Raises:
        ConfigError: If the file cannot be read or is not a valid configuration; one line for
            each issue, in the order of the file.
        DataError: See `FileFinder.find_csvs`.
    """
    return parse_config(read_text(path), str(path), overrides, finder)


STARTER = "'nntrain config init' writes a starter"


def read_text(path: str | Path, starter: str = STARTER) -> str:
    """Read the text of a YAML file; `starter` is the hint if there is no such file.

    Raises:
        ConfigError: If the file cannot be read, or is not UTF-8.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        siblings = [sibling.name for sibling in path.parent.glob("*.y*ml")]
        hint = did_you_mean(path.name, siblings, starter)
        raise ConfigError(f"{path}: no such file; {hint}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: a directory; name a YAML file in it") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name another file") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None


def parse_config(
    text: str, source: str, overrides: Sequence[str] = (), finder: FileFinder | None = None
) -> Config:
    """Read a configuration from YAML 1.2.

    Args:
        text: The YAML.
        source: The path of its file, or what error messages name it by.
        overrides: See `load_config`.
        finder: See `load_config`.

    Raises:
        ConfigError: If the text is not a valid configuration; one line for each issue.
        DataError: See `FileFinder.find_csvs`.
    """
    config, source_map = parse(text, source, Config, model_at, overrides)
    return finder.find_csvs(config, source_map, Path(source)) if finder else config


ParsedModel = TypeVar("ParsedModel", bound=BaseModel)


def parse(
    text: str,
    source: str,
    model: type[ParsedModel],
    model_at: Callable[[KeyPath], type[BaseModel]],
    overrides: Sequence[str] = (),
    starter: str = STARTER,
) -> tuple[ParsedModel, SourceMap]:
    """Read YAML into any model; also returns the locations of its keys and items.

    `model_at` returns the model that a key path leads to; `starter` is the hint for an empty text.

    Raises:
        ConfigError: If the text does not describe a valid model; one line for each issue.
    """
    values, source_map = read_yaml(text, lambda line: Location((0, line), f"{source}:{line}"))
    if values is None:
        raise ConfigError(f"{source}: empty; {starter}")
    return _validated(values, source_map, model, model_at, overrides), source_map


def make_config(
    values: object, source: str, overrides: Sequence[str] = (), finder: FileFinder | None = None
) -> Config:
    """Make a configuration from a mapping, which may hold NumPy numbers and paths.

    Args:
        values: The mapping.
        source: What error messages name it by.
        overrides: See `load_config`.
        finder: See `load_config`.

    Raises:
        ConfigError: If the values are not a valid configuration; one line for each issue.
        DataError: See `FileFinder.find_csvs`.
    """
    source_map: SourceMap = {(): Location((0, 0), source)}
    config = _validated(_plain(values), source_map, Config, model_at, overrides)
    return finder.find_csvs(config, source_map, None) if finder else config


def _validated(
    values: Any,
    source_map: SourceMap,
    model: type[ParsedModel],
    model_at: Callable[[KeyPath], type[BaseModel]],
    overrides: Sequence[str],
) -> ParsedModel:
    if not isinstance(values, dict):
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        keys = " and ".join(map(repr, required[:2]))
        message = f"must be a mapping of keys such as {keys}, not {format_value(values)}"
        raise config_error(source_map[()], (), message)
    for number, override in enumerate(overrides):
        location = Location((1, number), override_text(override))
        values = override_value(values, source_map, override, location)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        issues = [
            issue_of(details, source_map, model_at, values)
            for details in error.errors(include_url=False)
            # Pydantic counts only the valid items of a list; the others have issues of their own.
            if not (details["type"] == "too_short" and details["input"])
        ]
        raise ConfigError(*report(issues)) from None


def _plain(value: Any) -> Any:
    """Convert a value to the types that `read_yaml` returns."""
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        value = value.tolist()
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return tuple(map(_plain, value))
        case os.PathLike():
            return os.fspath(value)
    return value


def with_overrides(text: str, source: str, overrides: Sequence[str]) -> str:
    """The YAML of a configuration with other values for some keys, and without further defaults.

    Arguments and errors as in `parse_config`.
    """
    parse_config(text, source, overrides)  # for its errors
    values, source_map = read_yaml(text, lambda line: Location((0, line), f"{source}:{line}"))
    for number, override in enumerate(overrides):
        location = Location((1, number), override_text(override))
        values = override_value(values, source_map, override, location)
    return _dumped(json.loads(json.dumps(values)), allow_unicode=False)


def dump_config(config: Config) -> str:
    """Write the complete configuration as YAML, with all defaults; `parse_config` reads it back.

    Control characters in names are escaped, so that the text is safe to print.
    """
    return _dumped_json(config.model_dump_json())


@lru_cache(maxsize=32)
def _dumped_json(config: str) -> str:
    """The YAML of a configuration's JSON; cached, since it takes some 15 ms."""
    values = json.loads(config)
    for key in ("classes", "pixel_range", "input_range"):
        if isinstance(values["data"][key], list):
            values["data"][key] = _flow(values["data"][key])
    values["network"] = [_flow(layer) for layer in values["network"]]
    for key in ("optimizer", "schedule"):
        values["training"][key] = _flow(values["training"][key])
    text = _dumped(values, allow_unicode=True)
    return text if text == printable(text, keep="\n") else _dumped(values, allow_unicode=False)


def _dumped(values: dict[str, Any], allow_unicode: bool) -> str:
    yaml = YAML()
    yaml.allow_unicode = allow_unicode
    yaml.Representer = _Representer
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = sys.maxsize  # a layer stays on its line
    stream = io.StringIO()
    yaml.dump(values, stream)
    return stream.getvalue()


def starter_text() -> str:
    """Commented configuration to start from."""
    return resources.files(__package__).joinpath("starter.yaml").read_text("utf-8")


class _Representer(RoundTripRepresenter):
    """Writes None as `null`; ruamel would write nothing."""


_Representer.add_representer(type(None), SafeRepresenter.represent_none)


def _flow(values: Any) -> CommentedMap | CommentedSeq:
    collection = CommentedMap(values) if isinstance(values, dict) else CommentedSeq(values)
    collection.fa.set_flow_style()
    return collection
