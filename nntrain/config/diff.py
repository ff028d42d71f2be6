"""Differences between configurations."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nntrain.config.schema import INITIALIZER_FOR, Config, ConfigModel, ConvConfig, DenseConfig

# Keys whose values need no name before them.
_NAMELESS = {"name", "dense", "activation"}


def diff_configs(configs: Sequence[Config]) -> dict[str, list[Any]]:
    """Map each key that is not equal in all configurations to its value in each of them.

    Keys are as deep as the structures agree: `network[0].dense` if only the number of neurons
    differs, but `network` if the number of layers does. The default initializer of an activation
    does not count as a difference.

    Returns:
        Keys in the order of the configuration; `format_short` formats the values.
    """
    return dict(_differing("", list(configs)))


def format_short(value: object) -> str:
    """Format any part of a `Config` without its defaults, such as "300 relu, 10 softmax"."""
    match value:
        case None:
            return "null"
        case float():
            return repr(value).removesuffix(".0")
        case str() if not value.isprintable():
            return repr(value)
        case tuple():
            return ", ".join(map(format_short, value))
        case ConfigModel():
            return _words(_without_defaults(value))
        case Mapping():
            return _words(value)
    return str(value)


def _differing(key: str, values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    if all(value == values[0] for value in values):
        return
    first, *others = map(_parts, values)
    if first and all(other.keys() == first.keys() for other in others):
        for name in first:
            below = [part[name] for part in (first, *others)]
            yield from _differing(f"{key}{name}", below)
    else:
        yield key.removeprefix("."), values


def _parts(value: object) -> dict[str, Any]:
    """Items of a value, by the suffix that they add to its key; a list of names has none."""
    match value:
        case ConfigModel():
            return {f".{name}": item for name, item in _fields(value).items()}
        case tuple() if not all(isinstance(item, str) for item in value):
            return {f"[{index}]": item for index, item in enumerate(value)}
        case Mapping():
            return {f".{name}": item for name, item in value.items()}
    return {}


def _fields(model: ConfigModel) -> dict[str, Any]:
    fields = dict(model)
    if (
        isinstance(model, DenseConfig | ConvConfig)
        and model.init == INITIALIZER_FOR[model.activation]
    ):
        fields["init"] = None
    return fields


def _without_defaults(model: ConfigModel) -> dict[str, Any]:
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in type(model).model_fields.items()
    }
    return {name: item for name, item in _fields(model).items() if item != defaults[name]}


def _words(items: Mapping[Any, Any]) -> str:
    words = []
    for name, item in items.items():
        text = format_short(item)
        if name not in _NAMELESS:
            text = f"{name}=({text})" if "=" in text else f"{name}={text}"
        words.append(text)
    return " ".join(words) or "{}"
