"""Reads YAML into plain values and a map of their lines."""

import re
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nntrain.config.issues import KeyPath, Location, SourceMap, config_error, format_value
from nntrain.config.yaml_errors import MAX_DEPTH, escapes_in, explain

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | dict[str, Value] | None"

_MAX_CHARACTERS = 65_536  # parsing costs time, and a CSV given by mistake may be long
_MAX_VALUES = 10_000  # a few anchors and aliases can unfold to billions
_MAX_WRITTEN = 400  # characters of a value and its line that are kept, enough for a path
_MAX_DIGITS = 1100  # more would take time to convert; exact doubles have up to 1075
_MAX_BITS = 1023  # all such integers are doubles; Python refuses to print far larger ones

# What YAML forbids, and the line breaks that editors do not count as such.
_UNPRINTABLE = re.compile("[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_TAGS = {"str", "timestamp", "merge", "value"}  # YAML 1.2 knows the last three as text
_TAGS = {
    MappingNode: {"map"},
    SequenceNode: {"seq"},
    ScalarNode: {"null", "bool", "int", "float", *_TEXT_TAGS},
}
_ASSIGNMENT = re.compile(r"\s*([\w-]+(?:\.[\w-]+|\[\d+\]){0,9})\s*=(.*)", re.DOTALL)


def read_yaml(text: str, location_at: Callable[[int], Location]) -> tuple[Value, SourceMap]:
    """Read plain values, lists as tuples, and the location of each key and item.

    `location_at` returns the location of a line, counted from 1.

    Raises:
        ConfigError: If the text is not YAML, or uses tags, merge keys or too many values.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ruamel warns of what is refused here anyway
        return _Reader(location_at).read(text)


class _Reader:
    def __init__(self, location_at: Callable[[int], Location]) -> None:
        self._location_at = location_at
        self._source_map: SourceMap = {}
        self._yaml = _yaml()
        self._values = 0
        self._source = ""

    def read(self, text: str) -> tuple[Value, SourceMap]:
        start = self._location_at(1)
        if len(text) > _MAX_CHARACTERS:
            raise config_error(start, (), f"longer than {_MAX_CHARACTERS} characters; is it a CSV?")
        if bad := _UNPRINTABLE.search(text):
            location = self._location_at(text.count("\n", 0, bad.start()) + 1)
            message = f"not plain text: it holds the character {bad[0]!a}; save it as UTF-8 text"
            raise config_error(location, (), message)
        try:
            self._source = text
            root = _composed(text)
        except MarkedYAMLError as error:
            line, message = explain(error, text)
            raise config_error(self._location_at(line), (), message) from None
        except (ValueError, OverflowError):  # from ruamel, for "\UFFFFFFFF"
            raise config_error(
                start, (), "a backslash in double quotes; use single quotes or /"
            ) from None
        return (None if root is None else self._plain(root, ())), self._source_map

    def _plain(self, node: Node, path: KeyPath) -> Value:
        location = self._location_of(node)
        self._source_map.setdefault(path, location)  # keeps the line of its key
        self._check_tag(node, location, path)
        self._values += 1
        if self._values > _MAX_VALUES:
            raise config_error(
                location, (), f"more than {_MAX_VALUES} values; repeat fewer by anchors"
            )
        if len(path) > MAX_DEPTH:  # an anchor may contain itself
            raise config_error(location, (), f"nested more than {MAX_DEPTH} deep; write it flatter")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            items = enumerate(node.value)
            return tuple(self._plain(item, (*path, index)) for index, item in items)
        return self._scalar(node, location, path)

    def _location_of(self, node: Node, key: Node | None = None) -> Location:
        """The location of a node; of a key's value, it is that of the key."""
        location = self._location_at((key or node).start_mark.line + 1)
        if not isinstance(node, ScalarNode):
            return location
        start, end = node.start_mark.index, node.end_mark.index
        if key and start == end:  # nothing is written, but perhaps a comment
            start = end = key.end_mark.index + 1
        if node.style not in ("|", ">"):
            line_end = self._source.find("\n", end)
            end = len(self._source) if line_end < 0 else line_end
        # Aliases could repeat a long text thousands of times.
        written = self._source[start : min(end, start + _MAX_WRITTEN)]
        return location._replace(written=written.strip())

    def _check_tag(self, node: Node, location: Location, path: KeyPath) -> None:
        if _tag(node) not in _TAGS[type(node)]:
            message = f"the tag {format_value(_tag(node))} is not supported; remove it"
            raise config_error(location, path, message)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key_node, value_node in node.value:
            location = self._location_of(key_node)
            self._check_tag(key_node, location, path)
            if not isinstance(key_node, ScalarNode):
                raise config_error(location, path, "a key must be a word, not a mapping or a list")
            key = self._text(key_node, location, path)
            if key == "<<":
                raise config_error(location, path, "<< is not supported; write the keys out")
            if not key_node.style and (gap := re.search(r"^-|:(?=\S)", key)):
                message = f"a space is missing after the {gap[0]!r} of {format_value(key)}"
                raise config_error(location, path, message)
            if key in values:
                first = self._source_map[(*path, key)].text
                message = f"key {format_value(key)} given twice, first at {first}; remove one"
                raise config_error(location, path, message)
            self._source_map[(*path, key)] = self._location_of(value_node, key_node)
            values[key] = self._plain(value_node, (*path, key))
        return values

    def _scalar(self, node: Node, location: Location, path: KeyPath) -> str | float | bool | None:
        if _tag(node) in _TEXT_TAGS:
            return self._text(node, location, path)
        if len(node.value) > _MAX_DIGITS:
            raise config_error(location, path, "a number that is too large")
        try:
            value: float | bool | None = self._yaml.constructor.construct_object(node)
        except (LookupError, ValueError):  # from ruamel, for `!!int x`
            raise config_error(
                location, path, f"{format_value(node.value)} is not a number"
            ) from None
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            raise config_error(location, path, "a number that is too large")
        return value

    def _text(self, node: Node, location: Location, path: KeyPath) -> str:
        if bad := _UNPRINTABLE.search(node.value):  # escaped, as in "\0"
            message = f"must not hold the character {bad[0]!a}"
            if escapes := escapes_in(location.written):
                message += f"; {escapes}"
            raise config_error(location, path, message)
        return str(node.value)


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    return yaml


@lru_cache(maxsize=32)
def _composed(text: str) -> Node | None:
    """The nodes of a text, which nobody changes; the same text is often read again.

    Composing takes some 10 ms, and a committee or a sweep reads the same few texts for each run.
    """
    return cast("Node | None", _yaml().compose(text))


def _tag(node: Node) -> str:
    return str(node.tag).removeprefix("tag:yaml.org,2002:")


def override_value(
    values: Value, source_map: SourceMap, override: str, location: Location
) -> Value:
    """Apply `KEY=VALUE`; updates `source_map` and returns the new values."""
    match = _ASSIGNMENT.fullmatch(override)
    if not match:
        raise config_error(location, (), "write KEY=VALUE, for example training.epochs=3")
    new, inner = read_yaml(match[2], lambda _: location)
    values, path = _replaced(values, re.findall(r"[\w-]+", match[1]), new, location)
    for stale in [other for other in source_map if other[: len(path)] == path]:
        del source_map[stale]
    for length in range(1, len(path) + 1):
        source_map.setdefault(path[:length], location._replace(written=match[2].strip()))
    source_map.update({(*path, *key): written for key, written in inner.items()})
    return values


def _replaced(
    tree: Value, keys: Sequence[str], new: Value, location: Location
) -> tuple[Value, KeyPath]:
    """The tree with one value replaced, and that value's path."""
    if not keys:
        return new, ()
    key, *rest = keys
    if isinstance(tree, tuple):
        indices = [str(index) for index in range(len(tree))]
        if key not in indices:
            message = f"no item {format_value(key)} in a list of {len(tree)}; the first item is 0"
            raise config_error(location, (), message)
        index = int(key)
        item, path = _replaced(tree[index], rest, new, location)
        return (*tree[:index], item, *tree[index + 1 :]), (index, *path)
    if isinstance(tree, str):
        tree = {"name": tree}  # as in `optimizer: adam`
    mapping = tree if isinstance(tree, dict) else {}
    item, path = _replaced(mapping.get(key), rest, new, location)
    return {**mapping, key: item}, (key, *path)
