"""A sweep that is given on the command line: all combinations of some values of some keys."""

import re
from collections.abc import Sequence
from pathlib import Path

from nntrain.config import FileFinder
from nntrain.config.issues import Location, config_error, shortened
from nntrain.config.source import read_yaml
from nntrain.errors import ConfigError
from nntrain.sweep.spec import SweepSpec, load_sweep, show_value
from nntrain.training.run import SWEEP

OPTION = "--try"
_EXAMPLE = "training.optimizer.learning_rate=0.03,0.3"


def grid_text(config: Path, tries: Sequence[str], overrides: Sequence[str] = ()) -> str:
    """The content of a sweep's file that trains a configuration with each combination of values.

    Args:
        config: The configuration's file.
        tries: KEY=VALUE,VALUE… of each key, the values in YAML.
        overrides: KEY=VALUE of keys that all combinations share; comments, so that sweeps with
            others have another text.

    Raises:
        ConfigError: If one is not of that form, or a key is given twice.
    """
    lines = [f"# --set {show_value(override)}" for override in overrides]
    lines += [f"config: {show_value(str(config))}", "space:"]
    keys = set[str]()
    for given in tries:
        key, values = _parse(given)
        if key in keys:
            raise ConfigError(f"{OPTION} {key}: given twice; list all of its values in one option")
        keys.add(key)
        lines.append(f"  {show_value(key)}: {{choice: {show_value(values)}}}")
    return "\n".join([*lines, "strategy: grid", ""])


def load_grid(text: str, finder: FileFinder, overrides: Sequence[str] = ()) -> SweepSpec:
    """Check the sweep of such a text.

    Raises:
        ConfigError: If anything is invalid; each line names the option.
        DataError: See `FileFinder.find_csvs`.
    """
    try:
        return load_sweep(Path(OPTION), finder=finder, text=text, overrides=overrides)
    except ConfigError as error:  # of a file that the user has not written
        message = re.sub(rf"^{OPTION}:\d+: (space\.)?", f"{OPTION} ", str(error), flags=re.M)
        raise ConfigError(message.replace(f"{OPTION} config: ", "")) from None


def _parse(given: str) -> tuple[str, list[object]]:
    """The key and its values."""
    key, equals, text = (part.strip() for part in given.partition("="))
    location = Location((1, 0), shortened(f"{OPTION} {given}", 70))
    values, _ = read_yaml(f"[{text}]", lambda _: location)
    if not (key and equals and isinstance(values, tuple) and values):
        raise config_error(location, (), f"write KEY=VALUE,VALUE, for example {_EXAMPLE}")
    return key, list(values)


def grid_folder(runs: Path, config: Path, text: str) -> Path:
    """The folder of the same sweep, or else the first free one: NAME-try, NAME-try-2 and so on."""
    number, folder = 1, runs / f"{config.stem}-try"
    while (folder / SWEEP).exists():
        if (folder / SWEEP).read_text(encoding="utf-8") == text:
            break
        number += 1
        folder = runs / f"{config.stem}-try-{number}"
    return folder
