"""Patients that are ill because they were trained so, and healthy runs about which nothing is said."""

import math
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from nntrain.cli import main
from nntrain.config import Config, parse_config
from nntrain.data.demo import demo_digits
from nntrain.data.digits import Digits, Selection
from nntrain.data.kaggle import write_csv
from nntrain.errors import DivergenceError
from nntrain.explain.doctor.diagnoses import DIAGNOSES, Finding, Ill, findings
from nntrain.explain.doctor.examination import (
    Examination,
    Sample,
    State,
    examine,
    loss_of_alike_answers,
)
from nntrain.explain.doctor.report import chains
from nntrain.nn import LOSSES
from nntrain.randomness import Purpose, generator
from nntrain.training.fit import Learning, Split, fit
from nntrain.training.reporter import Reporter
from nntrain.training.run import Run
from tests.conftest import CONFIG, stripes

CONFIGS = Path(__file__).parents[2] / "configs"
# Of pictures of 14×14, that much is enough.
LECTURE = (CONFIGS / "lecture.yaml").read_text("utf-8").replace("dense: 100", "dense: 40")
QUICK = (CONFIGS / "quick.yaml").read_text("utf-8").replace("dense: 300", "dense: 100")
CONSTANT = "training.schedule=constant"


def sgd(rate: float, name: str = "sgd") -> str:
    return f"training.optimizer={{name: {name}, learning_rate: {rate}}}"


def hidden(*widths: int, activation: str, output: str, init: str = "null") -> str:
    layers = [f"{{dense: {n}, activation: {activation}, init: {init}}}" for n in widths]
    return f"network=[{', '.join([*layers, f'{{dense: 10, activation: {output}}}'])}]"


class Patient(NamedTuple):
    """How to make one, and what must be found.

    Attributes:
        text: The configuration that it is made of,
        overrides: and what is changed in it.
        rows: How many it is trained with.
        cause: The first finding.
        key: The key to blame.
        so: What must be told as coming of it.
        perhaps: What may be told, too; anything else must not.
        numbers: What the evidence of the cause must say.
        heals: Whether the advice alone makes it learn well.
    """

    text: str
    overrides: tuple[str, ...]
    rows: int
    cause: Ill
    key: str
    numbers: str
    so: frozenset[Ill] = frozenset()
    perhaps: frozenset[Ill] = frozenset()
    heals: bool = True


SHORT = "training.epochs=5"
SLOW = frozenset({Ill.TOO_LOW, Ill.TOO_SHORT, Ill.FLAT})
PATIENTS = {
    "unscaled inputs of sigmoids": Patient(
        LECTURE,
        ("data.input_range=[0, 255]", SHORT),
        1000,
        Ill.INPUTS,
        "data.input_range",
        r"between 0 and 255",
        so=frozenset({Ill.SATURATED, Ill.FADING}),
        perhaps=SLOW | {Ill.TOO_HIGH},
    ),
    "unscaled inputs of relus": Patient(
        QUICK,
        ("data.input_range=[-100, 300]", SHORT),
        1000,
        Ill.INPUTS,
        "data.input_range",
        r"between -100 and 300",
        so=frozenset({Ill.DEAD}),
        perhaps=frozenset({Ill.TOO_HIGH, Ill.FADING, Ill.FLAT}),
    ),
    "inputs next to nothing": Patient(
        QUICK,
        ("data.input_range=[0, 0.004]", SHORT),
        1000,
        Ill.INPUTS,
        "data.input_range",
        r"between 0 and 0.004",
        so=frozenset({Ill.FLAT}),
        perhaps=SLOW | {Ill.DEAD},
    ),
    "great initial weights": Patient(
        LECTURE,
        ("network[0].init={normal: 3.0}", SHORT),
        1000,
        Ill.SATURATED,
        "network[0].init",
        r"\d\d % of the outputs of layer 1 have a σ′ next to 0 before the first step",
        perhaps=SLOW | {Ill.FADING},
    ),
    "zeros": Patient(
        QUICK,
        (hidden(30, activation="sigmoid", output="softmax", init="zeros"), "network[1].init=zeros"),
        1000,
        Ill.TWINS,
        "network[0].init",
        r"all 30 neurons of layer 1",
        perhaps=SLOW | {Ill.FADING, Ill.TOO_HIGH},
    ),
    "decay": Patient(
        QUICK,
        ("training.optimizer.weight_decay=1.0", "training.epochs=6"),
        1000,
        Ill.DECAY,
        "training.optimizer.weight_decay",
        r"‖W‖ is \S+ of what",
        so=frozenset({Ill.FLAT}),
        perhaps=frozenset({Ill.DEAD, Ill.FADING}),
    ),
    "diverged": Patient(
        QUICK,
        (sgd(30.0), CONSTANT),
        1000,
        Ill.TOO_HIGH,
        "training.optimizer.learning_rate",
        r"the loss became (nan|inf) in epoch 1, batch \d+",
    ),
    "stuck at 0.5": Patient(
        LECTURE,
        (sgd(30.0), SHORT),
        1000,
        Ill.TOO_HIGH,
        "training.optimizer.learning_rate",
        r"E is 0.5\d* after 5 epochs; the same answer to all rows would have 0.4",
        so=frozenset({Ill.SATURATED}),
        perhaps=frozenset({Ill.FADING}),
    ),
    "jumping": Patient(
        QUICK,
        (sgd(0.3, "momentum"), CONSTANT, "training.batch_size=16", "training.epochs=8"),
        1000,
        Ill.TOO_HIGH,
        "training.optimizer.learning_rate",
        r"E (rose after \d of 7 epochs|went up to)",
        perhaps=frozenset({Ill.DEAD, Ill.FADING, Ill.FLAT, Ill.TOO_SHORT}),
    ),
    "dead relus": Patient(
        QUICK,
        (sgd(0.03, "adam"), CONSTANT, "training.batch_size=32"),
        1000,
        Ill.DEAD,
        "training.optimizer.learning_rate",
        r"\d\d % of the neurons of layer 1 are 0 for every row",
        perhaps=frozenset({Ill.OVERFITTING}),
    ),
    "deep sigmoids": Patient(
        LECTURE,
        (hidden(*[30] * 5, activation="sigmoid", output="sigmoid"), SHORT),
        1000,
        Ill.FADING,
        "network[0].activation",
        r"\|δ_1\| \S+e-0\d, .*\|δ_6\| ",
        so=frozenset({Ill.FLAT}),
    ),
    "small initial weights": Patient(
        QUICK,
        (
            hidden(30, 30, 30, activation="tanh", output="softmax", init="{normal: 0.01}"),
            SHORT,
            sgd(0.1),
            CONSTANT,
        ),
        1000,
        Ill.FADING,
        "network[0].init",
        r"\|δ_1\| \S+e-0\d, .*\|δ_4\| ",
        perhaps=SLOW,
    ),
    "slow": Patient(
        QUICK,
        (sgd(1e-6, "adam"), SHORT, CONSTANT),
        1000,
        Ill.TOO_LOW,
        "training.optimizer.learning_rate",
        r"‖ΔW‖/‖W‖ of a step is \de-0\d, where 0.001 is usual",
        perhaps=SLOW,
    ),
    "slow sigmoids": Patient(
        LECTURE,
        (sgd(0.01), SHORT),
        1000,
        Ill.TOO_LOW,
        "training.optimizer.learning_rate",
        r"‖ΔW‖/‖W‖ of a step is",
        perhaps=SLOW,
        heals=False,  # five epochs are few, too, which its next run is told
    ),
    "stopped early": Patient(
        LECTURE,
        ("training.epochs=4",),
        1000,
        Ill.TOO_SHORT,
        "training.epochs",
        r"E fell from 0.\d+ to 0.\d+ in the last 2 epochs of 4",
        heals=False,
    ),
    "overfitting": Patient(
        QUICK,
        (sgd(0.002, "adam"), CONSTANT, "training.batch_size=16", "training.epochs=25"),
        300,
        Ill.OVERFITTING,
        "data.distortion",
        r"(9\d.\d|100.0)% of the training rows right, but [5-8]\d.\d% of the validation rows",
        heals=False,  # 300 digits, however distorted, are few
    ),
}
HEALTHY = {
    "lecture": (LECTURE, ("training.epochs=15",)),
    "quick": (QUICK, ()),
    "relu": (
        QUICK,
        (sgd(0.1), CONSTANT, "training.epochs=4", "training.batch_size=32"),
    ),
    "deep relu": (
        QUICK,
        (
            hidden(*[64] * 5, activation="relu", output="softmax"),
            sgd(0.001, "adam"),
            "training.batch_size=64",
            "training.epochs=6",
        ),
    ),
    "tanh": (
        QUICK,
        (
            hidden(60, activation="tanh", output="softmax"),
            "data.input_range=[-1, 1]",
            sgd(0.001, "adam"),
        ),
    ),
    "yes or no": (
        LECTURE,
        ("loss=binary_cross_entropy", sgd(0.5), "training.epochs=6"),
    ),
    "dropout and smoothing": (
        QUICK,
        ("network[0].dropout=0.3", "training.label_smoothing=0.1"),
    ),
}


@pytest.fixture(scope="module")
def digits() -> Digits:
    """Of 14×14 pixels, which are learnt in a quarter of the time."""
    pixels, labels = demo_digits(5000)
    pixels = pixels.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).astype(np.uint8).reshape(-1, 196)
    return Digits(pixels, "train.csv", labels, None, "label", None)


def split(digits: Digits, rows: int) -> Split:
    return Selection(digits, np.arange(rows)), Selection(digits, np.arange(3750, 5000))


def trained(config: Config, folder: Path, data: Split) -> Examination:
    run = Run.create(folder, config)
    try:
        fit(config, lambda: run, Reporter(), data=data)
    except DivergenceError:
        pass
    return examine(run, data, Reporter(), threads=1)


def ills(found: list[Finding]) -> set[Ill]:
    return {finding.ill for finding in found}


def key_of(finding: Finding) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in finding.path)
    return key.removeprefix(".")


def assignments(finding: Finding) -> list[str]:
    return [f"{key_of(finding._replace(path=path))}={value}" for path, value in finding.mends]


@pytest.mark.parametrize("name", PATIENTS)
def test_a_patient_has_its_own_illness_and_no_other_and_the_advice_helps(
    name: str, digits: Digits, tmp_path: Path
) -> None:
    patient, data = PATIENTS[name], split(digits, PATIENTS[name].rows)
    seen = trained(parse_config(patient.text, "x", patient.overrides), tmp_path / "ill", data)
    found = findings(seen)
    told = chains(found)
    cause = told[0].cause
    assert cause.ill is patient.cause, found
    assert key_of(cause) == patient.key
    assert re.search(patient.numbers, cause.evidence), cause.evidence
    assert patient.so <= ills(told[0].consequences), found
    assert ills(found) <= {patient.cause} | patient.so | patient.perhaps, found

    advised = parse_config(patient.text, "x", (*patient.overrides, *assignments(cause)))
    if patient.heals:
        again = trained(advised, tmp_path / "advised", data)
        assert again.accuracy > seen.accuracy + 0.05 or again.accuracy > 0.9
        assert patient.cause not in ills(findings(again))


def test_every_illness_has_a_patient() -> None:
    # Too few validation rows have tests of their own below.
    assert {patient.cause for patient in PATIENTS.values()} == set(Ill) - {
        Ill.FLAT,
        Ill.VALIDATION,
    }
    assert len(DIAGNOSES) == len(Ill)


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_in_a_healthy_run(name: str, digits: Digits, tmp_path: Path) -> None:
    text, overrides = HEALTHY[name]
    seen = trained(parse_config(text, "x", overrides), tmp_path / "run", split(digits, 3750))
    assert findings(seen) == []
    assert seen.accuracy > 0.75
