"""What a run shows of its network, held against its checkpoint and the commands."""

from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.errors import RunError
from nntrain.training import checkpoint
from tests.support.tiny import stripes
from tests.support.training import CONVOLUTIONAL

PIXELS, LABELS = stripes(260)
TWO = {"members": 2, "training.epochs": 2}


@pytest.fixture
def run(folder: Path) -> nntrain.Run:
    return nntrain.fit("tiny.yaml")


def test_the_weights_are_those_of_the_checkpoint_in_the_lectures_shapes(run: nntrain.Run) -> None:
    weights = run.weights
    assert {name: array.shape for name, array in weights.items()} == {
        "W_1": (8, 16),
        "b_1": (8,),
        "W_2": (3, 8),
        "b_2": (3,),
    }
    vector = checkpoint.load(run.folder / "best.npz").parameters
    parts = [weights[name].ravel() for name in ("W_1", "W_2", "b_1", "b_2")]
    np.testing.assert_array_equal(np.concatenate(parts), vector)


def test_they_compute_the_answers(run: nntrain.Run) -> None:
    w = {name: array.astype(np.float64) for name, array in run.weights.items()}
    x = 1 / (1 + np.exp(-(PIXELS / 255 @ w["W_1"].T + w["b_1"])))
    powers = np.exp(x @ w["W_2"].T + w["b_2"])
    shares = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(run.predict_proba(PIXELS), shares, atol=1e-5)
    inputs = (PIXELS / 255).astype(np.float32)
    np.testing.assert_allclose(run.network.predict(inputs), shares, atol=1e-5)


def test_nothing_that_is_done_to_them_changes_the_answers(run: nntrain.Run) -> None:
    before = run.predict_proba(PIXELS)
    for array in run.weights.values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    network = run.network
    network.parameters[...] = 0
    assert run.network is network
    np.testing.assert_array_equal(run.predict_proba(PIXELS), before)
    assert run.weights["W_1"].any()


def test_a_committee_has_members_and_they_have_weights(folder: Path) -> None:
    run = nntrain.fit("tiny.yaml", PIXELS, LABELS, overrides=TWO)
    first, second = run.members
    assert [first.folder.name, second.folder.name] == ["member-1", "member-2"]
    assert not np.array_equal(first.weights["W_1"], second.weights["W_1"])
    assert second.evaluate().rows == run.evaluate().rows == 64
    assert first.members == [first]
    for name in ("network", "weights"):
        with pytest.raises(RunError) as caught:
            getattr(run, name)
        line = f"runs/tiny: a committee of 2 networks; name one, such as run.members[0].{name}"
        assert str(caught.value) == line


def test_layers_without_weights_are_left_out(folder: Path) -> None:
    key, layers = CONVOLUTIONAL.split("=", 1)
    text = Path("tiny.yaml").read_text().replace("epochs: 4", "epochs: 1")
    begin, end = text.index("network:"), text.index("loss:")
    run = nntrain.fit(f"{text[:begin]}{key}: {layers}\n{text[end:]}")
    assert {name: array.shape for name, array in run.weights.items()} == {
        "W_1": (3, 3, 3, 1),
        "b_1": (3,),
        "W_3": (4, 2, 2, 3),
        "b_3": (4,),
        "W_5": (3, 4),
        "b_5": (3,),
    }
