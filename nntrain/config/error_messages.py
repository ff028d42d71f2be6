"""Turns pydantic errors into messages that say what to write instead."""

import re
from collections.abc import Callable, Collection, Iterable
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from nntrain.config.issues import (
    ConfigIssue,
    KeyPath,
    SourceMap,
    format_value,
    location_of,
    location_of_conflict,
)
from nntrain.config.schema import (
    AnyOptimizer,
    AnySchedule,
    Config,
    DataConfig,
    DenseConfig,
    DistortionConfig,
    ElasticConfig,
    NormalConfig,
    TrainingConfig,
    UniformConfig,
)
from nntrain.errors import did_you_mean

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def _by_name(union: object) -> dict[str, type[BaseModel]]:
    models: Iterable[type[BaseModel]] = get_args(union)
    return {get_args(model.model_fields["name"].annotation)[0]: model for model in models}


# Keys whose value has several shapes; pydantic's error paths name the shape after the key.
_SHAPES: dict[str, dict[str, type[BaseModel]]] = {
    "init": {"normal": NormalConfig, "uniform": UniformConfig},
    "optimizer": _by_name(AnyOptimizer),
    "schedule": _by_name(AnySchedule),
}
_MODELS: dict[str, type[BaseModel]] = {
    "data": DataConfig,
    "distortion": DistortionConfig,
    "elastic": ElasticConfig,
    "network": DenseConfig,
    "training": TrainingConfig,
    **_SHAPES["init"],
    **_SHAPES["optimizer"],
    **_SHAPES["schedule"],
}
_MUST_BE = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "tuple_type": "a list",
    "too_short": "a list of at least {min_length} item",
    "too_long": "a list of at most {max_length} items",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
}


def issue_of(
    error: ErrorDetails, source_map: SourceMap, model_at: Callable[[KeyPath], type[BaseModel]]
) -> ConfigIssue:
    """Convert one of `ValidationError.errors()`; `model_at` maps a key path to its model."""
    loc, value, context = error["loc"], error["input"], error.get("ctx", {})
    # Pydantic adds parts that are not in the file: the branch of a union, and "[key]".
    path = tuple(
        part for before, part in pairwise(("", *loc)) if before not in _SHAPES and part != "[key]"
    )
    parent, key = path[:-1], str(path[-1])
    match error["type"]:
        case "broken_rule":
            path += context["at"]
            location = location_of_conflict(path, context["given"] or path, source_map)
            return ConfigIssue(location, path, context["message"])
        case "missing":
            location = location_of_conflict(parent, (*parent, "name"), source_map)
            return ConfigIssue(location, parent, _missing(model_at(loc[:-1]), key))
        case "union_tag_not_found":
            message = f"missing key 'name'; choose from {', '.join(_SHAPES[key])}"
        case "extra_forbidden":
            known = model_at(loc[:-1]).model_fields
            message = f"unknown key {format_value(key)}; {_nearest(key, known)}"
            return ConfigIssue(
                location_of_conflict(path, (*parent, "name"), source_map), parent, message
            )
        case "union_tag_invalid":
            name = value["name"]
            message = f"unknown {key} {format_value(name)}; {_nearest(name, _SHAPES[key])}"
            return ConfigIssue(location_of((*path, "name"), source_map), path, message)
        case "literal_error":
            choices = re.findall(r"'(\w+)'", context["expected"])
            message = f"unknown {key} {format_value(value)}; {_nearest(value, choices)}"
        case "string_too_short":
            message = "must not be empty"
        case kind:
            message = _must_be(kind, error["msg"], value, context)
    return ConfigIssue(location_of(path, source_map), path, message)


def model_at(loc: KeyPath) -> type[BaseModel]:
    """Model that a path of the configuration leads to."""
    words = [part for part in loc if isinstance(part, str)]
    return _MODELS[words[-1]] if words else Config


def _missing(model: type[BaseModel], key: str) -> str:
    field = model.model_fields[key]
    message = f"missing key {key!r} ({field.description})"
    if get_origin(field.annotation) is Literal:
        message += f"; choose from {', '.join(get_args(field.annotation))}"
    return message


def _must_be(kind: str, default: str, value: Any, context: dict[str, Any]) -> str:
    bounds = {
        name: int(bound) if isinstance(bound, float) and bound % 1 == 0 and bound < 1e16 else bound
        for name, bound in context.items()
    }
    expected = (
        _MUST_BE[kind].format(**bounds)
        if kind in _MUST_BE
        else default.removeprefix("Input should be ")  # mostly text of our own schema
    )
    message = f"must be {expected}, not {'the text ' * isinstance(value, str)}{format_value(value)}"
    match kind, value:
        case "int_type", float() if value.is_integer():
            message += f"; write {value:.0f}"
        case "int_type" | "float_type", str() if _NUMBER.fullmatch(value):
            message += "; remove the quotes"
        case "string_type", int() | float():
            message += "; put it in quotes"
        case "tuple_type", dict():
            message += "; write '- ' before each item"
    return message


def _nearest(word: object, choices: Collection[str]) -> str:
    return did_you_mean(str(word).lower(), choices, f"choose from {', '.join(choices)}")
