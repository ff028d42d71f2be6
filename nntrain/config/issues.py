"""What is wrong with a configuration, said with its place: file, line and key."""

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from nntrain.errors import ConfigError

KeyPath: TypeAlias = tuple[str | int, ...]

_MAX_ISSUES = 10


class Location(NamedTuple):
    """Where something was written."""

    order: tuple[int, int]  # (0, line) in the file, (1, number) for the overrides
    text: str

    @property
    def is_override(self) -> bool:
        """Whether it is none of the file's lines."""
        return self.order[0] > 0


class ConfigIssue(NamedTuple):
    """One thing that is wrong with a configuration."""

    place: Location
    path: KeyPath
    sentence: str

    def __str__(self) -> str:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return ": ".join(filter(None, (self.place.text, path.removeprefix("."), self.sentence)))


SourceMap: TypeAlias = dict[KeyPath, Location]


def config_error(place: Location, path: KeyPath, sentence: str) -> ConfigError:
    """A fault that leaves nothing more to look for."""
    return ConfigError(str(ConfigIssue(place, path, sentence)))


def location_of(path: KeyPath, places: SourceMap) -> Location:
    """The place of the innermost thing on the path that was written."""
    while path not in places:
        path = path[:-1]
    return places[path]


def location_of_conflict(path: KeyPath, other: KeyPath, places: SourceMap) -> Location:
    """The place of what does not suit another key; an override is to blame before the file."""
    here = location_of(path, places)
    last = max(here, location_of(other, places))
    return last if last.is_override else here


def report(faults: Iterable[ConfigIssue]) -> list[str]:
    """All faults, a line each, in the order of the file and at most ten."""
    lines = [str(fault) for fault in sorted(faults, key=lambda fault: fault.place.order)]
    if len(lines) > _MAX_ISSUES:
        lines[_MAX_ISSUES:] = [f"and {len(lines) - _MAX_ISSUES} more"]
    return lines


def show(value: object) -> str:
    """A value as the user knows it from YAML, in at most 60 characters."""
    match value:
        case None | bool():
            text = {None: "null", True: "true", False: "false"}[value]
        case float() if not math.isfinite(value):
            text = f"{value}".replace("inf", ".inf").replace("nan", ".nan")
        case dict():
            text = "a mapping"
        case tuple():
            text = f"[{', '.join(map(show, value))}]"
        case _:
            text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
