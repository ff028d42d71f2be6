"""Trainings of NNClassifier that stop early or are continued, held against those of runs."""

import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from nntrain import NNClassifier, NNTrainError
from nntrain.classifier.scikit_learn import FeaturesError
from nntrain.config import Config
from nntrain.errors import ConfigError, DivergenceError
from nntrain.training import checkpoint
from nntrain.training.fit import fit
from nntrain.training.initial_weights import weights_from
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.tiny import inputs

X, LABELS = inputs(200)
# The network of the tiny problem.
SAME: dict[str, Any] = {
    "hidden": (8,),
    "activation": "sigmoid",
    "batch_size": 16,
    "learning_rate": 0.02,
    "random_state": 3,
}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"optimizer": "nesterov", "learning_rate": 0.1, "schedule": "cosine"},
        {"average": 0.9, "dropout": 0.2, "l1": 1e-4, "dtype": "float64"},
    ],
)
def test_calls_of_partial_fit_are_the_epochs_of_fit(parameters: dict[str, Any]) -> None:
    whole = NNClassifier(epochs=4, **{**SAME, **parameters}).fit(X, LABELS)
    parts = NNClassifier(epochs=4, **{**SAME, **parameters})
    parts.partial_fit(X, LABELS, classes=[2, 0, 1])
    for _ in range(3):
        parts = pickle.loads(pickle.dumps(parts)).partial_fit(X, LABELS)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 4


def test_fit_is_continued_by_partial_fit() -> None:
    whole = NNClassifier(epochs=3, **SAME).fit(X, LABELS)
    continued = NNClassifier(epochs=2, **SAME).fit(X, LABELS).partial_fit(X, LABELS)
    np.testing.assert_array_equal(continued.parameters_, whole.parameters_)


def test_parts_need_not_have_all_classes() -> None:
    parts = NNClassifier(random_state=np.random.default_rng(0), learning_rate=0.02)
    order = np.argsort(LABELS, kind="stable")
    for _ in range(8):
        for rows in (order[::2], order[1::2], order[:60]):
            parts.partial_fit(X[rows], LABELS[rows], classes=[0, 1, 2])
    assert parts.score(X, LABELS) > 0.95
    assert parts.n_iter_ == 24


def test_a_parameter_changed_between_two_calls_holds_from_then_on() -> None:
    parts = NNClassifier(**SAME).partial_fit(X, LABELS, classes=[0, 1, 2])
    before = parts.parameters_.copy()
    parts.set_params(learning_rate=1e-30).partial_fit(X, LABELS)
    np.testing.assert_array_equal(parts.parameters_, before)
    parts.set_params(optimizer="sgd", learning_rate=0.1).partial_fit(X, LABELS)
    assert not np.array_equal(parts.parameters_, before)
    with pytest.raises(DivergenceError):
        parts.set_params(learning_rate=1e30, activation="identity").partial_fit(X, LABELS)
    assert parts.n_iter_ == 3
    assert np.isfinite(parts.predict_proba(X)).all()


def test_early_stopping_and_a_warm_start_are_those_of_runs(
    tmp_path: Path, make_config: Callable[..., Config]
) -> None:
    config = make_config(
        *("training.patience=3", "training.epochs=60"),
        *("training.optimizer.learning_rate=0.3", "network[0].dropout=0.5"),
    )
    old = RunFolder.create(tmp_path / "old", config)
    fit(config, lambda: old, Reporter())
    early: dict[str, Any] = {"early_stopping": True, "patience": 3, "validation_fraction": 0.25}
    rough = {**SAME, "learning_rate": 0.3, "dropout": 0.5}
    ours = NNClassifier(epochs=60, **rough, **early).fit(X, LABELS)
    history = old.history()
    assert ours.n_iter_ == len(history) < 60
    assert ours.validation_scores_ == [record.val_accuracy for record in history]
    best = checkpoint.load(old.best_file)
    np.testing.assert_array_equal(ours.parameters_, best.parameters)
    assert not np.array_equal(ours.parameters_, checkpoint.load(old.last_file).parameters)

    new = RunFolder.create(tmp_path / "new", config)
    (init,) = weights_from(old.folder, 1)
    fit(config, lambda: new, Reporter(), init=init)
    ours.set_params(warm_start=True).fit(X, LABELS)
    np.testing.assert_array_equal(ours.parameters_, checkpoint.load(new.best_file).parameters)
    assert ours.loss_curve_ == [record.train_loss for record in new.history()]
    assert ours.best_loss_ == min(ours.loss_curve_)


def test_without_a_warm_start_fit_forgets() -> None:
    once = NNClassifier(epochs=2, **SAME).fit(X, LABELS)
    twice = NNClassifier(epochs=2, warm_start=False, **SAME).fit(X[::-1], LABELS).fit(X, LABELS)
    np.testing.assert_array_equal(once.parameters_, twice.parameters_)
    first = NNClassifier(epochs=2, warm_start=True, average=0.5, **SAME).fit(X, LABELS)
    second = first.set_params(learning_rate=1e-30).fit(X, LABELS).parameters_
    averaged = NNClassifier(epochs=2, average=0.5, **SAME).fit(X, LABELS).parameters_
    np.testing.assert_allclose(second, averaged, rtol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "arguments", "kind", "line"),
    [
        ({"early_stopping": True}, (X, LABELS, [0, 1, 2]), ConfigError,
         "NNClassifier: early_stopping: partial_fit trains one epoch, so there is nothing to stop; "
         "leave early_stopping out, or call fit"),
        ({}, (X, LABELS, [0, 1]), FeaturesError,
         "y: 2 is none of the classes 0, 1; give all at first"),
        ({}, (X, LABELS), FeaturesError,
         "classes must be passed on the first call to partial_fit, since y need not contain all; "
         "give them, such as classes=[0, 1, 2]"),
    ],
)  # fmt: skip
def test_a_first_part_that_cannot_be_is_one_line(
    parameters: dict[str, Any], arguments: Any, kind: type[Exception], line: str
) -> None:
    with pytest.raises(kind) as caught:
        NNClassifier(**parameters).partial_fit(*arguments)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("parameters", "arguments", "kind", "line"),
    [
        ({}, (X[:, :4], LABELS), FeaturesError,
         "X has 4 features, but NNClassifier is expecting 16 features as input"),
        ({}, (X, LABELS, [0, 1, 5]), FeaturesError,
         "classes 0, 1, 5, but partial_fit continues a network of the classes 0, 1, 2; give the "
         "same ones, or train a new NNClassifier"),
        ({"hidden": (9,)}, (X, LABELS), ConfigError,
         "NNClassifier: its layers are others than those it was trained with; call fit with "
         "warm_start=False to train a new network"),
        ({"learning_rate": 0}, (X, LABELS), ConfigError,
         "NNClassifier: training.optimizer.learning_rate: must be above 0, not 0"),
    ],
)  # fmt: skip
def test_a_part_that_does_not_fit_the_network_changes_nothing(
    parameters: dict[str, Any], arguments: Any, kind: type[Exception], line: str
) -> None:
    parts = NNClassifier(**SAME).partial_fit(X, LABELS, classes=[0, 1, 2])
    before = parts.predict_proba(X)
    with pytest.raises(kind) as caught:
        parts.set_params(**parameters).partial_fit(*arguments)
    assert str(caught.value) == line
    np.testing.assert_array_equal(parts.predict_proba(X), before)


def test_a_warm_start_needs_the_same_layers_classes_and_features() -> None:
    warm = NNClassifier(epochs=1, warm_start=True, **SAME).fit(X, LABELS)
    with pytest.raises(FeaturesError, match="but warm_start continues a network of the classes 0"):
        warm.fit(X, LABELS + 1)
    with pytest.raises(FeaturesError, match="X has 4 features"):
        warm.fit(X[:, :4], LABELS)
    with pytest.raises(ConfigError, match="its layers are others"):
        warm.set_params(hidden=(9,)).fit(X, LABELS)


def test_rows_that_cannot_be_held_out_are_one_line() -> None:
    for fraction, words in (
        (0, "needs validation rows, but data.validation is 0"),
        ("x.csv", "validation_fraction: must be a share of the rows"),
        (1e-6, "leaves nothing held out; give a number of rows"),
    ):
        early: dict[str, Any] = {"early_stopping": True, "validation_fraction": fraction}
        with pytest.raises(NNTrainError, match=words):
            NNClassifier(**early).fit(X, LABELS)


def test_coefs_compute_the_answers_as_in_scikit_learn() -> None:
    classifier = NNClassifier((8, 70), "relu", epochs=2).fit(X, LABELS)
    assert [array.shape for array in classifier.coefs_] == [(16, 8), (8, 70), (70, 3)]
    x: Any = X.astype(np.float64)
    for weights, biases in zip(classifier.coefs_, classifier.intercepts_, strict=True):
        z = x @ weights + biases
        x = np.maximum(z, 0)
    powers = np.exp(z)
    shares = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.predict_proba(X), shares, rtol=1e-5)
    with pytest.raises(ValueError, match="read-only"):
        classifier.coefs_[0][...] = 0
    assert classifier.validation_scores_ is None
    for name in ("coefs_", "intercepts_", "n_iter_", "loss_curve_", "validation_scores_"):
        assert not hasattr(NNClassifier(), name)


def test_pools_have_no_coefs() -> None:
    layers = [{"conv": 3, "kernel": 3}, {"max_pool": 2}]
    classifier = NNClassifier((), convolutions=layers, epochs=1).fit(X, LABELS)
    assert [array.shape for array in classifier.coefs_] == [(3, 3, 3, 1), (3, 3)]
    assert [array.shape for array in classifier.intercepts_] == [(3,), (3,)]


def test_it_says_what_it_does_only_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    NNClassifier(epochs=2).fit(X, LABELS)
    assert capsys.readouterr() == ("", "")
    still: dict[str, Any] = {"learning_rate": 1e-9, "early_stopping": True, "patience": 1}
    NNClassifier(epochs=9, verbose=True, **still).fit(X, LABELS)
    first, second, last = capsys.readouterr().out.splitlines()
    assert re.match(r"epoch 1/9 .* training: loss .* validation: loss .* accuracy .*% \*$", first)
    assert second.startswith("epoch 2/9 ")
    assert last == "stopped early: 1 epoch without a better validation accuracy"


def test_a_notebook_shows_scikit_learns_view_if_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert NNClassifier()._repr_html_() is None
    stub, utils, display = ModuleType("sklearn"), ModuleType("sklearn.utils"), {"display": "text"}
    stub.__dict__["get_config"] = lambda: display
    utils.__dict__["estimator_html_repr"] = lambda estimator: f"<div>{estimator}</div>"
    monkeypatch.setitem(sys.modules, "sklearn", stub)
    monkeypatch.setitem(sys.modules, "sklearn.utils", utils)
    assert NNClassifier()._repr_html_() is None
    display["display"] = "diagram"
    assert NNClassifier()._repr_html_() == "<div>NNClassifier()</div>"


def test_scikit_learns_own_view_names_the_parameters() -> None:
    pytest.importorskip("sklearn")
    shown = NNClassifier(epochs=3)._repr_html_()
    assert shown is not None
    assert "sk-estimator" in shown
    assert "NNClassifier(epochs=3)" in shown
