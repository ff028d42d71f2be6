"""Turns pydantic errors into messages that say what to write instead."""

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from nntrain.config.aliases import hint_for_value
from nntrain.config.issues import (
    ConfigIssue,
    KeyPath,
    SourceMap,
    format_value,
    location_of,
    location_of_conflict,
)
from nntrain.config.notation import is_null_word, number_in
from nntrain.config.places import variants_of
from nntrain.config.schema import (
    LAYERS,
    ONE_FILE,
    SEVERAL_FILES,
    AnyOptimizer,
    AnySchedule,
    Config,
    DataConfig,
    DenseConfig,
    DistortionConfig,
    ElasticConfig,
    NormalConfig,
    TeacherConfig,
    TrainingConfig,
    UniformConfig,
)
from nntrain.config.unknown_keys import hint_for_key_of_variants, hint_for_unknown_key
from nntrain.errors import did_you_mean

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


# Keys whose value has several shapes; pydantic's error paths name the shape after the key.
_SHAPES: dict[str, dict[str, type[BaseModel]]] = {
    "init": {"normal": NormalConfig, "uniform": UniformConfig},
    "optimizer": variants_of(AnyOptimizer),
    "schedule": variants_of(AnySchedule),
}
_MODELS: dict[str, type[BaseModel]] = {
    "data": DataConfig,
    "distortion": DistortionConfig,
    "elastic": ElasticConfig,
    "network": DenseConfig,
    **LAYERS,
    "training": TrainingConfig,
    "teacher": TeacherConfig,
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
    error: ErrorDetails,
    source_map: SourceMap,
    model_at: Callable[[KeyPath], type[BaseModel]],
    tree: Any,
) -> ConfigIssue:
    """Convert one of `ValidationError.errors()`.

    Args:
        error: The error.
        source_map: The locations of the keys.
        model_at: Maps a key path to its model.
        tree: The values that were validated.
    """
    loc, value, context = error["loc"], error["input"], error.get("ctx", {})
    path = _path_of(loc)
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
            variants = _SHAPES.get(str(parent[-1]), {}) if parent else {}
            hint = hint_for_key_of_variants(path, variants, tree, source_map)
            if hint is None:
                models = model_at(loc[:-1]), model_at(())
                hint = hint_for_unknown_key(path, *models, tree, source_map)
            message = f"unknown key {format_value(key)}; {hint}"
            return ConfigIssue(
                location_of_conflict(path, (*parent, "name"), source_map), parent, message
            )
        case "union_tag_invalid":
            name = value["name"]
            message = f"unknown {key} {format_value(name)}; {_nearest(key, name, _SHAPES[key])}"
            return ConfigIssue(location_of((*path, "name"), source_map), path, message)
        case "literal_error":
            choices = re.findall(r"'(\w+)'", context["expected"])
            message = f"unknown {key} {format_value(value)}; {_nearest(key, value, choices)}"
        case "string_too_short":
            message = "must not be empty"
        case kind:
            field = _field(model_at, loc)
            message = _must_be(kind, error["msg"], value, context)
            if isinstance(value, str):
                message += _hint_for_text(kind, value, field)
                if kind == "model_type" and isinstance(path[-1], int):
                    message += f"; write {_example(model_at(loc))}"
    location = location_of(path, source_map)
    if value is None and (comment := re.match(r"#\S+", location.written)):
        message += f"; YAML takes {comment[0]!r} as a comment: put it in quotes"
    return ConfigIssue(location, path, message)


def _path_of(loc: KeyPath) -> KeyPath:
    """The path without what Pydantic adds: branches of unions, kinds of layers, "[key]"."""
    return tuple(
        part
        for before, part in pairwise(("", *loc))
        if before not in _SHAPES
        and part not in ("[key]", ONE_FILE, SEVERAL_FILES)
        and not (isinstance(before, int) and part in LAYERS)
    )


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
    if kind == "mistaken_text":
        return f"{format_value(value)} is text"
    message = f"must be {expected}, not {'the text ' * isinstance(value, str)}{format_value(value)}"
    match kind, value:
        case "int_type", float() if value.is_integer() and abs(value) < 1e16:
            message += f"; write {value:.0f}"
        case "less_than" | "less_than_equal", int() if (
            2 <= value <= 100 and max(context.values()) <= 1
        ):
            message += f"; {value} % is {value / 100:g}"
        case "string_type", int() | float():
            message += "; put it in quotes"
        case "tuple_type", dict():
            message += "; write '- ' before each item"
    return message


def _hint_for_text(kind: str, text: str, field: FieldInfo | None) -> str:
    """What to write instead of a text, if that is clear."""
    if is_null_word(text):
        return _hint_for_nothing(field)
    is_number = kind in ("int_type", "float_type", "mistaken_text")
    if is_number and _NUMBER.fullmatch(text):
        return "; remove the quotes"
    number = number_in(text) if is_number else None
    if number is None or (kind == "int_type" and not number.is_integer()):
        return ""
    return f"; write {number:.0f}" if number.is_integer() else f"; write {number:g}"


def _hint_for_nothing(field: FieldInfo | None) -> str:
    """What to write for nothing: null, 0 or the default, whichever is allowed first."""
    if field is None:
        return ""
    kind: Any = Annotated[field.annotation, field]
    for value in (None, 0):
        with suppress(ValidationError):
            TypeAdapter(kind).validate_python(value)
            return f"; write {format_value(value)}"
    return "" if field.is_required() else f"; write {format_value(field.default)}"


def _example(model: type[BaseModel]) -> str:
    """The required keys of a model as an item of a list."""
    keys = [f"{key}: …" for key, field in model.model_fields.items() if field.is_required()]
    return f"{{{', '.join(keys)}}}"


def _field(model_at: Callable[[KeyPath], type[BaseModel]], loc: KeyPath) -> FieldInfo | None:
    """The field that a value is invalid for; None if it is an item of a list or of a mapping."""
    with suppress(KeyError):
        return model_at(loc[:-1]).model_fields.get(str(loc[-1]))
    return None


def _nearest(key: str, word: object, choices: Collection[str]) -> str:
    if hint := hint_for_value(key, str(word), choices):
        return hint
    return did_you_mean(str(word).lower(), choices, f"choose from {', '.join(choices)}")
