"""The places of all keys, found in the models of the schema."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from nntrain.config.issues import KeyPath


class Place(NamedTuple):
    """Where a key belongs.

    Attributes:
        path: The whole path; the first item stands for all items of a list.
        names: The variants that have the key, such as momentum and nesterov; empty for all.
    """

    path: KeyPath
    names: tuple[str, ...]


@cache
def places_of(root: type[BaseModel]) -> dict[str, Place]:
    """The place of each key below a model, except of `name`, which all variants have."""
    paths: dict[str, KeyPath] = {}
    owners: dict[KeyPath, list[str]] = {}
    variants: dict[KeyPath, set[str]] = {}
    for path, name in _keys(root, ()):
        paths.setdefault(str(path[-1]), path)
        owners.setdefault(path, []).append(name)
        variants.setdefault(path[:-1], set()).add(name)
    paths.pop("name", None)
    return {
        key: Place(path, () if set(owners[path]) == variants[path[:-1]] else (*owners[path],))
        for key, path in paths.items()
    }


def variants_of(union: object) -> dict[str, type[BaseModel]]:
    """The models of a union by the values of `name` that choose them."""
    return {_variant_name(model): model for model in get_args(union)}


def _variant_name(model: type[BaseModel]) -> str:
    field = model.model_fields.get("name")
    choices = get_args(field.annotation) if field else ()
    return str(choices[0]) if choices else ""


def _keys(model: type[BaseModel], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for key, field in model.model_fields.items():
        yield (*path, key), _variant_name(model)
        origin = get_origin(field.annotation)
        item: KeyPath = (0,) if origin is tuple else ("KEY",) if origin is dict else ()
        for below in _models_in(field.annotation):
            yield from _keys(below, (*path, key, *item))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for argument in get_args(annotation):
            yield from _models_in(argument)
