"""From a YAML file to a Config and back; every complaint names its line."""

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter, SafeRepresenter

from nntrain.config.error_messages import issue_of, model_at
from nntrain.config.issues import KeyPath, Location, SourceMap, config_error, report, show
from nntrain.config.schema import Config
from nntrain.config.source import override_value, read_yaml
from nntrain.errors import ConfigError, did_you_mean, printable


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a configuration file.

    Args:
        path: A YAML 1.2 file in UTF-8.
        overrides: Assignments that win over the file, their values in YAML:
            `training.epochs=3`, `network[0].dense=30`, `training.optimizer={name: adam}`.

    Raises:
        ConfigError: The file cannot be read or asks for something that cannot be; one line for
            each fault, in the order of the file.
    """
    return parse_config(read_text(path), str(path), overrides)


STARTER = "'nntrain config init' writes a starter"


def read_text(path: str | Path, starter: str = STARTER) -> str:
    """The text of a YAML file.

    Args:
        path: The file.
        starter: Where to begin, for who has no such file.

    Raises:
        ConfigError: It cannot be read, or is no text in UTF-8.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        siblings = [sibling.name for sibling in path.parent.glob("*.y*ml")]
        mend = did_you_mean(path.name, siblings, starter)
        raise ConfigError(f"{path}: no such file; {mend}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: a directory; name a YAML file in it") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name another file") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None


def parse_config(text: str, source: str, overrides: Sequence[str] = ()) -> Config:
    """Read a configuration from text.

    Args:
        text: YAML 1.2.
        source: What complaints call the text, as a rule its file.
        overrides: As for `load_config`.

    Raises:
        ConfigError: As for `load_config`.
    """
    return parse(text, source, Config, model_at, overrides)[0]


ParsedModel = TypeVar("ParsedModel", bound=BaseModel)


def parse(
    text: str,
    source: str,
    model: type[ParsedModel],
    model_at: Callable[[KeyPath], type[BaseModel]],
    overrides: Sequence[str] = (),
    starter: str = STARTER,
) -> tuple[ParsedModel, SourceMap]:
    """Read YAML into any model; also where its keys and items stand.

    Args:
        text: YAML 1.2.
        source: What complaints call the text.
        model: What the text should describe.
        model_at: The model of which a key path is a part.
        overrides: As for `load_config`.
        starter: As for `read_text`.

    Raises:
        ConfigError: As for `load_config`.
    """
    values, places = read_yaml(text, lambda line: Location((0, line), f"{source}:{line}"))
    if values is None:
        raise ConfigError(f"{source}: empty; {starter}")
    return _validated(values, places, model, model_at, overrides), places


def make_config(values: object, source: str, overrides: Sequence[str] = ()) -> Config:
    """Make a configuration of Python's values instead of YAML.

    Args:
        values: A mapping with the keys that a file has; NumPy's numbers and paths are welcome.
        source: What complaints call the values.
        overrides: As for `load_config`.

    Raises:
        ConfigError: As for `load_config`.
    """
    places: SourceMap = {(): Location((0, 0), source)}
    return _validated(_plain(values), places, Config, model_at, overrides)


def _validated(
    values: Any,
    places: SourceMap,
    model: type[ParsedModel],
    model_at: Callable[[KeyPath], type[BaseModel]],
    overrides: Sequence[str],
) -> ParsedModel:
    if not isinstance(values, dict):
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        keys = " and ".join(map(repr, required[:2]))
        sentence = f"must be a mapping of keys such as {keys}, not {show(values)}"
        raise config_error(places[()], (), sentence)
    for number, override in enumerate(overrides):
        place = Location((1, number), f"--set {' '.join(override.split())}")
        values = override_value(values, places, override, place)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [
            issue_of(details, places, model_at)
            for details in error.errors(include_url=False)
            # Pydantic counts only the valid items of a list; the others have faults of their own.
            if not (details["type"] == "too_short" and details["input"])
        ]
        raise ConfigError(*report(faults)) from None


def _plain(value: Any) -> Any:
    """A value as `read_yaml` would give it."""
    if hasattr(value, "tolist"):  # NumPy's
        value = value.tolist()
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return tuple(map(_plain, value))
        case os.PathLike():
            return os.fspath(value)
    return value


def dump_config(config: Config) -> str:
    """The complete configuration as YAML, every default filled in; `parse_config` reads it back.

    All of it can be printed: where a name holds what could command a terminal, it is escaped.
    """
    values = config.model_dump(mode="json")
    values["data"]["input_range"] = _flow(values["data"]["input_range"])
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
    """A commented configuration to start from."""
    return resources.files(__package__).joinpath("starter.yaml").read_text("utf-8")


class _Representer(RoundTripRepresenter):
    """Writes `null`, where ruamel's own would write nothing."""


_Representer.add_representer(type(None), SafeRepresenter.represent_none)


def _flow(values: Any) -> CommentedMap | CommentedSeq:
    collection = CommentedMap(values) if isinstance(values, dict) else CommentedSeq(values)
    collection.fa.set_flow_style()
    return collection
