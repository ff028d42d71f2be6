"""What a run shows of its network, held against its checkpoint and the commands."""

from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.errors import ConfigError, RunError
from nntrain.training import checkpoint
from tests.support.cli import succeed
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
    for name in ("network", "weights", "trace(5)"):
        with pytest.raises(RunError) as caught:
            eval(f"run.{name}")
        line = f"runs/tiny: 2 networks; name one, such as run.members[0].{name}"
        assert str(caught.value) == line


@pytest.mark.usefixtures("undrawn")
def test_the_networks_of_folds_are_members_that_hold_their_own_rows_out(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    three = {"folds": 3, "training.epochs": 2}
    of_file = nntrain.fit("tiny.yaml", overrides=three).members
    run = nntrain.fit("tiny.yaml", PIXELS[:200], LABELS[:200], run="mine", overrides=three)
    assert [member.folder.name for member in run.members] == ["fold-1", "fold-2", "fold-3"]
    for ours, theirs in zip(run.members, of_file, strict=True):
        assert ours.evaluate().as_dict() == theirs.evaluate().as_dict()
    assert "200 held-out rows" in run.report().read_text("utf-8")


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


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repr of an object is as wide as what a command prints into a pipe."""
    monkeypatch.setenv("COLUMNS", "10000")


def test_a_trace_is_that_of_the_command(run: nntrain.Run, wide: None) -> None:
    traced = run.trace(7)
    assert f"{traced!r}\n" == succeed("trace", "runs/tiny", "--row", "7").stdout
    command = succeed("trace", "runs/tiny", "--data", "data/test_labelled.csv").stdout
    assert f"{run.trace(1, 'data/test_labelled.csv')!r}\n" == command
    succeed("trace", "runs/tiny", "--row", "7", "--npz", "row.npz")
    with np.load("row.npz") as saved:
        assert len(traced) == len(saved) - 1
        assert traced.learning_rate == saved["alpha"]
        for name in set(saved) - {"alpha"}:
            np.testing.assert_array_equal(traced[name], saved[name])
    assert list(traced)[:3] == ["x_0", "W_1", "b_1"]
    assert traced["∂E/∂W_1"] is traced["dE_dW_1"]
    np.testing.assert_allclose(traced["W_1"], run.weights["W_1"])
    with pytest.raises(KeyError, match="no quantity 'W1'; did you mean 'W_1'"):
        traced["W1"]
    for row in (201, 0, -3):
        with pytest.raises(ConfigError, match=f"has no row {row}; its rows are 1 to 200"):
            run.trace(row)
    with pytest.raises(ConfigError, match=r"row: must be a whole number, not 2\.5"):
        run.trace(2.5)  # type: ignore[arg-type]


def test_a_trace_fits_the_terminal(run: nntrain.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = repr(run.trace())
    assert max(map(len, shown.splitlines())) <= 70
    assert "\x1b" not in shown


@pytest.mark.usefixtures("undrawn")
def test_rows_in_memory_are_traced_reported_and_diagnosed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    run = nntrain.fit("tiny.yaml", PIXELS[:200], LABELS[:200])
    traced = run.trace(9)
    np.testing.assert_allclose(traced["x_0"], PIXELS[8] / 255)
    assert traced.truth == str(LABELS[8])
    np.testing.assert_array_equal(run.trace(1, PIXELS[8:], LABELS[8:])["x_1"], traced["x_1"])
    run.doctor()
    assert run.report() == Path("runs/tiny/report.html")
    assert "50 validation rows" in Path("runs/tiny/report.html").read_text("utf-8")
    assert "no such file" not in capsys.readouterr().err


def test_a_report_does_not_replace_another_file(run: nntrain.Run) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ConfigError, match=r"tiny\.yaml: is no report"):
        run.report("tiny.yaml")


def test_a_diagnosis_is_that_of_the_command(folder: Path) -> None:
    slow = {"training.optimizer": {"name": "adam", "learning_rate": 1e-7}}
    found = nntrain.fit("tiny.yaml", overrides=slow).doctor()
    assert f"{found!r}\n" == succeed("doctor", "runs/tiny").stdout
    assert "learning rate α too low" in [diagnosis.kind.value for diagnosis in found]
    for diagnosis in found:
        assert f"{diagnosis.kind.value}: {diagnosis.evidence}" in repr(found)


def test_an_inspection_is_that_of_the_command(run: nntrain.Run, wide: None) -> None:
    told = succeed("inspect", "runs/tiny").stdout
    for source in (run, "tiny", run.folder, "tiny.yaml", Path("tiny.yaml"), run.config):
        summary = nntrain.inspect(source)
        assert f"runs/tiny: {summary!r}\n" == told
    assert summary.parameters == run.network.parameters.size == 163
    assert [layer.weight_shape for layer in summary.layers] == [(8, 16), (3, 8)]
    assert nntrain.inspect("tiny.yaml", overrides={"network[0].dense": 5}).parameters == 103
    with pytest.raises(ConfigError, match="runs/tiny: a run stays as it was trained; leave out"):
        nntrain.inspect("tiny", overrides={"seed": 1})
    with pytest.raises(ConfigError, match=r"tinny\.yaml: no such file; did you mean 'tiny.yaml'"):
        nntrain.inspect("tinny.yaml")
