"""The schema of SWEEP.yaml: which keys of a configuration are varied, and how."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PositiveFloat,
    field_validator,
    model_validator,
)

from nntrain.config.finder import CSVS, FileFinder
from nntrain.config.issues import (
    ConfigIssue,
    KeyPath,
    location_of,
    override_text,
    report,
    shortened,
)
from nntrain.config.load import STARTER, parse, parse_config, read_text, with_overrides
from nntrain.config.memory import check_network_fits
from nntrain.config.schema import Config, ConfigModel, Epochs, Seed, expect, increasing, rule_error
from nntrain.errors import ConfigError
from nntrain.training.rows import split_seed

_EXAMPLE = "configs/sweep.yaml is an example"
# Integers that are exact as floating-point numbers, which Optuna computes with.
_Whole = Annotated[int, Field(gt=-(2**53), lt=2**53)]
_MOST_TRIALS = 1_000_000  # ranking more would take hours
_Count = Annotated[int, Field(ge=1, le=_MOST_TRIALS)]


class Parameter(ConfigModel):
    """The values of one key, given by exactly one of `choice`, `range`, `log` and `whole`."""

    choice: tuple[Any, ...] | None = Field(
        default=None, min_length=1, max_length=1_000, description="any of these values"
    )
    range: Annotated[
        Annotated[tuple[float, float], AfterValidator(increasing)] | None,
        expect("two numbers, the lower one first, such as [0.1, 0.9]"),
    ] = Field(default=None, description="any number between two")
    log: Annotated[
        Annotated[tuple[PositiveFloat, PositiveFloat], AfterValidator(increasing)] | None,
        expect("two numbers above 0, the lower one first, such as [1e-4, 0.1]"),
    ] = Field(default=None, description="any number between two, each power of ten as likely")
    whole: Annotated[
        Annotated[tuple[_Whole, _Whole], AfterValidator(increasing)] | None,
        expect("two whole numbers, the lower one first, such as [10, 100]"),
    ] = Field(default=None, description="any whole number between two, both included")
    step: Annotated[int, Field(ge=1)] = Field(
        default=1, description="between neighbouring whole numbers"
    )

    @model_validator(mode="after")
    def _check_kind(self) -> "Parameter":
        kinds = ("choice", "range", "log", "whole")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if not given:
            raise rule_error(f"says no values; give one of {', '.join(kinds)}")
        if len(given) > 1:
            raise rule_error(f"has {' and '.join(given)}; keep one of them")
        if "step" in self.model_fields_set:
            if self.whole is None:
                raise rule_error("belongs to whole numbers; remove it", "step")
            if self.step > (distance := self.whole[1] - self.whole[0]):
                raise rule_error(
                    f"must be at most {distance}, as far as the two are apart, not {self.step}",
                    "step",
                )
        return self

    def extremes(self) -> tuple[Any, ...]:
        """The bounds of the values, or all choices."""
        return self.choice or self.range or self.log or self.whole or ()

    def count(self) -> int:
        """The number of values, if they are choices or whole numbers."""
        if self.whole is not None:
            return len(range(self.whole[0], self.whole[1] + 1, self.step))
        return len(self.choice or ())


class Pruning(ConfigModel):
    """When trials end early because others were better after as many epochs."""

    keep: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5,
        description="share of the earlier complete trials that a trial must be as good as",
    )
    first: Epochs = Field(
        default=1,
        description="first epoch after which trials may end early; then twice as many, and so on",
    )
    after: _Count = Field(
        default=4, description="complete trials there must be before one ends early"
    )


class Sweep(ConfigModel):
    """The content of SWEEP.yaml."""

    config: str = Field(min_length=1, description="the configuration that is varied")
    space: dict[str, Parameter] = Field(
        description="the values to try for each of some of its keys"
    )
    trials: _Count | None = Field(
        default=None, description="number of trials; null for as many as the hours allow"
    )
    hours: Annotated[float, Field(gt=0, le=100_000)] | None = Field(
        default=None, description="time after which no trial starts any more; null for any time"
    )
    strategy: Literal["tpe", "random", "grid"] = Field(
        default="tpe",
        description="how values are chosen: near good ones, at random, or all combinations",
    )
    pruning: Pruning | None = Field(
        default=None, description="when trials are ended early; null for never"
    )
    at_once: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=8,
        description="trials that may run at the same time; the choice of a trial's values uses the "
        "results of those that started at least so many before it",
    )
    seed: Seed = Field(default=0, description="seed of the choice of values")

    @field_validator("space")
    @classmethod
    def _check_not_empty(cls, space: dict[str, Parameter]) -> dict[str, Parameter]:
        if not space:
            raise rule_error("is empty; name a key of the configuration and the values to try")
        return space


def _schema_at(loc: KeyPath) -> type[BaseModel]:
    match loc:
        case ("space", _, *_):
            return Parameter
        case ("pruning", *_):
            return Pruning
    return Sweep


class SweepSpec(NamedTuple):
    """A validated sweep with the configuration that it varies."""

    sweep: Sweep
    text: str  # of the sweep's file
    base: str  # text of the configuration's file
    source: str  # path of that file
    csvs: dict[str, str | tuple[str, ...]]  # where the CSVs were found, by their keys
    classes: tuple[str, ...] | None = None  # of the training rows; None before they are read

    def config(self, values: dict[str, Any]) -> Config:
        """The configuration with these values for some of its keys.

        Raises:
            ConfigError: If a value is invalid, or values contradict each other.
        """
        csvs = {} if "data" in values else self.csvs
        config = parse_config(self.base, self.source, _overrides(csvs | values))
        return config if self.classes is None else config.with_classes(self.classes)

    def as_written(self) -> "SweepSpec":
        """The same with the paths of the CSVs as the configuration's file says."""
        return self._replace(csvs={})


def load_sweep(
    path: Path,
    base: Path | None = None,
    finder: FileFinder | None = None,
    text: str | None = None,
    overrides: Sequence[str] = (),
) -> SweepSpec:
    """Read a sweep, and check its configuration with each value of each key.

    Args:
        path: The sweep's file.
        base: A file to read instead of the configuration that the sweep names.
        finder: Finds that configuration and its CSVs; None leaves their paths as written.
        text: The content of the sweep's file; None: it is read.
        overrides: KEY=VALUE of keys of the configuration that all trials share.

    Raises:
        ConfigError: If anything is invalid, with one line for each issue.
        DataError: See `FileFinder.find_csvs`.
    """
    text = read_text(path, _EXAMPLE) if text is None else text
    sweep, source_map = parse(text, str(path), Sweep, _schema_at, starter=_EXAMPLE)

    def issue(path: KeyPath, message: str) -> ConfigIssue:
        return ConfigIssue(location_of(path, source_map), path, message)

    source = sweep.config
    if finder:
        source = finder.find(source, ("config",), source_map, path, (ConfigError, STARTER))
    try:
        varied = _overridden(read_text(base or source), source, overrides, sweep)
        definition = SweepSpec(sweep, text, varied, source, {})
    except ConfigError as error:
        raise ConfigError(str(issue(("config",), str(error)))) from None
    if finder:
        definition = definition._replace(csvs=_found(definition, finder))
    config = definition.config({})
    if message := _ranking_issue(config):
        raise ConfigError(str(issue(("config",), f"{source}: {message}")))
    issues = [
        issue(("space", key), message)
        for key, parameter in sweep.space.items()
        if (message := _issue_with(definition, config, key, parameter))
    ]
    if message := _endless(sweep):
        issues.append(issue((), message))
    if issues:
        raise ConfigError(*report(issues))
    return definition


def _overridden(text: str, source: str, overrides: Sequence[str], sweep: Sweep) -> str:
    """The text of a configuration with other values for some keys.

    Raises:
        ConfigError: If one is invalid, or the sweep varies that key.
    """
    for override in overrides:
        key = override.partition("=")[0].strip()
        for varied in sweep.space:
            if f"{key}.".startswith((f"{varied}.", f"{varied}[")):
                raise ConfigError(
                    f"{override_text(override)}: the sweep tries values of {varied}; leave out one"
                )
    return with_overrides(text, source, overrides) if overrides else text


def _found(definition: SweepSpec, finder: FileFinder) -> dict[str, str | tuple[str, ...]]:
    """Where the CSVs of the configuration are, by their keys."""
    data = parse_config(definition.base, definition.source, (), finder).data
    paths = {f"data.{name}": getattr(data, name) for name in CSVS}
    return {key: path for key, path in paths.items() if isinstance(path, str | tuple)}


def check_networks_fit(definition: SweepSpec, inputs: int) -> None:
    """Check that each value of each key gives a network of n_0 = `inputs` that fits into memory.

    Raises:
        ConfigError: If one needs more memory than this machine has.
    """
    for key, parameter in definition.sweep.space.items():
        for value in parameter.extremes():
            try:
                check_network_fits(definition.config({key: value}), inputs, trained=True)
            except ConfigError as error:
                shown = shortened(show_value(value), 60)
                raise ConfigError(f"space.{key}: with {shown}: {error}") from None


def _issue_with(definition: SweepSpec, base: Config, key: str, parameter: Parameter) -> str | None:
    """The first issue with the values of a key."""
    sweep = definition.sweep
    if sweep.strategy == "grid" and parameter.choice is None and parameter.whole is None:
        return "a grid cannot try all of these numbers; give a choice, or whole ones and a step"
    for value in parameter.extremes():
        values = {key: value}
        try:
            config = definition.config(values)
            message = _ranking_issue(config)
        except ConfigError as error:
            message = str(error).splitlines()[0]
            message = message.removeprefix(f"{override_text(_overrides(values)[0])}: ")
            message = re.sub(r"write --set '?([^=]+)=.*", r"write \1", message)
        if message:
            return f"with {shortened(show_value(value), 60)}: {message}"
        if _rows(config) != _rows(base):
            hint = "leave it as it is, and try others in a sweep of their own"
            if key == "seed":
                hint = f"give data.split_seed a number in {definition.source}"
            return f"decides which rows are held out, and trials must share them; {hint}"
    return None


def _endless(sweep: Sweep) -> str | None:
    """Why a sweep would not end."""
    if sweep.trials is not None or sweep.hours is not None:
        return None
    if sweep.strategy != "grid":
        return "missing key 'trials' or 'hours'; say how long to search"
    count = math.prod(parameter.count() for parameter in sweep.space.values())
    if count > _MOST_TRIALS:
        number = shortened(str(count), 20)
        return f"a grid of {number} trials; give fewer values, a larger step, trials or hours"
    return None


def _ranking_issue(config: Config) -> str | None:
    """Why trials of a configuration cannot be ranked."""
    if not config.data.validation:
        return "data.validation is 0, but trials are ranked by the rows held out; hold some out"
    if config.networks > 1:
        several, one = f"{config.part}s is {config.networks}", "null" if config.folds else "1"
        return f"{several}, but a trial trains one network; write {config.part}s: {one}"
    return None


def _rows(config: Config) -> tuple[Any, ...]:
    """All settings that decide which rows are read, and which of them are held out."""
    data = config.data
    seed = split_seed(config) if isinstance(data.validation, float) else None
    reading = data.classes, data.label_column, data.pixel_range
    return data.train, data.validation, seed, *reading


def show_value(value: Any) -> str:
    """Format a value as one line of YAML."""
    return json.dumps(value, ensure_ascii=False)


def _overrides(values: dict[str, Any]) -> list[str]:
    """Format values for `--set`; a part of another value comes after it."""
    return [f"{key}={show_value(values[key])}" for key in sorted(values, key=len)]
