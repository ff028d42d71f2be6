"""A network's class is graded through an adapter, which can be pasted."""

from pathlib import Path

import pytest

from nntrain.explain.grading import read_source
from nntrain.explain.grading.adapters import adapter_for
from tests.support.grading import grade, verdicts
from tests.support.variants import slow

pytestmark = pytest.mark.usefixtures("within_this_process")

FOLDER = Path(__file__).parents[3] / "examples" / "class"
NIELSEN = (FOLDER / "nielsen.py").read_text("utf-8")
SCRATCH = (FOLDER / "from_scratch.py").read_text("utf-8")

LONG_NAMES = (
    (FOLDER / "ascent_dora.py")
    .read_text("utf-8")
    .replace("weights_ih", "weights_input_to_hidden")
    .replace("weights_ho", "weights_hidden_to_output")
)


@pytest.mark.parametrize("text", [NIELSEN, SCRATCH, LONG_NAMES])
def test_a_right_class_is_right_and_so_is_the_pasted_adapter(tmp_path: Path, text: str) -> None:
    report = grade(tmp_path, text)
    assert report.is_right
    assert report.adapter is not None
    assert max(map(len, report.adapter.text.splitlines())) < 80
    pasted = grade(tmp_path, f"{text}\n\n{report.adapter.text}")
    assert pasted.is_right
    assert pasted.as_dict()["adapter"] == ""


@pytest.mark.parametrize(
    ("text", "old", "new", "mistake"),
    [
        (NIELSEN, "self.weights[-l+1].transpose()", "self.weights[-l+1]", "δ_i lacks the transp"),
        (SCRATCH, "output - y", "y - output", "δ_L has the wrong sign"),
        (SCRATCH, "return x * (1 - x)", "return 1 - x", ""),
        *slow(
            (NIELSEN, "output_activations-y", "y-output_activations", "δ_L has the wrong sign"),
            (NIELSEN, ", delta) * sp", ", delta)", "δ_i lacks ⊙ σ′(z_i)"),
            (SCRATCH, " / m", "", "the gradient is the sum over the batch"),
        ),
    ],
)
def test_a_mistake_in_a_class_is_named(
    tmp_path: Path, text: str, old: str, new: str, mistake: str
) -> None:
    report = grade(tmp_path, text.replace(old, new))
    assert verdicts(report)["forward"] == "right"
    assert report.findings[-1].verdict == "wrong"
    assert mistake in report.findings[-1].reasons[0]


def test_a_wrong_forward_of_a_class_is_told_by_its_output(tmp_path: Path) -> None:
    report = grade(tmp_path, NIELSEN.replace("np.dot(w, a)+b", "np.dot(w, a)"))
    assert report.findings[1].reasons[0] == "z_i lacks the bias b_i"
    assert report.findings[1].reasons[1].startswith("x_L differs by up to")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "self.W1 -= self.lr * X.T.dot(d_hidden) / m",
            "self.dW1 = X.T.dot(d_hidden) / m",
            "return ([network.dW1, network.dW2], [network.db1, network.db2])",
        ),
        ("", "", "of_weights = zip(weights, (network.W1, network.W2))"),
    ],
)
def test_gradients_are_read_where_the_class_has_them(
    tmp_path: Path, old: str, new: str, line: str
) -> None:
    text = SCRATCH.replace(old, new) if old else SCRATCH
    if old:
        for name in ("W2", "b2", "b1"):
            text = text.replace(f"self.{name} -= self.lr * ", f"self.d{name} = ")
    report = grade(tmp_path, text)
    assert report.adapter is not None
    assert line in report.adapter.text
    assert verdicts(report)["backprop"] == "right"


def test_a_class_without_biases_is_told_which_lines_to_add(tmp_path: Path) -> None:
    layer = "class Layer:\n    def forward(self, x):\n        return x\n"
    text = f"import numpy as np\n{layer}class Net:\n"
    text += "    def __init__(self):\n        self.W1 = np.ones(2)\n"
    report = grade(tmp_path, text + "    def train(self, X, y):\n        self.W1 += X\n")
    assert verdicts(report) == {"backprop": "missing"}
    assert report.adapter is not None
    assert report.adapter.text.startswith("LAYERS = 2 ")
    assert "network.train(x, y)" in report.adapter.text
    assert report.conclusion().endswith("mine.py: backprop is missing")


def test_functions_beside_a_class_need_no_adapter(tmp_path: Path) -> None:
    path = tmp_path / "both.py"
    path.write_text(f"{NIELSEN}\ndef backprop(weights, biases, x, y):\n    pass\n")
    assert adapter_for(read_source(path)) is None
