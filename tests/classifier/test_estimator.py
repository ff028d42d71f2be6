"""NNClassifier, held against `nntrain fit` and against what scikit-learn asks of estimators."""

import inspect
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain import NNClassifier, NNTrainError
from nntrain.classifier.batches import FeatureBatches
from nntrain.classifier.scikit_learn import FeaturesError
from nntrain.config import Config
from nntrain.errors import ConfigError, DivergenceError
from nntrain.nn.arrays import Array
from nntrain.training import checkpoint
from nntrain.training.fit import fit
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.tiny import inputs

LETTERS = np.array(["row", "column", "border"])


@pytest.mark.parametrize(
    ("parameters", "overrides"),
    [
        ({}, ()),
        ({"dtype": "float64", "n_jobs": 2}, ("dtype=float64",)),
        (
            {"dropout": 0.3, "input_dropout": 0.1},
            ("network[0].dropout=0.3", "training.input_dropout=0.1"),
        ),
        (
            {
                "optimizer": {"name": "nesterov", "momentum": 0.8, "learning_rate": 0.1},
                "weight_decay": 0.01,
                "schedule": {"name": "cosine", "warmup": 1},
            },
            (
                "training.optimizer={name: nesterov, momentum: 0.8, learning_rate: 0.1, "
                "weight_decay: 0.01}",
                "training.schedule={name: cosine, warmup: 1}",
            ),
        ),
        (
            {"average": 0.9, "clip_norm": 0.5, "max_norm": 1.0, "l1": 1e-4, "label_smoothing": 0.1},
            (
                "training.average=0.9",
                "training.clip_norm=0.5",
                "training.max_norm=1.0",
                "training.l1=1e-4",
                "training.label_smoothing=0.1",
            ),
        ),
        (
            {"loss": "squared_error", "init": {"normal": 0.2}},
            (
                "loss=squared_error",
                "network[0].init={normal: 0.2}",
                "network[1].activation=sigmoid",
            ),
        ),
    ],
)
def test_it_takes_the_very_steps_of_fit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_config: Callable[..., Config],
    parameters: dict[str, Any],
    overrides: tuple[str, ...],
) -> None:
    config = make_config("data.validation=0", *overrides)
    run = fit(config, lambda: RunFolder.create(tmp_path / "run", config), Reporter()).run
    monkeypatch.setattr(FeatureBatches, "block_rows", 40)  # so that an epoch takes several blocks
    ours = NNClassifier(
        (8,),
        "sigmoid",
        epochs=4,
        batch_size=16,
        random_state=3,
        **{"learning_rate": 0.02, **parameters},
    ).fit(*inputs(200, config.dtype))
    saved = checkpoint.load(run.last_file)
    theirs = (
        saved.parameters if config.training.average is None else saved.optimizer_state["average"]
    )
    np.testing.assert_array_equal(ours.parameters_, theirs)
    assert [record.train_loss for record in ours.history_] == [
        record.train_loss for record in saved.progress.history
    ]


@pytest.mark.parametrize("classes", [LETTERS, np.array([7, -1, 300]), np.array([0.0, 2.0, 4.0])])
def test_labels_of_any_kind_come_back(classes: NDArray[Any]) -> None:
    x, labels = inputs(200)
    classifier = NNClassifier(epochs=10, learning_rate=0.01).fit(x, classes[labels])
    np.testing.assert_array_equal(classifier.classes_, np.sort(classes))
    assert classifier.score(x, classes[labels]) > 0.95
    shares = classifier.predict_proba(x)
    assert shares.shape == (200, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    answers = classifier.predict(x)
    assert answers.dtype == classes.dtype
    np.testing.assert_array_equal(answers, classifier.classes_[shares.argmax(axis=1)])


def test_there_may_be_more_classes_than_digits_or_only_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 300
    x = np.eye(300)[labels] + rng.normal(0, 0.05, (600, 300))
    classifier = NNClassifier((), learning_rate=0.1, epochs=20).fit(x, labels)
    assert classifier.score(x, labels) > 0.95
    assert set(NNClassifier(epochs=1).fit(x[:5], ["a"] * 5).predict(x)) == {"a"}


def test_one_seed_gives_one_network_and_no_seed_another_each_time() -> None:
    x, labels = inputs(200)

    def parameters(state: Any) -> Array:
        return NNClassifier((4,), epochs=1, random_state=state).fit(x, labels).parameters_

    np.testing.assert_array_equal(parameters(5), parameters(np.int64(5)))
    states = [None, None, np.random.default_rng(1), np.random.RandomState(1), 5, 6]
    assert len({parameters(state).tobytes() for state in states}) == len(states)


def test_an_answer_does_not_depend_on_its_company() -> None:
    x, labels = inputs(200)
    classifier = NNClassifier(epochs=2).fit(x, labels)
    single = np.concatenate([classifier.predict_proba(row[np.newaxis]) for row in x[:20]])
    np.testing.assert_allclose(classifier.predict_proba(x)[:20], single, rtol=1e-12)


def test_it_is_pickled_with_what_it_has_learnt() -> None:
    x, labels = inputs(200)
    classifier = NNClassifier((8, 4), init={"uniform": 0.5}, epochs=2).fit(x, LETTERS[labels])
    copy = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(copy.predict_proba(x), classifier.predict_proba(x))


def test_parameters_are_kept_as_they_were_given() -> None:
    names = list(inspect.signature(NNClassifier).parameters)
    given: dict[str, Any] = {name: object() for name in names}
    classifier = NNClassifier(**given)
    assert classifier.get_params() == given
    assert vars(NNClassifier().set_params(**given)) == vars(classifier)
    assert list(NNClassifier().get_params(deep=False)) == names
    with pytest.raises(ValueError, match="Invalid parameter 'hiden' for NNClassifier; choose from"):
        classifier.set_params(hiden=(3,))


def test_it_is_shown_by_what_differs_from_the_defaults() -> None:
    assert repr(NNClassifier()) == "NNClassifier()"
    assert repr(NNClassifier((30,), epochs=3)) == "NNClassifier(hidden=(30,), epochs=3)"


@pytest.mark.parametrize(
    ("parameters", "line"),
    [
        (
            {"activation": "sigmod"},
            "NNClassifier: network[0].activation: unknown activation 'sigmod'; "
            "did you mean 'sigmoid'?",
        ),
        ({"hidden": (8, 0)}, "NNClassifier: network[1].dense: must be at least 1, not 0"),
        ({"epochs": 2.5}, "NNClassifier: training.epochs: must be a whole number, not 2.5"),
        ({"random_state": -1}, "NNClassifier: seed: must be at least 0, not -1"),
        ({"n_jobs": 0}, "NNClassifier: n_jobs: must be -1, None or at least 1, not 0"),
        (
            {"loss": "crossentropy"},
            "NNClassifier: loss: unknown loss 'crossentropy'; did you mean 'cross_entropy'?",
        ),
    ],
)
def test_a_parameter_that_cannot_be_is_one_line(parameters: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        NNClassifier(**parameters).fit(*inputs(200))
    assert str(caught.value) == line


X, Y = inputs(200)


def with_a_gap() -> Array:
    x = X.copy()
    x[3, 2] = np.nan
    return x


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X[0], Y, "Expected 2D array, got 1D array instead"),
        (X[:0], Y[:0], "0 sample(s)"),
        (X[:, :0], Y, "0 feature(s)"),
        (X * 1j, Y, "Complex data not supported"),
        ([["a"]], [1], "could not convert string to float: 'a'"),
        (with_a_gap(), Y, "X: row 3, column 2: nan is no finite float32"),
        (np.full((200, 3), 1e300), Y, "1e+300 is no finite float32"),
        (X, None, "requires y to be passed"),
        (X, Y[:-1], "X has 200 rows, but y has 199 labels"),
        (X, np.stack([Y, Y], axis=1), "y should be a 1d array"),
        (X, np.where(Y == 0, np.nan, Y), "Input y contains NaN"),
        (X, Y + 0.5, "Unknown label type: continuous"),
    ],
)
def test_rows_and_labels_that_cannot_be_learnt_from_are_value_errors(
    x: Any, y: Any, words: str
) -> None:
    with pytest.raises(ValueError) as caught:
        NNClassifier().fit(x, y)
    assert words in str(caught.value)
    assert isinstance(caught.value, NNTrainError)


def test_a_sparse_matrix_is_refused() -> None:
    class Sparse:
        def tocsr(self) -> None: ...

    with pytest.raises(TypeError, match="sparse"):
        NNClassifier().fit(Sparse(), Y)  # type: ignore[arg-type]


def test_a_column_of_labels_is_taken_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="column-vector y"):
        classifier = NNClassifier(epochs=1).fit(X, Y[:, np.newaxis])
    assert len(classifier.classes_) == 3


def test_predicting_needs_a_fit_and_its_features() -> None:
    with pytest.raises(ValueError, match="not fitted yet"):
        NNClassifier().predict(X)
    classifier = NNClassifier(epochs=1).fit(X, Y)
    with pytest.raises(FeaturesError, match="X has 4 features, but NNClassifier is expecting 16"):
        classifier.predict(X[:, :4])


def test_a_training_that_diverges_says_so() -> None:
    with pytest.raises(DivergenceError, match=r"lower training\.optimizer\.learning_rate"):
        NNClassifier(optimizer="sgd", learning_rate=1e30).fit(X, Y)


def test_nothing_of_scikit_learn_is_imported() -> None:
    program = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.split(".")[0] != "sklearn", name

sys.meta_path.insert(0, Refuse())
import numpy as np
from nntrain import NNClassifier

x = np.eye(6)
classifier = NNClassifier(epochs=1).fit(x, list("aabbcc"))
print(classifier.predict(x), classifier.score(x, list("aabbcc")), repr(classifier))
try:
    NNClassifier().predict(x)
except ValueError:
    pass
"""
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE)


def test_scikit_learn_takes_it_for_one_of_its_own() -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = checks.check_estimator(NNClassifier(), on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []
