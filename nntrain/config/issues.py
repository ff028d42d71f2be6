"""Issues of a configuration, each with its location: file, line and key."""

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from nntrain.errors import ConfigError

KeyPath: TypeAlias = tuple[str | int, ...]

_MAX_ISSUES = 10


class Location(NamedTuple):
    """Line of the file or command-line override that holds a value."""

    order: tuple[int, int]  # (0, line) in the file, (1, number) for overrides
    text: str
    written: str = ""  # the value as it stands there, with the rest of its line

    @property
    def is_override(self) -> bool:
        """Whether it is an override, not a line of the file."""
        return self.order[0] > 0


class ConfigIssue(NamedTuple):
    """One error in a configuration."""

    location: Location
    path: KeyPath
    message: str

    def __str__(self) -> str:
        path = shortened(dotted(self.path), 80)
        return ": ".join(filter(None, (self.location.text, path, self.message)))


def dotted(path: KeyPath) -> str:
    """A path as users write it, such as "network[0].dense"."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


SourceMap: TypeAlias = dict[KeyPath, Location]


def config_error(location: Location, path: KeyPath, message: str) -> ConfigError:
    """Create the error for an issue that ends the checks."""
    return ConfigError(str(ConfigIssue(location, path, message)))


def override_text(override: str) -> str:
    """An override as a location of at most 70 characters."""
    return shortened(f"--set {' '.join(override.split())}", 70)


def location_of(path: KeyPath, source_map: SourceMap) -> Location:
    """Location of the innermost key or item on the path that was written."""
    while path not in source_map:
        path = path[:-1]
    return source_map[path]


def location_of_conflict(path: KeyPath, other: KeyPath, source_map: SourceMap) -> Location:
    """Location of a conflict between two keys; an override is reported before the file."""
    here = location_of(path, source_map)
    last = max(here, location_of(other, source_map))
    return last if last.is_override else here


def report(issues: Iterable[ConfigIssue]) -> list[str]:
    """Format issues as lines, in the order of the file and at most ten."""
    lines = [str(issue) for issue in sorted(issues, key=lambda issue: issue.location.order)]
    if len(lines) > _MAX_ISSUES:
        lines[_MAX_ISSUES:] = [f"and {len(lines) - _MAX_ISSUES} more"]
    return lines


def format_value(value: object) -> str:
    """A value in YAML notation, in at most 60 characters."""
    match value:
        case None | bool():
            text = {None: "null", True: "true", False: "false"}[value]
        case float() if not math.isfinite(value):
            text = f"{value}".replace("inf", ".inf").replace("nan", ".nan")
        case int() if value.bit_length() > 1024:
            text = f"an integer of {value.bit_length()} bits"  # Python may refuse to print it
        case dict():
            text = "a mapping"
        case tuple():
            text = f"[{', '.join(map(format_value, value))}]"
        case _:
            text = repr(value)
    return shortened(text, 60)


def shortened(text: str, length: int) -> str:
    """The text, or its beginning and an ellipsis if it is longer."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
