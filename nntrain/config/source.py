"""From YAML to plain values and the line of each: the only reader of YAML."""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nntrain.config.issues import KeyPath, Location, SourceMap, config_error, show
from nntrain.config.yaml_errors import DEEPEST_NESTING, explain

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | dict[str, Value] | None"

_MOST_CHARACTERS = 65_536  # parsing costs time, and a CSV given by mistake may be long
_MOST_VALUES = 10_000  # a few anchors and aliases can unfold to billions
_MOST_BITS = 1024  # as many as the largest double; Python refuses to print far larger integers

# What YAML forbids, and the line breaks that editors do not count as such.
_UNPRINTABLE = re.compile("[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_TAGS = {"str", "timestamp", "merge", "value"}  # YAML 1.2 knows the last three as text
_TAGS = {
    MappingNode: {"map"},
    SequenceNode: {"seq"},
    ScalarNode: {"null", "bool", "int", "float", *_TEXT_TAGS},
}
_ASSIGNMENT = re.compile(r"\s*([\w-]+(?:\.[\w-]+|\[\d+\]){0,9})\s*=(.*)", re.DOTALL)


def read_yaml(text: str, place_at: Callable[[int], Location]) -> tuple[Value, SourceMap]:
    """Plain values, lists as tuples, and the place of each key and item.

    Args:
        text: YAML.
        place_at: The place of a line, counted from 1.

    Raises:
        ConfigError: It is no YAML, or YAML that a configuration has no need of.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ruamel's, on what is refused here anyway
        return _Reader(place_at).read(text)


class _Reader:
    def __init__(self, place_at: Callable[[int], Location]) -> None:
        self._place_at = place_at
        self._places: SourceMap = {}
        self._yaml = YAML(typ="safe", pure=True)
        self._yaml.max_depth = DEEPEST_NESTING
        self._values = 0

    def read(self, text: str) -> tuple[Value, SourceMap]:
        start = self._place_at(1)
        if len(text) > _MOST_CHARACTERS:
            raise config_error(
                start, (), f"longer than {_MOST_CHARACTERS} characters; is it a CSV?"
            )
        if bad := _UNPRINTABLE.search(text):
            place = self._place_at(text.count("\n", 0, bad.start()) + 1)
            sentence = f"not plain text: it holds the character {bad[0]!a}; save it as UTF-8 text"
            raise config_error(place, (), sentence)
        try:
            root = self._yaml.compose(text)
        except MarkedYAMLError as error:
            line, sentence = explain(error, text)
            raise config_error(self._place_at(line), (), sentence) from None
        except (ValueError, OverflowError):  # from ruamel, for "\UFFFFFFFF"
            raise config_error(
                start, (), "a backslash in double quotes; use single quotes"
            ) from None
        return (None if root is None else self._plain(root, ())), self._places

    def _plain(self, node: Node, path: KeyPath) -> Value:
        place = self._place_at(node.start_mark.line + 1)
        self._places.setdefault(path, place)  # unless the line of its key is known
        self._refuse_the_unneeded(node, place, path)
        self._values += 1
        if self._values > _MOST_VALUES:
            raise config_error(
                place, (), f"more than {_MOST_VALUES} values; repeat fewer by anchors"
            )
        if len(path) > DEEPEST_NESTING:  # an anchor may even hold itself
            raise config_error(
                place, (), f"nested more than {DEEPEST_NESTING} deep; write it flatter"
            )
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            items = enumerate(node.value)
            return tuple(self._plain(item, (*path, index)) for index, item in items)
        return self._scalar(node, place, path)

    def _refuse_the_unneeded(self, node: Node, place: Location, path: KeyPath) -> None:
        if _tag(node) not in _TAGS[type(node)]:
            sentence = f"the tag {show(_tag(node))} is not supported; remove it"
            raise config_error(place, path, sentence)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key_node, value_node in node.value:
            place = self._place_at(key_node.start_mark.line + 1)
            self._refuse_the_unneeded(key_node, place, path)
            if not isinstance(key_node, ScalarNode):
                raise config_error(place, path, "a key must be a word, not a mapping or a list")
            key = self._text(key_node, place, path)
            if key == "<<":
                raise config_error(place, path, "<< is not supported; write the keys out")
            if not key_node.style and (gap := re.search(r"^-|:(?=\S)", key)):
                sentence = f"a space is missing after the {gap[0]!r} of {show(key)}"
                raise config_error(place, path, sentence)
            if key in values:
                first = self._places[(*path, key)].text
                sentence = f"key {show(key)} given twice, first at {first}; remove one"
                raise config_error(place, path, sentence)
            self._places[(*path, key)] = place
            values[key] = self._plain(value_node, (*path, key))
        return values

    def _scalar(self, node: Node, place: Location, path: KeyPath) -> str | float | bool | None:
        if _tag(node) in _TEXT_TAGS:
            return self._text(node, place, path)
        try:
            value: float | bool | None = self._yaml.constructor.construct_object(node)
        except (LookupError, ValueError):  # from ruamel, for `!!int x` and thousands of digits
            raise config_error(place, path, f"{show(node.value)} is not a number") from None
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise config_error(place, path, "a number too large to be of use")
        return value

    def _text(self, node: Node, place: Location, path: KeyPath) -> str:
        if bad := _UNPRINTABLE.search(node.value):  # escaped, as in "\0"
            raise config_error(place, path, f"must not hold the character {bad[0]!a}")
        return str(node.value)


def _tag(node: Node) -> str:
    return str(node.tag).removeprefix("tag:yaml.org,2002:")


def override_value(values: Value, places: SourceMap, override: str, place: Location) -> Value:
    """The values with one of them replaced, its place noted."""
    match = _ASSIGNMENT.fullmatch(override)
    if not match:
        raise config_error(place, (), "write KEY=VALUE, for example training.epochs=3")
    new, _ = read_yaml(match[2], lambda _: place)
    values, path = _replaced(values, re.findall(r"[\w-]+", match[1]), new, place)
    for stale in [other for other in places if other[: len(path)] == path]:
        del places[stale]
    for length in range(1, len(path) + 1):
        places.setdefault(path[:length], place)
    return values


def _replaced(
    tree: Value, keys: Sequence[str], new: Value, place: Location
) -> tuple[Value, KeyPath]:
    """The tree with one value replaced, and the path of that value."""
    if not keys:
        return new, ()
    key, *rest = keys
    if isinstance(tree, tuple):
        indices = [str(index) for index in range(len(tree))]
        if key not in indices:
            sentence = f"no item {show(key)} in a list of {len(tree)}; the first item is 0"
            raise config_error(place, (), sentence)
        index = int(key)
        item, path = _replaced(tree[index], rest, new, place)
        return (*tree[:index], item, *tree[index + 1 :]), (index, *path)
    if isinstance(tree, str):
        tree = {"name": tree}  # as in `optimizer: adam`
    mapping = tree if isinstance(tree, dict) else {}
    item, path = _replaced(mapping.get(key), rest, new, place)
    return {**mapping, key: item}, (key, *path)
