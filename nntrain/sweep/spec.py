"""SWEEP.yaml: which keys of which configuration are tried, how often, and how they are chosen."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from nntrain.config.issues import ConfigIssue, KeyPath, SourceMap, location_of, report
from nntrain.config.load import parse, parse_config, read_text
from nntrain.config.schema import Config, ConfigModel, Seed, expect, increasing, rule_error
from nntrain.errors import ConfigError
from nntrain.training.rows import split_seed

_EXAMPLE = "configs/sweep.yaml is an example"


def _above_0(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] <= 0:
        raise ValueError
    return bounds


# As far as floating-point numbers, which Optuna reckons with, hold whole ones.
_Whole = Annotated[int, Field(gt=-(2**53), lt=2**53)]


class Parameter(ConfigModel):
    """The values that one key may take: of one of the first four kinds."""

    choice: tuple[Any, ...] | None = Field(
        default=None, min_length=1, description="any of these values"
    )
    range: Annotated[
        Annotated[tuple[float, float], AfterValidator(increasing)] | None,
        expect("two numbers, the lower one first, such as [0.1, 0.9]"),
    ] = Field(default=None, description="any number between two")
    log: Annotated[
        Annotated[tuple[float, float], AfterValidator(increasing), AfterValidator(_above_0)] | None,
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
    def _be_one_kind(self) -> "Parameter":
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
                sentence = f"must be at most {distance}, as far as the two are apart, not"
                raise rule_error(f"{sentence} {self.step}", "step")
        return self

    def extremes(self) -> tuple[Any, ...]:
        """Values between which all others lie, or all of them."""
        return self.choice or self.range or self.log or self.whole or ()


class Pruning(ConfigModel):
    """Trials that are worse than others were after as many epochs are not trained to the end."""

    keep: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5, description="share of the whole trials before it that a trial must be among"
    )
    first: Annotated[int, Field(ge=1)] = Field(
        default=1, description="the epoch of the first look; each further one comes twice as late"
    )
    after: Annotated[int, Field(ge=1)] = Field(
        default=4, description="whole trials there must be before one is ended early"
    )


class Sweep(ConfigModel):
    """All that a sweep depends on, besides the configuration that it varies."""

    config: str = Field(min_length=1, description="the configuration that is varied")
    space: dict[str, Parameter] = Field(
        description="the values to try for each of some of its keys"
    )
    trials: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="how many trainings; null for as many as the hours allow"
    )
    hours: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="after which no trial begins any more; null for any number"
    )
    strategy: Literal["tpe", "random", "grid"] = Field(
        default="tpe",
        description="how values are chosen: from what has been good so far, at random, or all",
    )
    pruning: Pruning | None = Field(
        default=None, description="when trials are ended early; null for never"
    )
    at_once: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=8,
        description="trials that may run at the same time; each knows how those went that began "
        "at least so many before it, and no others",
    )
    seed: Seed = Field(default=0, description="where the choice of values starts")

    @field_validator("space")
    @classmethod
    def _vary_something(cls, space: dict[str, Parameter]) -> dict[str, Parameter]:
        if not space:
            raise rule_error("is empty; name a key of the configuration and the values to try")
        return space


def _model_at(loc: KeyPath) -> type[BaseModel]:
    match loc:
        case ("space", _, *_):
            return Parameter
        case ("pruning", *_):
            return Pruning
    return Sweep


class SweepSpec(NamedTuple):
    """A sweep with the text of the configuration that it varies.

    Attributes:
        sweep: What is tried.
        text: The same, as it was written.
        base: The configuration's text.
    """

    sweep: Sweep
    text: str
    base: str

    def config(self, values: dict[str, Any]) -> Config:
        """The configuration with these values for some of its keys.

        Raises:
            ConfigError: They do not go together.
        """
        return parse_config(self.base, self.sweep.config, _overrides(values))


def load_sweep(path: Path, base: Path | None = None) -> SweepSpec:
    """Read a sweep, and see that its configuration and each value of each key are possible.

    Args:
        path: The sweep's file.
        base: A copy of the configuration that it names, to be read instead.

    Raises:
        ConfigError: They are not; one line for each fault.
    """
    text = read_text(path, _EXAMPLE)
    sweep, places = parse(text, str(path), Sweep, _model_at, starter=_EXAMPLE)
    try:
        definition = SweepSpec(sweep, text, read_text(base or sweep.config))
    except ConfigError as error:
        raise ConfigError(str(_fault(places, ("config",), str(error)))) from None
    config = definition.config({})
    if fault := _unrankable(config):
        raise ConfigError(str(_fault(places, ("config",), f"{sweep.config}: {fault}")))
    faults = [
        _fault(places, ("space", key), fault)
        for key, axis in sweep.space.items()
        if (fault := _issue_of(definition, config, key, axis))
    ]
    if sweep.trials is None and sweep.hours is None and sweep.strategy != "grid":
        faults.append(_fault(places, (), "missing key 'trials' or 'hours'; say how long to search"))
    if faults:
        raise ConfigError(*report(faults))
    return definition


def _issue_of(definition: SweepSpec, base: Config, key: str, axis: Parameter) -> str | None:
    """What is wrong with the values of a key."""
    if definition.sweep.strategy == "grid" and axis.choice is None and axis.whole is None:
        return "a grid cannot try all of these numbers; give a choice, or whole ones and a step"
    for value in axis.extremes():
        values = {key: value}
        try:
            config = definition.config(values)
        except ConfigError as error:
            said = str(error).splitlines()[0]
            return (
                f"with {show_value(value)}: {said.removeprefix(f'--set {_overrides(values)[0]}: ')}"
            )
        if fault := _unrankable(config):
            return f"with {show_value(value)}: {fault}"
        if _rows(config) != _rows(base):
            mend = (
                f"give data.split_seed a number in {definition.sweep.config}"
                if key == "seed"
                else "leave it as it is, and try others in a sweep of their own"
            )
            return f"decides which rows are held out, and trials must share them; {mend}"
    return None


def _unrankable(config: Config) -> str | None:
    """Why trials of a configuration could not be ranked."""
    if not config.data.validation:
        return "data.validation is 0, but trials are ranked by the rows held out; hold some out"
    if config.members > 1:
        return f"members is {config.members}, but a trial trains one network; write members: 1"
    return None


def _rows(config: Config) -> tuple[Any, ...]:
    """What decides which rows are read, and which of them held out."""
    data = config.data
    drawn = split_seed(config) if isinstance(data.validation, float) else None
    return data.train, data.validation, drawn, data.classes, data.label_column


def show_value(value: Any) -> str:
    """A value as it is written in YAML, on one line."""
    return json.dumps(value, ensure_ascii=False)


def _overrides(values: dict[str, Any]) -> list[str]:
    """As `--set` takes them; what is a part of another value comes after it."""
    return [f"{key}={show_value(values[key])}" for key in sorted(values, key=len)]


def _fault(places: SourceMap, path: KeyPath, sentence: str) -> ConfigIssue:
    return ConfigIssue(location_of(path, places), path, sentence)
