"""A class's method that makes a step is judged besides its gradients, or said not to be."""

from pathlib import Path

import pytest

from tests.support.grading import grade, verdicts

pytestmark = pytest.mark.usefixtures("within_this_process")

FOLDER = Path(__file__).parents[3] / "examples" / "class"
NIELSEN = (FOLDER / "nielsen.py").read_text("utf-8")
MLP = (FOLDER / "mlp_xenia.py").read_text("utf-8")
DIVIDED = "eta/len(mini_batch)"


def test_the_step_of_a_right_class_is_right(tmp_path: Path) -> None:
    assert verdicts(grade(tmp_path, NIELSEN))["update_mini_batch"] == "right"


def test_a_step_by_the_sum_is_wrong_though_backprop_is_right(tmp_path: Path) -> None:
    assert DIVIDED in NIELSEN
    report = grade(tmp_path, NIELSEN.replace(DIVIDED, "eta"))
    assert verdicts(report)["backprop"] == "right"
    assert verdicts(report)["update_mini_batch"] == "wrong"
    assert report.findings[-1].reasons[0].startswith("the gradient is the sum over the batch")
    assert not report.is_right


def test_a_step_has_only_its_own_mistakes(tmp_path: Path) -> None:
    signed = NIELSEN.replace("output_activations-y", "y-output_activations")
    assert "update_mini_batch" not in verdicts(grade(tmp_path, signed))
    report = grade(tmp_path, signed.replace(DIVIDED, "eta"))
    assert report.findings[-1].function == "update_mini_batch"
    assert report.findings[-1].reasons[0].startswith("the gradient is the sum over the batch")


def test_a_step_without_a_known_rate_is_said_not_to_be_judged(tmp_path: Path) -> None:
    text = NIELSEN.replace("mini_batch, eta)", "mini_batch, speed)").replace("(eta/", "(speed/")
    report = grade(tmp_path, text)
    assert report.adapter is not None
    assert report.adapter.unjudged == ("update_mini_batch",)
    assert "not judged: update_mini_batch, which changes the weights too" in report.notes


def test_a_step_by_stored_gradients_is_judged(tmp_path: Path) -> None:
    assert verdicts(grade(tmp_path, MLP))["step"] == "right"
    report = grade(tmp_path, MLP.replace("self.W1 -=", "self.W1 +="))
    assert verdicts(report) | {"backprop": "right", "step": "wrong"} == verdicts(report)
