"""Shell completion of arguments and values; click completes commands and options itself.

It must be quick, so nothing here imports NumPy, pandas or pydantic, and it must be silent: a file
that cannot be read is completed without a description.
"""

import csv
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

# In these folders, files are also found by their names alone.
CONFIGS, DATA, RUNS = "configs/", "data/", "runs/"
YAML = (".yaml", ".yml")
WEIGHTS = (".npz", ".safetensors")
CSV = (".csv", ".gz", ".zip", ".bz2", ".xz")

SCHEMA = Path(__file__).parents[1] / "config" / "schema.json"
_WHOLE = ("data.train", "training.teacher.runs")  # lists that are given as a whole
PATH_KEYS = ("data.train", "data.validation")
_MAX_CHARACTERS = 65_536  # read from a YAML file


def configs(incomplete: str) -> "list[CompletionItem[str]]":
    """Complete configurations, described by their first comment."""
    return _paths(incomplete, [CONFIGS], _describe_config)


def sweeps(incomplete: str) -> "list[CompletionItem[str]]":
    """Complete definitions of sweeps, described by their first comment."""
    return _paths(incomplete, [CONFIGS], lambda path: _describe_yaml(path, is_sweep=True))


def folders_of_sweeps(incomplete: str) -> "list[CompletionItem[str]]":
    """Complete folders of sweeps."""
    return _paths(incomplete, [RUNS], lambda path: "" if (path / "sweep.yaml").is_file() else None)


def csvs(incomplete: str) -> "list[CompletionItem[str]]":
    """Complete CSVs, also compressed ones."""
    return _paths(incomplete, [DATA], lambda path: "" if path.suffix in CSV else None)


def runs(incomplete: str) -> "list[CompletionItem[str]]":
    """Complete folders of runs, described by their accuracy; members are in their committee's."""
    return _paths(incomplete, [RUNS], _describe_run)


def runs_and_weights(incomplete: str) -> "list[CompletionItem[str]]":
    """Complete folders of runs, and files with weights."""
    return _paths(
        incomplete,
        [RUNS],
        lambda path: (
            _describe_run(path) if path.is_dir() else "" if path.suffix in WEIGHTS else None
        ),
    )


def configs_and_runs(incomplete: str) -> "list[CompletionItem[str]]":
    """Complete configurations and folders of runs."""
    return _paths(
        incomplete,
        [CONFIGS, RUNS],
        lambda path: _describe_run(path) if path.is_dir() else _describe_config(path),
    )


def overrides(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete keys of the configuration, and after the = their choices."""
    key, equals, value = incomplete.partition("=")
    found = keys(_count_layers(context.obj or ()))
    if not equals:
        return [
            CompletionItem(f"{name}=", help=description)
            for name, (description, _) in found.items()
            if name.startswith(key)
        ]
    items = _csvs_of(key, value)
    items += [CompletionItem(choice) for choice in found[key][1] if choice.startswith(value)]
    return [CompletionItem(f"{key}={item.value}", item.type, item.help) for item in items]


def _csvs_of(key: str, value: str) -> "list[CompletionItem[str]]":
    """Complete the path of a CSV; of a list, as `[a.csv,b.csv]`, its last item."""
    if key not in PATH_KEYS:
        return []
    before = ""
    if value.startswith("["):
        before = value[: max(value.rfind("["), value.rfind(",")) + 1]
    items = csvs(value.removeprefix(before))
    return [CompletionItem(before + item.value, item.type, item.help) for item in items]


def keys(layers: int) -> dict[str, tuple[str, list[str]]]:
    """Return the description and the choices of each key of a configuration.

    Args:
        layers: Number of layers, which are the keys network[0], network[1] and so on.
    """
    import json

    schema = json.loads(SCHEMA.read_bytes())
    found: dict[str, tuple[str, list[str]]] = {}

    def collect(path: str, description: str, node: dict[str, Any]) -> None:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        for branch in node.get("anyOf", node.get("oneOf", [])):
            collect(path, description, branch)
        for name, child in node.get("properties", {}).items():
            collect(f"{path}.{name}".lstrip("."), child.get("description", description), child)
        if "items" in node and path not in _WHOLE:
            for index in range(layers):
                collect(f"{path}[{index}]", description, node["items"])
        elif not node.keys() & {"anyOf", "oneOf", "properties"}:
            choices = found.setdefault(path, (description, []))[1]
            choices += node.get("enum", [node["const"]] if "const" in node else [])
            if node.get("type") == "null":
                choices.append("null")

    collect("", "", schema)
    return found


def _count_layers(words: Iterable[str]) -> int:
    """Count the layers of the configuration on the command line; 1 if there is none."""
    for path in map(Path, words):
        with suppress(OSError, ValueError):
            if path.suffix in YAML:
                text = re.sub("#.*", "", path.read_text(encoding="utf-8"))
                return max(1, len(re.findall(r"\bdense\s*:", text)))
    return 1


def _paths(
    incomplete: str, search_folders: Iterable[str], describe: Callable[[Path], str | None]
) -> "list[CompletionItem[str]]":
    """Complete matching paths, then folders that may contain others.

    Args:
        incomplete: The incomplete path.
        search_folders: Folders whose matching paths are found by their names alone, too.
        describe: Returns the description of a matching path, or None of any other.
    """
    if incomplete.startswith(("~", "$")):
        return [CompletionItem(incomplete, "file")]  # only the shell can expand these
    parent, slash, name = incomplete.rpartition("/")
    typed = parent + slash
    matches, folders = [], []
    for folder in [typed] if slash else [typed, *search_folders]:
        for path in _visible(Path(folder), name):
            description = describe(path)
            if description is not None:
                matches.append(CompletionItem(folder + path.name, help=description or None))
            elif folder == typed and path.is_dir():
                folders.append(CompletionItem(f"{folder}{path.name}/"))
    return matches + folders if incomplete or not matches else matches


def _visible(folder: Path, prefix: str) -> list[Path]:
    """Return the paths in a folder that start with a prefix; hidden ones only if it has a dot."""
    with suppress(OSError):
        return sorted(
            path
            for path in folder.iterdir()
            if path.name.startswith(prefix)
            and (prefix.startswith(".") or not path.name.startswith("."))
        )
    return []


def _describe_config(path: Path) -> str | None:
    return _describe_yaml(path, is_sweep=False)


def _describe_yaml(path: Path, is_sweep: bool) -> str | None:
    """Return the comment in the first line, or None of a file of the other kind."""
    if path.suffix not in YAML:
        return None
    text = ""
    with suppress(OSError, ValueError), path.open(encoding="utf-8") as file:
        text = file.read(_MAX_CHARACTERS)
    if is_sweep != bool(re.search(r"^space\s*:", text, re.MULTILINE)):
        return None
    line = text.partition("\n")[0].strip()
    return line.lstrip("# ") if line.startswith("#") else ""


def _describe_run(path: Path) -> str | None:
    """Return the accuracy of the best epoch, for a committee the mean over its members."""
    if not (path / "config.yaml").is_file():
        return None
    folds = sorted(path.glob("fold-*/metrics.csv"))
    members = folds or sorted(path.glob("member-*/metrics.csv"))
    accuracies = []
    with suppress(OSError, ValueError, LookupError, TypeError, csv.Error):
        for history in members or [path / "metrics.csv"]:
            if not history.is_file():  # reading a pipe could block forever
                return ""
            with history.open(encoding="utf-8", newline="") as file:
                accuracies.append(max(float(row["val_accuracy"]) for row in csv.DictReader(file)))
        mean = sum(accuracies) / len(accuracies)
        return f"{mean:.2%} validation accuracy" + (
            f", mean of {len(members)} {'folds' if folds else 'members'}" if members else ""
        )
    return ""
