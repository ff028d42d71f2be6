"""Runs with two faults at once: one command of the doctor mends both."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.config import parse_config
from nntrain.data.dataset import Subset
from nntrain.explain.doctor.diagnoses import find_problems
from nntrain.explain.doctor.diagnosis import DiagnosisKind
from tests.support.csvs import make_dataset
from tests.support.doctor import assignments, kinds, sgd, trained
from tests.support.tiny import CONFIG, stripes
from tests.support.variants import slow_except

HIGH = sgd(100.0)
LOW = sgd(1e-6)
HIDDEN = ", ".join(["{dense: 8, activation: sigmoid}"] * 5)
DEEP = f"network=[{HIDDEN}, {{dense: 3, activation: softmax}}]"
PAIRS = {
    "high α, not scaled": (HIGH, "data.input_range=[0, 255]"),
    "low α, not scaled": (LOW, "data.input_range=[0, 255]"),
    "high α, deep σ": (HIGH, DEEP),
    "low α, deep σ": (LOW, DEEP),
    "low α, equal weights": (LOW, "network[0].init=zeros"),
    "low α, large weights": (LOW, "network[0].init={normal: 30}"),
    "low α, decay": ("training.optimizer={name: sgd, learning_rate: 1e-6, weight_decay: 10}",),
    "decay, large weights": (
        "training.optimizer={name: adam, learning_rate: 0.02, weight_decay: 10}",
        "network[0].init={normal: 30}",
    ),
    "decay, one epoch": (
        "training.optimizer={name: adam, learning_rate: 0.02, weight_decay: 10}",
        "training.epochs=1",
    ),
    "one epoch, deep σ": (
        "training.epochs=1",
        DEEP,
    ),
}
# Of rows, not of the training.
OTHERS = {DiagnosisKind.OVERFITTING, DiagnosisKind.VALIDATION}


@pytest.mark.parametrize("pair", slow_except({"high α, not scaled"}, PAIRS))
def test_one_command_mends_two_faults(pair: str, tmp_path: Path) -> None:
    digits = make_dataset(*stripes(600))
    data = Subset(digits, np.arange(450)), Subset(digits, np.arange(450, 600))
    text = CONFIG.format(train="train.csv").replace("epochs: 4", "epochs: 12")
    stats = trained(parse_config(text, "x", PAIRS[pair]), tmp_path / "bad", data)
    found = find_problems(stats)
    assert kinds(found) - OTHERS
    advised = parse_config(text, "x", (*PAIRS[pair], *assignments(stats, found)))
    again = trained(advised, tmp_path / "advised", data)
    found = find_problems(again)
    assert kinds(found) <= OTHERS, found
