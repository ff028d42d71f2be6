"""Patients that are ill because they were trained so, and healthy runs without a finding."""

import math
import re
import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.cli import main
from nntrain.config import Config, parse_config
from nntrain.config.build import build_network
from nntrain.data.dataset import Dataset, Subset
from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from nntrain.errors import DivergenceError
from nntrain.explain.doctor.diagnoses import DIAGNOSES, Diagnosis, DiagnosisKind, findings
from nntrain.explain.doctor.examination import (
    Examination,
    Sample,
    State,
    Weights,
    examine,
    loss_of_alike_answers,
)
from nntrain.explain.doctor.report import chains
from nntrain.nn import LOSSES
from nntrain.training.fit import fit
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split
from nntrain.training.run import RunFolder
from nntrain.training.state import TrainingState
from tests.support.tiny import CONFIG, stripes

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
    cause: DiagnosisKind
    key: str
    numbers: str
    so: frozenset[DiagnosisKind] = frozenset()
    perhaps: frozenset[DiagnosisKind] = frozenset()
    heals: bool = True


SHORT = "training.epochs=5"
SLOW = frozenset({DiagnosisKind.TOO_LOW, DiagnosisKind.TOO_SHORT, DiagnosisKind.FLAT})
PATIENTS = {
    "unscaled inputs of sigmoids": Patient(
        LECTURE,
        ("data.input_range=[0, 255]", SHORT),
        1000,
        DiagnosisKind.INPUTS,
        "data.input_range",
        r"between 0 and 255",
        so=frozenset({DiagnosisKind.SATURATED, DiagnosisKind.FADING}),
        perhaps=SLOW | {DiagnosisKind.TOO_HIGH},
    ),
    "unscaled inputs of relus": Patient(
        QUICK,
        ("data.input_range=[-100, 300]", SHORT),
        1000,
        DiagnosisKind.INPUTS,
        "data.input_range",
        r"between -100 and 300",
        so=frozenset({DiagnosisKind.DEAD}),
        perhaps=frozenset({DiagnosisKind.TOO_HIGH, DiagnosisKind.FADING, DiagnosisKind.FLAT}),
    ),
    "inputs next to nothing": Patient(
        QUICK,
        ("data.input_range=[0, 0.004]", SHORT),
        1000,
        DiagnosisKind.INPUTS,
        "data.input_range",
        r"between 0 and 0.004",
        so=frozenset({DiagnosisKind.FLAT}),
        perhaps=SLOW | {DiagnosisKind.DEAD},
    ),
    "great initial weights": Patient(
        LECTURE,
        ("network[0].init={normal: 3.0}", SHORT),
        1000,
        DiagnosisKind.SATURATED,
        "network[0].init",
        r"\d\d % of the outputs of layer 1 have a σ′ next to 0 before the first step",
        perhaps=SLOW | {DiagnosisKind.FADING},
    ),
    "zeros": Patient(
        QUICK,
        (hidden(30, activation="sigmoid", output="softmax", init="zeros"), "network[1].init=zeros"),
        1000,
        DiagnosisKind.TWINS,
        "network[0].init",
        r"all 30 neurons of layer 1",
        perhaps=SLOW | {DiagnosisKind.FADING, DiagnosisKind.TOO_HIGH},
    ),
    "decay": Patient(
        QUICK,
        ("training.optimizer.weight_decay=1.0", "training.epochs=6"),
        1000,
        DiagnosisKind.DECAY,
        "training.optimizer.weight_decay",
        r"‖W‖ is \S+ of what",
        so=frozenset({DiagnosisKind.FLAT}),
        perhaps=frozenset({DiagnosisKind.DEAD, DiagnosisKind.FADING}),
    ),
    "diverged": Patient(
        QUICK,
        (hidden(40, 40, activation="leaky_relu", output="softmax"), sgd(30.0), CONSTANT),
        1000,
        DiagnosisKind.TOO_HIGH,
        "training.optimizer.learning_rate",
        r"the loss became (nan|inf) in epoch 1, batch \d+",
        heals=False,  # an α of 1 does not diverge, but jumps, which its next run is told
    ),
    "diverged later": Patient(
        QUICK,
        (
            hidden(40, activation="relu", output="identity"),
            "loss=squared_error",
            sgd(3.0),
            CONSTANT,
        ),
        1000,
        DiagnosisKind.TOO_HIGH,
        "training.optimizer.learning_rate",
        r"the loss became (nan|inf) in epoch [2-9], batch \d+",
        perhaps=frozenset({DiagnosisKind.DEAD, DiagnosisKind.FADING}),
    ),
    "stuck at 0.5": Patient(
        LECTURE,
        (sgd(30.0), SHORT),
        1000,
        DiagnosisKind.TOO_HIGH,
        "training.optimizer.learning_rate",
        r"E is 0.5\d* after 5 epochs; the same answer to all rows would have 0.4",
        so=frozenset({DiagnosisKind.SATURATED}),
        perhaps=frozenset({DiagnosisKind.FADING}),
    ),
    "jumping": Patient(
        QUICK,
        (sgd(0.3, "momentum"), CONSTANT, "training.batch_size=16", "training.epochs=8"),
        1000,
        DiagnosisKind.TOO_HIGH,
        "training.optimizer.learning_rate",
        r"E (rose after \d of 7 epochs|went up to)",
        perhaps=frozenset(
            {DiagnosisKind.DEAD, DiagnosisKind.FADING, DiagnosisKind.FLAT, DiagnosisKind.TOO_SHORT}
        ),
    ),
    "dead relus": Patient(
        QUICK,
        (sgd(0.03, "adam"), CONSTANT, "training.batch_size=32"),
        1000,
        DiagnosisKind.DEAD,
        "training.optimizer.learning_rate",
        r"\d\d % of the neurons of layer 1 are 0 for every row",
        perhaps=frozenset({DiagnosisKind.OVERFITTING}),
    ),
    "relus that small weights kill": Patient(
        QUICK,
        (hidden(50, 50, 50, activation="relu", output="softmax", init="{normal: 0.001}"), SHORT),
        1000,
        DiagnosisKind.DEAD,
        "network[0].init",
        r"of the neurons of layer 3 are 0 for every row .*; \|δ_1\| was \de-0\d of \|δ_4\| then",
        perhaps=SLOW | {DiagnosisKind.FADING},
    ),
    "l1 beside a harmless decay": Patient(
        QUICK,
        ("training.l1=0.1", "training.optimizer.weight_decay=5e-5", "training.epochs=6"),
        1000,
        DiagnosisKind.DECAY,
        "training.l1",
        r"‖W‖ is \S+ of what",
        so=frozenset({DiagnosisKind.FLAT}),
        perhaps=frozenset({DiagnosisKind.DEAD, DiagnosisKind.FADING}),
    ),
    "deep sigmoids": Patient(
        LECTURE,
        (hidden(*[30] * 5, activation="sigmoid", output="sigmoid"), SHORT),
        1000,
        DiagnosisKind.FADING,
        "network[0].activation",
        r"\|δ_1\| \de-05, .*\|δ_6\| 0.0",
        so=frozenset({DiagnosisKind.FLAT}),
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
        DiagnosisKind.FADING,
        "network[0].init",
        r"\|δ_1\| 0.00\d, .*\|δ_4\| ",
        perhaps=SLOW,
    ),
    "slow": Patient(
        QUICK,
        (sgd(1e-6, "adam"), SHORT, CONSTANT),
        1000,
        DiagnosisKind.TOO_LOW,
        "training.optimizer.learning_rate",
        r"‖ΔW‖/‖W‖ of a step is \de-0\d, where 0.001 is usual",
        perhaps=SLOW,
    ),
    "slow sigmoids": Patient(
        LECTURE,
        (sgd(0.01), SHORT),
        1000,
        DiagnosisKind.TOO_LOW,
        "training.optimizer.learning_rate",
        r"‖ΔW‖/‖W‖ of a step is",
        perhaps=SLOW,
        heals=False,  # five epochs are few, too, which its next run is told
    ),
    "stopped early": Patient(
        LECTURE,
        ("training.epochs=4",),
        1000,
        DiagnosisKind.TOO_SHORT,
        "training.epochs",
        r"E fell from 0.\d+ to 0.\d+ in the last 2 of 4 epochs",
        heals=False,
    ),
    "overfitting": Patient(
        QUICK,
        (sgd(0.002, "adam"), CONSTANT, "training.batch_size=16", "training.epochs=25"),
        300,
        DiagnosisKind.OVERFITTING,
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
def digits() -> Dataset:
    """Of 14×14 pixels, which are learnt in a quarter of the time."""
    pixels, labels = demo_digits(5000)
    pixels = pixels.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).astype(np.uint8).reshape(-1, 196)
    return Dataset(pixels, "train.csv", labels, None, "label", None)


def split(digits: Dataset, rows: int) -> Split:
    return Subset(digits, np.arange(rows)), Subset(digits, np.arange(3750, 5000))


def trained(config: Config, folder: Path, data: Split) -> Examination:
    run = RunFolder.create(folder, config)
    with suppress(DivergenceError):
        fit(config, lambda: run, Reporter(), data=data)
    return examine(run, data, Reporter(), threads=1)


def ills(found: list[Diagnosis]) -> set[DiagnosisKind]:
    return {finding.ill for finding in found}


def key_of(finding: Diagnosis) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in finding.path)
    return key.removeprefix(".")


def assignments(finding: Diagnosis) -> list[str]:
    return [f"{key_of(finding._replace(path=path))}={value}" for path, value in finding.mends]


@pytest.mark.parametrize("name", PATIENTS)
def test_a_patient_has_its_own_illness_and_no_other_and_the_advice_helps(
    name: str, digits: Dataset, tmp_path: Path
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
    assert {patient.cause for patient in PATIENTS.values()} == set(DiagnosisKind) - {
        DiagnosisKind.FLAT,
        DiagnosisKind.VALIDATION,
    }
    assert len(DIAGNOSES) == len(DiagnosisKind)


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_in_a_healthy_run(name: str, digits: Dataset, tmp_path: Path) -> None:
    text, overrides = HEALTHY[name]
    seen = trained(parse_config(text, "x", overrides), tmp_path / "run", split(digits, 3750))
    assert findings(seen) == []
    assert seen.accuracy > 0.75
    not_begun = replace(seen, history=[], finished=False, end=None, weights=None)
    assert findings(not_begun) == []


def seen_of(name: str, digits: Dataset, folder: Path) -> Examination:
    patient = PATIENTS[name]
    config = parse_config(patient.text, "x", patient.overrides)
    return trained(config, folder / "run", split(digits, patient.rows))


def test_twins_that_rounding_has_parted_are_still_the_cause(
    digits: Dataset, tmp_path: Path
) -> None:
    seen = seen_of("zeros", digits, tmp_path)
    assert seen.weights is not None
    parted = replace(seen, weights=replace(seen.weights, twins=[]))
    cause = chains(findings(parted))[0].cause
    assert cause.ill is DiagnosisKind.TWINS
    assert "all 30 neurons of layer 1 began with the same weights" in cause.evidence


def test_a_run_that_diverged_only_with_other_threads_has_a_rate_too_high(
    digits: Dataset, tmp_path: Path
) -> None:
    seen = replace(seen_of("diverged", digits, tmp_path), divergence=None)
    cause = chains(findings(seen))[0].cause
    assert cause.ill is DiagnosisKind.TOO_HIGH
    assert re.search(r"E goes up to \S+ from 2\.\d+ in the first 8 steps", cause.evidence)


def test_a_loss_that_comes_down_from_above_its_start_is_no_lack_of_epochs(
    digits: Dataset, tmp_path: Path
) -> None:
    seen = seen_of("stopped early", digits, tmp_path)
    assert DiagnosisKind.TOO_SHORT in ills(findings(seen))
    first, *others = seen.history
    high = replace(seen, history=[first._replace(train_loss=3.0), *others])
    assert DiagnosisKind.TOO_SHORT not in ills(findings(high))


# What is measured, held against arithmetic of another kind.


def tiny(rows: int, *overrides: str) -> tuple[Config, TrainingState, Sample]:
    config = parse_config(CONFIG.format(train="train.csv"), "x", ("dtype=float64", *overrides))
    pixels, labels = stripes(rows)
    digits = Dataset(pixels, "train.csv", labels, None, "label", None)
    return config, TrainingState.begin(config, 16), Sample.of(config, digits.as_subset())


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "leaky_relu"])
def test_delta_is_the_slope_of_e_along_z(activation: str, dropout: float) -> None:
    config, learning, sample = tiny(
        1,
        f"network=[{{dense: 5, activation: {activation}, dropout: {dropout}}}, "
        "{dense: 4, activation: tanh}, {dense: 3, activation: softmax}]",
    )
    network = learning.network
    slopes = []
    for layer in network.layers:  # moving b_i moves z_i
        slope = []
        for j in range(len(layer.biases)):
            values = []
            for change in (1e-6, -2e-6):
                layer.biases[j] += change
                values.append(network.loss.value(network.predict(sample.x), sample.y))
            layer.biases[j] += 1e-6
            slope.append((values[0] - values[1]) / 2e-6)
        slopes.append(float(np.linalg.norm(slope)))
    state = State.of(config, learning, sample)
    np.testing.assert_allclose(state.deltas, slopes, rtol=1e-6)
    assert state.fading == pytest.approx(slopes[0] / slopes[-1])


def test_a_step_is_as_long_as_the_optimiser_makes_it() -> None:
    rate = "training.optimizer={name: adam, learning_rate: 0.001}"
    config, learning, sample = tiny(16, rate)
    weights = learning.network.parameters[: learning.network.weight_count].copy()
    # Adam's first step moves each weight by α, whatever its gradient.
    moved = 0.001 * np.sqrt(len(weights)) / np.linalg.norm(weights)
    assert State.of(config, learning, sample).step == pytest.approx(moved, rel=1e-3)


def test_shares_of_saturated_outputs_and_dead_neurons_are_counted() -> None:
    config, learning, sample = tiny(
        30,
        "network=[{dense: 4, activation: relu}, {dense: 8, activation: sigmoid}, "
        "{dense: 3, activation: softmax}]",
    )
    first, second, _ = learning.network.layers
    first.weights[...], first.biases[...] = 0, [-1, 0, 1, 2]
    second.weights[...], second.biases[...] = 0, [-6, -4.3, 0, 1, 2, 3, 4.3, 6]  # σ′(4.36) = 1/80
    state = State.of(config, learning, sample)
    assert state.dead == [0.5, 0, 0]
    assert state.saturated == [0, 0.25, 0]


@given(
    classes=st.integers(2, 10),
    loss=st.sampled_from(sorted(LOSSES)),
    smoothing=st.sampled_from([0.0, 0.2]),
    answers=st.lists(st.floats(0.01, 0.99), min_size=10, max_size=10),
)
@settings(max_examples=60, deadline=None)
def test_no_answer_that_is_the_same_for_all_rows_has_a_smaller_error(
    classes: int, loss: str, smoothing: float, answers: list[float]
) -> None:
    output = {"cross_entropy": "softmax"}.get(loss, "sigmoid")
    config = parse_config(
        CONFIG.format(train="train.csv"),
        "x",
        (
            f"data.classes={classes}",
            f"network=[{{dense: {classes}, activation: {output}}}]",
            f"loss={loss}",
            f"training.label_smoothing={smoothing}",
        ),
    )
    labels = np.r_[np.arange(classes), np.zeros(3, np.int64)].astype(np.uint8)  # not equally many
    digits = Dataset(np.zeros((len(labels), 4), np.uint8), "x", labels, None, "label", None)
    least = loss_of_alike_answers(config, (digits.as_subset(), None))
    x = np.array(answers[:classes])
    if output == "softmax":
        x /= x.sum()
    y = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    assert least <= LOSSES[loss].value(np.tile(x, (len(y), 1)), y) + 1e-12


@pytest.mark.parametrize(
    ("overrides", "value"),
    [
        (("loss=squared_error",), 0.45),
        (("loss=cross_entropy", "network[1].activation=softmax"), 2.302585),
        (("loss=binary_cross_entropy",), 3.250830),
    ],
)
def test_the_loss_of_alike_answers_is_the_one_of_the_lecture(
    overrides: tuple[str, ...], value: float
) -> None:
    config = parse_config(LECTURE, "x", overrides)
    assert loss_of_alike_answers(config, None) == pytest.approx(value, abs=1e-6)


def test_the_way_from_the_first_weights_is_measured() -> None:
    config, learning, _ = tiny(2)
    end = build_network(config, 16)
    end.parameters[...] = 3 * learning.network.parameters
    way = Weights.of(learning.network, end)
    assert way.moved == pytest.approx(2.0)
    assert way.shrunk == pytest.approx(3.0)
    assert way.twins == way.twins_at_start == []
    zeros = build_network(config, 16)
    assert Weights.of(zeros, end) == Weights(math.inf, math.inf, [], [1])
    assert Weights.of(end, zeros) == Weights(1.0, 0.0, [1], [])


# The command.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_csv("train.csv", *stripes(600))
    Path("tiny.yaml").write_text(CONFIG.format(train="train.csv"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def doctor(*arguments: str) -> list[str]:
    result = run("doctor", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def line_of(file: str, text: str) -> int:
    lines = Path(file).read_text("utf-8").splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if text in line)
    return number


TOO_LOW = "training.optimizer={name: adam, learning_rate: 1.0e-7}"
DIVERGES = (
    "--set=network[0].activation=identity",
    "--set=training.optimizer={name: sgd, learning_rate: 1.0e+30}",
)
LEARNS = ("--set", "training.epochs=12")


def test_a_finding_names_the_line_the_value_and_a_command_that_can_be_typed(folder: Path) -> None:
    assert run("fit", "tiny.yaml", "--set", "data.input_range=[0, 255]").exit_code == 0
    head, finding, *others = doctor("runs/tiny")
    line = line_of("runs/tiny/config.yaml", "input_range")
    assert re.match(r"runs/tiny: \d findings?; looked at 4 of 4 epochs, the last with E ", head)
    assert finding.startswith(
        f"runs/tiny/config.yaml:{line}: data.input_range: [0.0, 255.0]: inputs not scaled: "
    )
    assert finding.endswith("; try [0, 1]")
    others = others[: [other.startswith("  ") for other in [*others, ""]].index(False)]
    assert all(other.startswith("  so: ") for other in others[:-1])
    command = others[-1].removeprefix("  try: nntrain ")
    assert shlex.split(command)[:3] == ["fit", "runs/tiny/config.yaml", "--set"]
    assert run(*shlex.split(command), *LEARNS).exit_code == 0
    (verdict,) = doctor("runs/tiny-2")
    assert verdict.startswith("runs/tiny-2: nothing found; looked at 12 of 12 epochs")


def test_a_run_that_diverged_in_its_first_epoch_has_a_rate_too_high(folder: Path) -> None:
    assert run("fit", "tiny.yaml", *DIVERGES).exit_code == 1
    assert not Path("runs/tiny/metrics.csv").exists()
    _, finding, command = doctor("runs/tiny")
    line = line_of("runs/tiny/config.yaml", "learning_rate")
    assert finding.startswith(
        f"runs/tiny/config.yaml:{line}: training.optimizer.learning_rate: 1e+30: learning rate α "
        "too high: "
    )
    assert "in epoch 1, batch" in finding
    assert command.startswith("  try: nntrain fit runs/tiny/config.yaml --set training.optimizer.")


def test_without_the_rows_metrics_and_weights_must_do(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "data.input_range=[0, 255]")
    Path("train.csv").unlink()
    result = run("doctor", "runs/tiny")
    assert result.exit_code == 0
    assert "train.csv: no such file; " in result.stderr
    assert "diagnosing from metrics and weights alone" in result.stderr
    assert "inputs not scaled" in result.stdout


def test_other_rows_than_those_of_the_run_are_left_out(folder: Path) -> None:
    run("fit", "tiny.yaml", *LEARNS)
    write_csv("train.csv", *stripes(500, seed=9))
    result = run("doctor", "runs/tiny")
    assert "warning: train.csv: not the rows that runs/tiny was trained on" in result.stderr
    assert "training rows" in result.stdout
    assert "σ′" not in result.stdout


def test_an_edited_configuration_is_not_believed(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "data.input_range=[0, 255]")
    file = Path("runs/tiny/config.yaml")
    file.write_text(file.read_text("utf-8").replace("[0.0, 255.0]", "[0.0, 1.0]"))
    result = run("doctor", "runs/tiny")
    assert "warning: runs/tiny/config.yaml: not what the run was trained with" in result.stderr
    assert "inputs not scaled: x_0 lies between 0 and 255" in result.stdout


def test_each_member_of_a_committee_is_looked_at(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "members=2", "--set", TOO_LOW)
    lines = doctor("runs/tiny")
    heads = [line for line in lines if line.startswith("runs/tiny/member-")]
    assert [head.partition(":")[0] for head in heads] == [f"runs/tiny/member-{n}" for n in (1, 2)]
    line = line_of("runs/tiny/config.yaml", "learning_rate")
    blamed = [text for text in lines if text.startswith(f"runs/tiny/config.yaml:{line}: training")]
    assert len(blamed) == 2
    assert all("learning rate α too low" in text for text in blamed)


def test_members_that_have_not_begun_are_told(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "members=3", *DIVERGES)
    lines = doctor("runs/tiny")
    assert "learning rate α too high" in lines[1]
    assert [line for line in lines if "not begun" in line] == [
        f"runs/tiny/member-{n}: not begun; go on with "
        "'nntrain fit runs/tiny/config.yaml --run runs/tiny --resume'"
        for n in (2, 3)
    ]


def test_a_run_that_was_only_interrupted_is_to_be_gone_on_with(folder: Path) -> None:
    run("fit", "tiny.yaml")
    for name in ("best.npz", "last.npz", "metrics.csv"):
        Path("runs/tiny", name).unlink()  # as a kill in the first epoch leaves it
    head, mend = doctor("runs/tiny")
    assert head.startswith("runs/tiny: nothing found; looked at 0 of 4 epochs")
    assert mend == (
        "runs/tiny: not finished; go on with "
        "'nntrain fit runs/tiny/config.yaml --run runs/tiny --resume'"
    )


@pytest.mark.parametrize(
    ("validation", "mend"),
    [("0.02", "; try 0.1"), ("30", "; try 135"), ("0.2", "take more data")],
)
def test_few_validation_rows_are_told_with_their_standard_error(
    validation: str, mend: str, folder: Path
) -> None:
    write_csv("train.csv", *stripes(1500 if validation != "0.2" else 120))
    run("fit", "tiny.yaml", "--set", f"data.validation={validation}", *LEARNS)
    _, finding, *_ = doctor("runs/tiny")
    line = line_of("runs/tiny/config.yaml", "validation")
    assert finding.startswith(f"runs/tiny/config.yaml:{line}: data.validation: {validation}: ")
    assert re.search(r"has a standard error of \d\.\d points", finding)
    assert mend in finding


def test_what_is_no_run_is_refused(folder: Path) -> None:
    result = run("doctor", "runs/none")
    assert result.exit_code == 1
    assert result.stderr == "runs/none: no such folder; 'nntrain runs' lists those there are\n"


def test_a_damaged_checkpoint_is_one_line(folder: Path) -> None:
    run("fit", "tiny.yaml")
    for name in ("best.npz", "last.npz"):
        Path("runs/tiny", name).write_bytes(b"nothing")
    result = run("doctor", "runs/tiny")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("runs/tiny/last.npz: damaged")
