"""SWEEP.yaml: which keys of which configuration are tried, how often, and how they are chosen."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field, model_validator

from nntrain.config.faults import Fault, KeyPath, Places, place_of
from nntrain.config.load import parse, parse_config, read_text
from nntrain.config.schema import Config, Model, Seed, broken_rule, expect
from nntrain.errors import ConfigError

Numbers = Annotated[
    tuple[float, float], expect("two numbers, the lower one first, such as [0.01, 0.1]")
]
WholeNumbers = Annotated[
    tuple[int, int], expect("two whole numbers, the lower one first, such as [100, 800]")
]


class Axis(Model):
    """The values that one key may take: one of these four."""

    choice: tuple[Any, ...] | None = Field(
        default=None, min_length=1, description="any of these values"
    )
    range: Numbers | None = Field(default=None, description="any number between two")
    log: Numbers | None = Field(
        default=None, description="any number between two, each power of ten as likely"
    )
    whole: WholeNumbers | None = Field(
        default=None, description="any whole number between two, both included"
    )
    step: Annotated[int, Field(ge=1)] = Field(
        default=1, description="between neighbouring whole numbers"
    )

    @model_validator(mode="after")
    def _be_one_kind(self) -> "Axis":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise broken_rule(f"must have exactly one of {', '.join(KINDS)}")
        bounds = self.range or self.log or self.whole
        if bounds is not None and bounds[0] >= bounds[1]:
            raise broken_rule("must have two numbers, the lower one first", given[0])
        if self.log is not None and self.log[0] <= 0:
            raise broken_rule("must have numbers above 0", "log")
        return self

    def extremes(self) -> list[Any]:
        """Values between which all others lie, or all of them."""
        return list(self.choice or self.range or self.log or self.whole or ())


KINDS = ("choice", "range", "log", "whole")


class Pruning(Model):
    """Trials that are worse than others were after as many epochs are not trained to the end."""

    keep: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5, description="share of the trials before it that a trial must be among"
    )
    first: Annotated[int, Field(ge=1)] = Field(
        default=1, description="the epoch of the first look; each further one comes twice as late"
    )
    after: Annotated[int, Field(ge=1)] = Field(
        default=4, description="whole trials there must be before one is ended early"
    )


class Sweep(Model):
    """All that a sweep depends on, besides the configuration that it varies."""

    config: str = Field(min_length=1, description="the configuration that is varied")
    space: dict[str, Axis] = Field(
        min_length=1, description="the values to try for each of some of its keys"
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


def _model_at(loc: KeyPath) -> type[BaseModel]:
    match loc:
        case ("space", _, *_):
            return Axis
        case ("pruning", *_):
            return Pruning
    return Sweep


class Definition(NamedTuple):
    """A sweep with the text of the configuration that it varies.

    Attributes:
        sweep: What is tried.
        base: The configuration's text.
        places: Where each key of the sweep stands in its file.
    """

    sweep: Sweep
    base: str
    places: Places

    def config(self, values: dict[str, Any]) -> Config:
        """The configuration with these values for some of its keys.

        Raises:
            ConfigError: They do not go together.
        """
        return parse_config(self.base, self.sweep.config, _overrides(values))


def load_sweep(path: Path, base: Path | None = None) -> Definition:
    """Read a sweep, and see that its configuration and each value of each key are possible.

    Args:
        path: The sweep's file.
        base: A copy of the configuration that it names, to be read instead.

    Raises:
        ConfigError: They are not; one line for each fault.
    """
    sweep, places = parse(read_text(path), str(path), Sweep, _model_at)
    definition = Definition(sweep, read_text(base or sweep.config), places)
    base_config = definition.config({})
    _refuse_what_cannot_be_ranked(definition, ("config",), base_config)
    if sweep.trials is None and sweep.hours is None and sweep.strategy != "grid":
        raise _fault(definition, (), "missing key 'trials' or 'hours'; say how long to search")
    for key, axis in sweep.space.items():
        if sweep.strategy == "grid" and axis.choice is None and axis.whole is None:
            raise _fault(
                definition, ("space", key), "a grid needs a choice, or whole numbers and a step"
            )
        for value in axis.extremes():
            try:
                config = definition.config({key: value})
            except ConfigError as error:
                written = f"{key}={show_value(value)}"
                said = str(error).splitlines()[0].removeprefix(f"--set {written}: ")
                raise _fault(definition, ("space", key), f"{show_value(value)}: {said}") from None
            _refuse_what_cannot_be_ranked(definition, ("space", key), config)
            if _rows_of(config) != _rows_of(base_config):
                raise _fault(
                    definition,
                    ("space", key),
                    f"{show_value(value)}: changes which rows are trained on and held out, but all "
                    f"trials share those of {sweep.config}{_MEND_OF_SEEDS * (key == 'seed')}",
                )
    return definition


def _refuse_what_cannot_be_ranked(definition: Definition, path: KeyPath, config: Config) -> None:
    if not config.data.validation:
        raise _fault(definition, path, "data.validation is 0, but trials are ranked by these rows")
    if config.members > 1:
        raise _fault(definition, path, "several members, but a trial trains one network")


_MEND_OF_SEEDS = "; set data.split_seed there"


def _rows_of(config: Config) -> tuple[Any, ...]:
    """All that decides which rows are read, and how they are split."""
    data = config.data
    seed = config.seed if data.split_seed is None else data.split_seed
    return data.train, data.validation, data.classes, data.label_column, seed


def show_value(value: Any) -> str:
    """A value as it is written in YAML, on one line."""
    return json.dumps(value, ensure_ascii=False)


def _overrides(values: dict[str, Any]) -> list[str]:
    return [f"{key}={show_value(value)}" for key, value in values.items()]


def _fault(definition: Definition, path: KeyPath, sentence: str) -> ConfigError:
    return ConfigError(str(Fault(place_of(path, definition.places), path, sentence)))
