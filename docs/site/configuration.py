"""The reference of the configuration, written from its JSON Schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

OPENING = """# Configuration

Every key of a configuration, with what it may be and its default. `nntrain config show FILE` prints
a file with all defaults, and `--set training.epochs=3` overrides one key. A key without a default
is required. A part of which there are several kinds is one of them: `optimizer: {name: adam}`, or
`optimizer: adam` for short.
"""


def configuration_page(path: Path) -> str:
    """The page in Markdown, with a section for each part of the schema in this file."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    sections = _sections("", schema, dict(schema["$defs"]))
    return "\n".join([OPENING, *sections])


def _sections(path: str, part: Schema, parts: dict[str, Schema]) -> Iterator[str]:
    """The section of a part, then those of the parts in it; each is taken out of `parts`."""
    yield f"## {_heading(path, part)}\n\n{part['description']}\n\n{_table(part)}"
    for key, value in part["properties"].items():
        for name in dict.fromkeys(_references(value)):
            if name in parts:  # else it stands above already
                yield from _sections(f"{path}.{key}".lstrip("."), parts.pop(name), parts)


def _heading(path: str, part: Schema) -> str:
    if not path:
        return "The file"
    names = part["properties"].get("name", {})
    kind = names.get("const") or next(iter(part.get("required", [])), None)
    several = path.endswith(("network", "optimizer", "schedule", "init"))
    return f"`{path}`: {kind}" if several else f"`{path}`"


def _table(part: Schema) -> str:
    required = part.get("required", [])
    rows = ["| key | value | default | what it is |", "| --- | --- | --- | --- |"]
    for key, value in part["properties"].items():
        default = "" if key in required else f"`{json.dumps(value.get('default', {}))}`"
        cells = [f"`{key}`", _kind(value), default, value.get("description", "")]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _kind(value: Schema) -> str:
    """What a value may be, in words."""
    if choices := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(dict.fromkeys(map(_kind, choices)))
    if "$ref" in value:
        return "keys as below"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if "prefixItems" in value:
        return f"[{', '.join(map(_kind, value['prefixItems']))}]"
    if value["type"] == "array":
        return f"list of: {_kind(value['items'])}"
    if value["type"] == "object":
        return f"mapping to: {_kind(value['additionalProperties'])}"
    names = {"integer": "whole number", "number": "number", "string": "text", "null": "`null`"}
    return names[value["type"]] + _bounds(value)


def _bounds(value: Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {value[key]:,}" for key, sign in signs.items() if key in value]
    return f" {', '.join(bounds)}" if bounds else ""


def _references(value: object) -> Iterator[str]:
    """The names of the parts that a value may be."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rsplit("/", 1)[1]
        for key, inner in value.items():
            if key != "discriminator":
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
