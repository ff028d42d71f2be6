"""Badly trained runs with their diagnosis, and good runs without one."""

import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from nntrain.config import parse_config
from nntrain.data.dataset import Dataset, Subset
from nntrain.data.demo import demo_digits
from nntrain.explain.doctor.diagnoses import DIAGNOSES, find_problems
from nntrain.explain.doctor.diagnosis import Diagnosis, DiagnosisKind
from nntrain.explain.doctor.examination import (
    RunStats,
)
from nntrain.explain.doctor.report import cause_chains
from nntrain.training.rows import Split
from tests.support.csvs import make_dataset
from tests.support.doctor import assignments, kinds, sgd, trained
from tests.support.variants import slow_except

CONFIGS = Path(__file__).parents[3] / "configs"


# Enough neurons for pictures of 14×14.
LECTURE = (CONFIGS / "lecture.yaml").read_text("utf-8").replace("dense: 100", "dense: 40")


QUICK = (CONFIGS / "quick.yaml").read_text("utf-8").replace("dense: 300", "dense: 100")


CONSTANT = "training.schedule=constant"


def hidden(*widths: int, activation: str, output: str, init: str = "null") -> str:
    layers = [f"{{dense: {n}, activation: {activation}, init: {init}}}" for n in widths]
    return f"network=[{', '.join([*layers, f'{{dense: 10, activation: {output}}}'])}]"


class BadRun(NamedTuple):
    """How to train a run badly, and the expected diagnoses.

    Attributes:
        text: The configuration,
        overrides: and its changes.
        rows: Number of training rows.
        cause: The first diagnosis.
        key: The key that it names.
        numbers: A pattern for its evidence.
        consequences: Diagnoses that must follow from it.
        possible: Diagnoses that may be made too; no others may.
        remedied: Whether the remedies alone make it learn well.
    """

    text: str
    overrides: tuple[str, ...]
    rows: int
    cause: DiagnosisKind
    key: str
    numbers: str
    consequences: frozenset[DiagnosisKind] = frozenset()
    possible: frozenset[DiagnosisKind] = frozenset()
    remedied: bool = True


SHORT = "training.epochs=5"


SLOW = frozenset({DiagnosisKind.RATE_TOO_LOW, DiagnosisKind.TOO_SHORT, DiagnosisKind.CONSTANT})


BADLY_TRAINED = {
    "unscaled inputs with sigmoids": BadRun(
        LECTURE,
        ("data.input_range=[0, 255]", SHORT),
        1000,
        DiagnosisKind.INPUTS,
        "data.input_range",
        r"between 0 and 255",
        consequences=frozenset({DiagnosisKind.SATURATED, DiagnosisKind.VANISHING}),
        possible=SLOW | {DiagnosisKind.RATE_TOO_HIGH},
    ),
    "unscaled inputs with relus": BadRun(
        QUICK,
        ("data.input_range=[-100, 300]", SHORT),
        1000,
        DiagnosisKind.INPUTS,
        "data.input_range",
        r"between -100 and 300",
        consequences=frozenset({DiagnosisKind.DEAD}),
        possible=frozenset(
            {DiagnosisKind.RATE_TOO_HIGH, DiagnosisKind.VANISHING, DiagnosisKind.CONSTANT}
        ),
    ),
    "inputs near 0": BadRun(
        QUICK,
        ("data.input_range=[0, 0.004]", SHORT),
        1000,
        DiagnosisKind.INPUTS,
        "data.input_range",
        r"between 0 and 0.004",
        consequences=frozenset({DiagnosisKind.CONSTANT}),
        possible=SLOW | {DiagnosisKind.DEAD},
    ),
    "large initial weights": BadRun(
        LECTURE,
        ("network[0].init={normal: 3.0}", SHORT),
        1000,
        DiagnosisKind.SATURATED,
        "network[0].init",
        r"\d\d % of the outputs of layer 1 have a σ′ next to 0 before the first step",
        possible=SLOW | {DiagnosisKind.VANISHING},
    ),
    "zeros": BadRun(
        QUICK,
        (hidden(30, activation="sigmoid", output="softmax", init="zeros"), "network[1].init=zeros"),
        1000,
        DiagnosisKind.SYMMETRIC,
        "network[0].init",
        r"all 30 neurons of layer 1",
        possible=SLOW | {DiagnosisKind.VANISHING, DiagnosisKind.RATE_TOO_HIGH},
    ),
    "decay": BadRun(
        QUICK,
        ("training.optimizer.weight_decay=1.0", "training.epochs=6"),
        1000,
        DiagnosisKind.DECAY,
        "training.optimizer.weight_decay",
        r"‖W‖ is \S+ of what",
        consequences=frozenset({DiagnosisKind.CONSTANT}),
        possible=frozenset({DiagnosisKind.DEAD, DiagnosisKind.VANISHING}),
    ),
    "diverged": BadRun(
        QUICK,
        (hidden(40, 40, activation="leaky_relu", output="softmax"), sgd(30.0), CONSTANT),
        1000,
        DiagnosisKind.RATE_TOO_HIGH,
        "training.optimizer.learning_rate",
        r"the loss became (nan|inf) in epoch 1, batch \d+",
    ),
    "diverged later": BadRun(
        QUICK,
        (
            hidden(40, activation="relu", output="identity"),
            "loss=squared_error",
            sgd(3.0),
            CONSTANT,
        ),
        1000,
        DiagnosisKind.RATE_TOO_HIGH,
        "training.optimizer.learning_rate",
        r"the loss became (nan|inf) in epoch [2-9], batch \d+",
        possible=frozenset({DiagnosisKind.DEAD, DiagnosisKind.VANISHING}),
    ),
    "stuck at 0.5": BadRun(
        LECTURE,
        (sgd(30.0), SHORT),
        1000,
        DiagnosisKind.RATE_TOO_HIGH,
        "training.optimizer.learning_rate",
        r"E is 0.5\d* after 5 epochs; the same answer to all rows would have 0.4",
        consequences=frozenset({DiagnosisKind.SATURATED}),
        possible=frozenset({DiagnosisKind.VANISHING}),
    ),
    "jumping": BadRun(
        QUICK,
        (sgd(0.3, "momentum"), CONSTANT, "training.batch_size=16", "training.epochs=8"),
        1000,
        DiagnosisKind.RATE_TOO_HIGH,
        "training.optimizer.learning_rate",
        r"E (rose after \d of 7 epochs|went up to)",
        possible=frozenset(
            {
                DiagnosisKind.DEAD,
                DiagnosisKind.VANISHING,
                DiagnosisKind.CONSTANT,
                DiagnosisKind.TOO_SHORT,
            }
        ),
    ),
    "dead relus": BadRun(
        QUICK,
        (sgd(0.03, "adam"), CONSTANT, "training.batch_size=32"),
        1000,
        DiagnosisKind.DEAD,
        "training.optimizer.learning_rate",
        r"\d\d % of the neurons of layer 1 are 0 for every row",
        possible=frozenset({DiagnosisKind.OVERFITTING}),
    ),
    "relus that small weights kill": BadRun(
        QUICK,
        (hidden(50, 50, 50, activation="relu", output="softmax", init="{normal: 0.001}"), SHORT),
        1000,
        DiagnosisKind.DEAD,
        "network[0].init",
        r"of the neurons of layer 3 are 0 for every row .*; \|δ_1\| was \de-0\d of \|δ_4\| then",
        possible=SLOW | {DiagnosisKind.VANISHING},
    ),
    "l1 and a harmless weight decay": BadRun(
        QUICK,
        ("training.l1=0.1", "training.optimizer.weight_decay=5e-5", "training.epochs=6"),
        1000,
        DiagnosisKind.DECAY,
        "training.l1",
        r"‖W‖ is \S+ of what",
        consequences=frozenset({DiagnosisKind.CONSTANT}),
        possible=frozenset({DiagnosisKind.DEAD, DiagnosisKind.VANISHING}),
    ),
    "deep sigmoids": BadRun(
        LECTURE,
        (hidden(*[30] * 5, activation="sigmoid", output="sigmoid"), SHORT),
        1000,
        DiagnosisKind.VANISHING,
        "network[0].activation",
        r"\|δ_1\| \de-05, .*\|δ_6\| 0.0",
        consequences=frozenset({DiagnosisKind.CONSTANT}),
    ),
    "small initial weights": BadRun(
        QUICK,
        (
            hidden(30, 30, 30, activation="tanh", output="softmax", init="{normal: 0.01}"),
            SHORT,
            sgd(0.1),
            CONSTANT,
        ),
        1000,
        DiagnosisKind.VANISHING,
        "network[0].init",
        r"\|δ_1\| 0.00\d, .*\|δ_4\| ",
        possible=SLOW,
    ),
    "slow": BadRun(
        QUICK,
        (sgd(1e-6, "adam"), SHORT, CONSTANT),
        1000,
        DiagnosisKind.RATE_TOO_LOW,
        "training.optimizer.learning_rate",
        r"‖ΔW‖/‖W‖ of a step is \de-0\d, where 0.001 is usual",
        possible=SLOW,
    ),
    "slow sigmoids": BadRun(
        LECTURE,
        (sgd(0.01), SHORT),
        1000,
        DiagnosisKind.RATE_TOO_LOW,
        "training.optimizer.learning_rate",
        r"‖ΔW‖/‖W‖ of a step is",
        possible=SLOW,
    ),
    "stopped early": BadRun(
        LECTURE,
        ("training.epochs=4",),
        1000,
        DiagnosisKind.TOO_SHORT,
        "training.epochs",
        r"E fell from 0.\d+ to 0.\d+ in the last 2 of 4 epochs",
    ),
    "overfitting": BadRun(
        QUICK,
        (sgd(0.002, "adam"), CONSTANT, "training.batch_size=16", "training.epochs=25"),
        300,
        DiagnosisKind.OVERFITTING,
        "data.distortion",
        r"(9\d.\d|100.0)% of the training rows right, but [5-8]\d.\d% of the validation rows",
        remedied=False,  # 300 digits, however distorted, are few
    ),
}


WELL_TRAINED = {
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
def digits() -> Dataset:
    """Of 14×14 pixels, which are learnt in a quarter of the time."""
    pixels, labels = demo_digits(5000)
    pixels = pixels.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).astype(np.uint8).reshape(-1, 196)
    return make_dataset(pixels, labels)


def split(digits: Dataset, rows: int) -> Split:
    return Subset(digits, np.arange(rows)), Subset(digits, np.arange(3750, 5000))


def key_of(finding: Diagnosis) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in finding.path)
    return key.removeprefix(".")


# One of each cause that has several.
QUICK_ONES = {
    "inputs near 0",
    "large initial weights",
    "zeros",
    "l1 and a harmless weight decay",
    "stuck at 0.5",
    "relus that small weights kill",
    "deep sigmoids",
    "slow sigmoids",
    "stopped early",
    "overfitting",
}


@pytest.mark.parametrize("name", slow_except(QUICK_ONES, BADLY_TRAINED))
def test_a_bad_run_gets_its_own_diagnosis_alone_and_the_remedy_helps(
    name: str, digits: Dataset, tmp_path: Path
) -> None:
    case, data = BADLY_TRAINED[name], split(digits, BADLY_TRAINED[name].rows)
    stats = trained(parse_config(case.text, "x", case.overrides), tmp_path / "bad", data)
    found = find_problems(stats)
    chains = cause_chains(found)
    cause = chains[0].cause
    assert cause.kind is case.cause, found
    assert key_of(cause) == case.key
    assert re.search(case.numbers, cause.evidence), cause.evidence
    assert case.consequences <= kinds(chains[0].consequences), found
    assert kinds(found) <= {case.cause} | case.consequences | case.possible, found

    advised = parse_config(case.text, "x", (*case.overrides, *assignments(stats, found)))
    # The epochs that are advised for so few rows take seconds; fewer show as much.
    training = advised.training.model_copy(update={"epochs": min(20, advised.training.epochs)})
    advised = advised.model_copy(update={"training": training})
    if case.remedied:
        again = trained(advised, tmp_path / "advised", data)
        best, before = (
            max((record.val_accuracy for record in run.history), default=0.0)
            for run in (again, stats)
        )
        assert best > before + 0.05 or best > 0.9
        # A thousand rows can be learnt by heart as soon as they are learnt at all.
        assert kinds(find_problems(again)) <= {DiagnosisKind.OVERFITTING}


def test_every_diagnosis_has_a_badly_trained_run() -> None:
    # Doubtful rows have tests of their own below.
    assert {BADLY_TRAINED[name].cause for name in QUICK_ONES} == set(DiagnosisKind) - {
        DiagnosisKind.CONSTANT,
        DiagnosisKind.VALIDATION,
        DiagnosisKind.PIXELS,
        DiagnosisKind.SHARED,
        DiagnosisKind.NOT_VALIDATED,
    }
    assert len(DIAGNOSES) == len(DiagnosisKind)


@pytest.mark.parametrize(
    ("greatest", "shared", "missing", "expected"),
    [
        (16, False, False, {DiagnosisKind.PIXELS: "[0, 16]"}),
        (255, True, False, {DiagnosisKind.SHARED: None}),
        (255, False, True, {DiagnosisKind.NOT_VALIDATED: "0.1"}),
    ],
)
def test_doubtful_rows_are_found_and_the_key_is_named(
    greatest: int,
    shared: bool,
    missing: bool,
    expected: dict[DiagnosisKind, str | None],
    digits: Dataset,
    tmp_path: Path,
) -> None:
    dim = make_dataset(np.minimum(digits.pixels, greatest), digits.labels)
    assert dim.labels is not None
    held_out = np.arange(3750, 5000)
    if missing:
        held_out = held_out[dim.labels[held_out] > 3]
    training = np.arange(4000 if shared else 3750)
    config = parse_config(QUICK, "x", ("training.epochs=1",))
    stats = trained(config, tmp_path / "run", (Subset(dim, training), Subset(dim, held_out)))
    doubtful = {DiagnosisKind.PIXELS, DiagnosisKind.SHARED, DiagnosisKind.NOT_VALIDATED}
    found = {finding.kind: finding for finding in find_problems(stats) if finding.kind in doubtful}
    assert {
        kind: finding.remedies[0][1] if finding.remedies else None
        for kind, finding in found.items()
    } == expected
    if shared:
        assert "250 of 1,250 validation rows (20 %)" in found[DiagnosisKind.SHARED].evidence
    if missing:
        assert "no validation row is of class 0–3" in found[DiagnosisKind.NOT_VALIDATED].evidence


@pytest.mark.parametrize("name", slow_except({"deep relu", "yes or no"}, WELL_TRAINED))
def test_nothing_is_found_in_a_well_trained_run(name: str, digits: Dataset, tmp_path: Path) -> None:
    text, overrides = WELL_TRAINED[name]
    stats = trained(parse_config(text, "x", overrides), tmp_path / "run", split(digits, 3750))
    assert find_problems(stats) == []
    assert stats.accuracy > 0.75
    not_begun = replace(stats, history=[], finished=False, end=None, weights=None)
    assert find_problems(not_begun) == []


def badly_trained(name: str, digits: Dataset, folder: Path) -> RunStats:
    case = BADLY_TRAINED[name]
    config = parse_config(case.text, "x", case.overrides)
    return trained(config, folder / "run", split(digits, case.rows))


def test_symmetric_neurons_that_rounding_separated_are_still_the_cause(
    digits: Dataset, tmp_path: Path
) -> None:
    stats = badly_trained("zeros", digits, tmp_path)
    assert stats.weights is not None
    separated = replace(stats, weights=replace(stats.weights, symmetric=[]))
    cause = cause_chains(find_problems(separated))[0].cause
    assert cause.kind is DiagnosisKind.SYMMETRIC
    assert "all 30 neurons of layer 1 began with the same weights" in cause.evidence


def test_a_run_that_diverged_only_with_other_threads_has_a_rate_too_high(
    digits: Dataset, tmp_path: Path
) -> None:
    stats = replace(badly_trained("diverged", digits, tmp_path), divergence=None)
    cause = cause_chains(find_problems(stats))[0].cause
    assert cause.kind is DiagnosisKind.RATE_TOO_HIGH
    rises = r"E goes up to (\S+|beyond 1e12) from 2\.\d+ in the first 8 steps"
    assert re.search(rises, cause.evidence)


def test_after_an_early_stop_more_patience_is_advised(digits: Dataset, tmp_path: Path) -> None:
    stats = badly_trained("stopped early", digits, tmp_path)
    planned = {"epochs": 9, "patience": 2}
    training = stats.config.training.model_copy(update=planned)
    stats = replace(stats, config=stats.config.model_copy(update={"training": training}))
    (found,) = [one for one in find_problems(stats) if one.kind is DiagnosisKind.TOO_SHORT]
    assert found.remedies == ((("training", "patience"), "6"),)


def test_a_loss_that_falls_from_above_its_start_does_not_mean_too_few_epochs(
    digits: Dataset, tmp_path: Path
) -> None:
    stats = badly_trained("stopped early", digits, tmp_path)
    assert DiagnosisKind.TOO_SHORT in kinds(find_problems(stats))
    first, *others = stats.history
    high = replace(stats, history=[first._replace(train_loss=3.0), *others])
    assert DiagnosisKind.TOO_SHORT not in kinds(find_problems(high))
