"""What to write instead of a key that is not known where it was written."""

import re
import shlex
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from pydantic import BaseModel

from nntrain.config.aliases import note_for_key, same_key, squashed
from nntrain.config.issues import (
    KeyPath,
    SourceMap,
    dotted,
    format_value,
    location_of,
)
from nntrain.config.places import Place, places_of
from nntrain.errors import did_you_mean


def hint_for_unknown_key(
    path: KeyPath,
    model: type[BaseModel],
    root: type[BaseModel],
    tree: Any,
    source_map: SourceMap,
) -> str:
    """What to write instead.

    Args:
        path: The path of the unknown key.
        model: The model at the place where it was written.
        root: The model of the whole tree.
        tree: All values.
        source_map: The locations of the keys.
    """
    key, known = str(path[-1]), [*model.model_fields]
    if same := same_key(key, known):
        if squashed(key) == squashed(same[0]):
            return f"did you mean {same[0]!r}?"
        return f"its name here is {' or '.join(map(repr, same))}"
    places = places_of(root)
    if key in places:
        return _move(path, places[key], places, tree, source_map)
    if note := note_for_key(key):
        return note
    if hint := did_you_mean(key.lower(), known, ""):
        return hint
    near = same_key(key, places) or get_close_matches(key.lower(), places, n=1, cutoff=0.8)
    if near:
        nearest = max(
            (places[other] for other in near), key=lambda place: _shared(place.path, path)
        )
        return _move(path, nearest, places, tree, source_map)
    return f"choose from {', '.join(known)}"


def hint_for_key_of_variants(
    path: KeyPath, variants: Mapping[str, type[BaseModel]], tree: Any, source_map: SourceMap
) -> str | None:
    """What to do with a key of another variant, such as `momentum` of adam; None if none has it."""
    parent, key = path[:-1], str(path[-1])
    owners = [name for name, model in variants.items() if key in model.model_fields]
    chosen = _value_at(tree, parent)
    if not owners:
        return None
    if "name" not in chosen:  # an initializer
        return f"keep only one of {' and '.join(name for name in variants if name in chosen)}"
    choice, left = location_of((*parent, "name"), source_map), location_of(path, source_map)
    hint = f"it belongs to {' and '.join(owners)}, not to {chosen['name']}; "
    if not (choice.is_override and choice.order > left.order):
        return f"{hint}remove it, or write name: {owners[0]}"
    required = [
        f"{name}: {chosen.get(name, '…')}"  # numbers and the name itself
        for name, field in variants[chosen["name"]].model_fields.items()
        if field.is_required()
    ]
    value = f"{{{', '.join(required)}}}" if len(required) > 1 else chosen["name"]
    return f"{hint}write {_set_option(f'{dotted(parent)}={value}')}"


def _move(
    path: KeyPath, place: Place, places: Mapping[str, Place], tree: Any, source_map: SourceMap
) -> str:
    """Say where a key belongs, with the line or the option to write."""
    target, only = dotted(place.path), ""
    if place.names:
        only = f", with name: {' or '.join(place.names)}"
    location, key = location_of(path, source_map), place.path[-1]
    if location.is_override:
        old, new = location.text.removeprefix("--set "), dotted(path)
        if old.startswith(new) and not old.endswith("…"):
            before = _value_at(tree, place.path)
            assignment = _without_rest(target + old[len(new) :], before, places)
            return f"write {_set_option(assignment)}{only}"
        return f"its place is {target}{only}"
    value, above = _value_at(tree, path), _value_at(tree, place.path[:-1])
    line = f"{key}:"
    if not isinstance(value, dict | tuple):
        is_word = isinstance(value, str) and re.fullmatch(r"[\w./-]{1,60}", value)
        line = f"{key}: {value if is_word else format_value(value)}"
    parent = next((part for part in reversed(place.path[:-1]) if isinstance(part, str)), None)
    if parent is None:
        return f"its place is the top level; write '{line}' there, without indentation"
    if isinstance(above, str):  # a bare name, such as `optimizer: adam`
        return f"its place is {target}{only}; write '{parent}: {{name: {above}, {line}}}'"
    inside = "an item of " * isinstance(place.path[-2], int)
    return f"its place is {target}{only}; write '{line}' in {inside}'{parent}:'"


def _without_rest(assignment: str, before: Any, places: Mapping[str, Place]) -> str:
    """Replace a whole value if its new name would leave keys of the old one behind."""
    match = re.fullmatch(r"(.+)\.name=(\w+)", assignment)
    if match and isinstance(before, dict):
        owners = [places[key].names for key in before if key in places]
        if any(names and match[2] not in names for names in owners):
            return f"{match[1]}={match[2]}"
    return assignment


def _shared(one: KeyPath, other: KeyPath) -> int:
    """The number of parts with which both paths begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _value_at(tree: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            tree = tree[part]
        except (LookupError, TypeError):
            return None
    return tree


def _set_option(assignment: str) -> str:
    plain = re.fullmatch(r"[\w.\[\]=+-]+", assignment)
    return f"--set {assignment if plain else shlex.quote(assignment)}"
