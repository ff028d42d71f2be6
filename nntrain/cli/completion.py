"""What the shell completes when Tab is pressed; the names of commands and options are click's work.

It must be quick, so nothing here imports NumPy, pandas or pydantic, and it must be quiet: whatever
is wrong with a file, less is completed and nothing is said.
"""

import csv
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

# What is in these folders is found by its name alone, too.
CONFIGS, DATA, RUNS = "configs/", "data/", "runs/"
YAML = (".yaml", ".yml")

SCHEMA = Path(__file__).parents[1] / "config" / "schema.json"
PATH_KEYS = ("data.train", "data.validation")
_LONGEST = 65_536  # characters of a configuration


def configs(incomplete: str) -> "list[CompletionItem[str]]":
    """YAML files, each with its first comment."""
    return _paths(incomplete, [CONFIGS], _about_config)


def sweeps(incomplete: str) -> "list[CompletionItem[str]]":
    """YAML files that say what a sweep is to try, each with its first comment."""
    return _paths(incomplete, [CONFIGS], _about_sweep)


def folders_of_sweeps(incomplete: str) -> "list[CompletionItem[str]]":
    """Folders whose runs are the trials of a sweep."""
    return _paths(incomplete, [RUNS], lambda path: "" if (path / "sweep.yaml").is_file() else None)


def csvs(incomplete: str) -> "list[CompletionItem[str]]":
    """CSVs, plain or packed."""
    return _paths(incomplete, [DATA], _about_csv)


def runs(incomplete: str) -> "list[CompletionItem[str]]":
    """Folders of runs, each with its accuracy; a committee's members are below its own."""
    return _paths(incomplete, [RUNS], _about_run)


def configs_and_runs(incomplete: str) -> "list[CompletionItem[str]]":
    """Both."""
    return _paths(
        incomplete,
        [CONFIGS, RUNS],
        lambda path: _about_run(path) if path.is_dir() else _about_config(path),
    )


def overrides(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Keys of the configuration, each with its meaning; after the =, what can be chosen."""
    key, equals, value = incomplete.partition("=")
    found = keys(_layers(context.obj or ()))
    if not equals:
        return [
            CompletionItem(f"{name}=", help=meaning)
            for name, (meaning, _) in found.items()
            if name.startswith(key)
        ]
    items = csvs(value) if key in PATH_KEYS else []
    items += [CompletionItem(choice) for choice in found[key][1] if choice.startswith(value)]
    return [CompletionItem(f"{key}={item.value}", item.type, item.help) for item in items]


def keys(layers: int) -> dict[str, tuple[str, list[str]]]:
    """What each key of a configuration means, and its choices where they are words.

    Args:
        layers: How many there are of network[0], network[1] and so on.
    """
    import json

    schema = json.loads(SCHEMA.read_bytes())
    found: dict[str, tuple[str, list[str]]] = {}

    def collect(path: str, meaning: str, node: dict[str, Any]) -> None:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        for branch in node.get("anyOf", node.get("oneOf", [])):
            collect(path, meaning, branch)
        for name, child in node.get("properties", {}).items():
            collect(f"{path}.{name}".lstrip("."), child.get("description", meaning), child)
        if "items" in node:
            for index in range(layers):
                collect(f"{path}[{index}]", meaning, node["items"])
        if not node.keys() & {"anyOf", "oneOf", "properties", "items"}:
            choices = found.setdefault(path, (meaning, []))[1]
            choices += node.get("enum", [node["const"]] if "const" in node else [])
            if node.get("type") == "null":
                choices.append("null")

    collect("", "", schema)
    return found


def _layers(words: Iterable[str]) -> int:
    """How many layers the configuration on the command line seems to have; 1 without any."""
    for path in map(Path, words):
        with suppress(OSError, ValueError):
            if path.suffix in YAML:
                text = re.sub("#.*", "", path.read_text(encoding="utf-8"))
                return max(1, len(re.findall(r"\bdense\s*:", text)))
    return 1


def _paths(
    incomplete: str, homes: Iterable[str], about: Callable[[Path], str | None]
) -> "list[CompletionItem[str]]":
    """Paths that begin as typed, and the folders that may lead to others.

    Args:
        incomplete: What has been typed.
        homes: Folders whose wanted paths are found by their names alone, too.
        about: A word about a wanted path, which may be empty; None of any other.
    """
    if incomplete.startswith(("~", "$")):
        return [CompletionItem(incomplete, "file")]  # the shell alone knows what that stands for
    parent, slash, name = incomplete.rpartition("/")
    typed = parent + slash
    wanted, folders = [], []
    for place in [typed] if slash else [typed, *homes]:
        for path in _visible(Path(place), name):
            text = about(path)
            if text is not None:
                wanted.append(CompletionItem(place + path.name, help=text or None))
            elif place == typed and path.is_dir():
                folders.append(CompletionItem(f"{place}{path.name}/"))
    return wanted + folders if incomplete or not wanted else wanted


def _visible(folder: Path, beginning: str) -> list[Path]:
    """What a folder holds of names with this beginning; hidden ones if that begins with a dot."""
    with suppress(OSError):
        return sorted(
            path
            for path in folder.iterdir()
            if path.name.startswith(beginning)
            and (beginning.startswith(".") or not path.name.startswith("."))
        )
    return []


def _about_config(path: Path) -> str | None:
    """Its first line, if that is a comment; None of a sweep."""
    return None if path.suffix not in YAML or _is_sweep(text := _text(path)) else _comment(text)


def _about_sweep(path: Path) -> str | None:
    """Likewise; None of a configuration."""
    return _comment(text) if path.suffix in YAML and _is_sweep(text := _text(path)) else None


def _text(path: Path) -> str:
    with suppress(OSError, ValueError), path.open(encoding="utf-8") as file:
        return file.read(_LONGEST)
    return ""


def _is_sweep(text: str) -> bool:
    return re.search(r"^space\s*:", text, re.MULTILINE) is not None


def _comment(text: str) -> str:
    line = text.partition("\n")[0].strip()
    return line.lstrip("# ") if line.startswith("#") else ""


def _about_csv(path: Path) -> str | None:
    return "" if path.suffix in (".csv", ".gz", ".zip", ".bz2", ".xz") else None


def _about_run(path: Path) -> str | None:
    """The accuracy of its best epoch, or the mean of its members'."""
    if not (path / "config.yaml").is_file():
        return None
    histories = [path / "metrics.csv"]
    members = sorted(path.glob("member-*/metrics.csv"))
    with suppress(OSError, ValueError, LookupError, csv.Error):
        accuracies = [_accuracy(history) for history in members or histories]
        mean = sum(accuracies) / len(accuracies)
        return f"{mean:.2%} held out" + (f", mean of {len(members)} members" if members else "")
    return ""


def _accuracy(history: Path) -> float:
    with history.open(encoding="utf-8", newline="") as file:
        return max(float(row["val_accuracy"]) for row in csv.DictReader(file))
