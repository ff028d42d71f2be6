"""The estimator."""

from __future__ import annotations  # so that help() shows the types as they are written here

import inspect
import operator
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.random import Generator, RandomState
from numpy.typing import ArrayLike, NDArray

from nntrain.classifier.arguments import as_codes, as_features, as_finite, as_labels
from nntrain.classifier.configuration import config_of, seed_of
from nntrain.classifier.fitted import FittedNetwork
from nntrain.classifier.scikit_learn import html_view, tags
from nntrain.classifier.training import Learned, Rows, begin, learn, resume, split
from nntrain.engine import limit_blas
from nntrain.errors import ConfigError
from nntrain.training.inference import as_probabilities
from nntrain.training.loop import bounded_predict
from nntrain.training.reporter import Reporter, TerminalReporter
from nntrain.training.threads import cores

if TYPE_CHECKING:
    from sklearn.utils import Tags


class NNClassifier(FittedNetwork):
    """A fully-connected network for rows of any features and labels of any type.

    The parameters are the keys of the YAML configuration, with the same defaults. Features are not
    scaled; scale them first, for example in a `Pipeline` with `StandardScaler`.

    Args:
        hidden: Widths of the hidden dense layers; () for none.
        activation: Activation of the hidden layers.
        loss: `cross_entropy` (with softmax), `binary_cross_entropy` or `squared_error` (with
            sigmoid).
        init: Initialisation of the weights; None: the usual one for the activation.
        dropout: Dropout rate of each hidden layer.
        input_dropout: Dropout rate of the features.
        epochs: Number of passes over the training rows.
        batch_size: Rows per step.
        optimizer: A name, or a mapping such as `{"name": "nesterov", "momentum": 0.95}`.
        learning_rate: Learning rate.
        weight_decay: Weight decay; None: the optimizer's default.
        schedule: Learning-rate schedule: a name, or a mapping such as
            `{"name": "cosine", "warmup": 1}`.
        label_smoothing: Share of each target that is spread over all classes.
        l1: Factor of the L1 penalty.
        max_norm: Greatest norm of the weights of one neuron; None: no limit.
        clip_norm: Greatest norm of the gradient; None: no limit.
        average: Decay of a moving average of the weights, which is then used to predict; None: use
            the weights themselves.
        dtype: `float32` or `float64`.
        random_state: An integer; or a `numpy.random` generator or None, which both give another
            network at each call of `fit`.
        n_jobs: Number of threads for large batches; None: 1, -1: one per core.
        early_stopping: Hold rows out, stop when the accuracy on them no longer rises, and predict
            with the best epoch.
        patience: Epochs without a better accuracy before stopping early.
        validation_fraction: The share of each class's rows to hold out, or the number of last rows.
        warm_start: Whether `fit` begins with the weights of the one before, if there is one.
        verbose: Print a line for each epoch.
        convolutions: Layers before the dense ones, as in the configuration, such as
            `[{"conv": 16, "kernel": 5}, {"max_pool": 2}]`.
        image_shape: Height and width of the pictures, or also channels, if the features are
            pictures; None: square grey ones.

    Attributes:
        classes_: The labels, sorted, shape (classes,).
        n_features_in_: Number of features.
        parameters_: The parameter vector (W_1, …, W_L, b_1, …, b_L).
        history_: An `EpochRecord` for each epoch.
        coefs_, intercepts_, n_iter_, loss_curve_, best_loss_, validation_scores_: As those of
            scikit-learn's `MLPClassifier`; see each of them.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (100,),
        activation: str = "relu",
        *,
        loss: str = "cross_entropy",
        init: str | Mapping[str, float] | None = None,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        epochs: int = 50,
        batch_size: int = 32,
        optimizer: str | Mapping[str, Any] = "adam",
        learning_rate: float = 0.001,
        weight_decay: float | None = None,
        schedule: str | Mapping[str, Any] = "constant",
        label_smoothing: float = 0.0,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        average: float | None = None,
        dtype: str = "float32",
        random_state: int | Generator | RandomState | None = 0,
        n_jobs: int | None = None,
        early_stopping: bool = False,
        patience: int = 10,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        verbose: bool = False,
        convolutions: Sequence[Mapping[str, Any]] = (),
        image_shape: Sequence[int] | None = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.init = init
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.label_smoothing = label_smoothing
        self.l1 = l1
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.average = average
        self.dtype = dtype
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.early_stopping = early_stopping
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.verbose = verbose
        self.convolutions = convolutions
        self.image_shape = image_shape

    def __repr__(self) -> str:
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(_PARAMETERS[name].default)
        ]
        return f"NNClassifier({', '.join(changed)})"

    def _repr_html_(self) -> str | None:
        return html_view(self)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; `deep` has no effect, since no parameter is an estimator."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **params: object) -> NNClassifier:
        """Change some parameters.

        Raises:
            ValueError: If a name is not that of a parameter.
        """
        for name, value in params.items():
            if name not in _PARAMETERS:
                raise ValueError(
                    f"Invalid parameter {name!r} for NNClassifier; choose from "
                    f"{', '.join(_PARAMETERS)}"
                )
            setattr(self, name, value)
        return self

    def fit(self, X: ArrayLike, y: ArrayLike) -> NNClassifier:  # noqa: N803 (as they call it)
        """Train a new network; with `warm_start`, a new training of the same one.

        Args:
            X: Features, shape (N, features), finite.
            y: Labels, shape (N,).

        Raises:
            FeaturesError: If X or y is invalid.
            ConfigError: If a parameter is invalid.
            DataError: If no row is left to train on, or to hold out.
            DivergenceError: If the loss or the weights are no longer finite.
        """
        before = self._learned if self.warm_start and hasattr(self, "_learned") else None
        features = as_features(X)
        classes, labels = np.unique(as_labels(y, len(features)), return_inverse=True)
        if before is not None:
            self._check_features(features)
            self._check_classes(classes, "warm_start continues a network")
        config = config_of(self.get_params(), seed_of(self.random_state), len(classes))
        rows = Rows(as_finite(features, config.dtype), labels)
        training, held_out = split(config, rows)
        state = begin(config, features.shape[1], before)
        learned = learn(state, config, training, held_out, self._threads(), self._reporter())
        self._keep(classes, learned)
        return self

    def partial_fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike,
        classes: ArrayLike | None = None,
    ) -> NNClassifier:
        """Continue the training by one epoch over these rows, or begin one.

        The optimiser, the schedule and the history continue, too: as many calls with all rows as
        `fit` has epochs train the same network.

        Args:
            X: Features, shape (N, features), finite.
            y: Labels, shape (N,), some of the classes.
            classes: All labels of all calls; needed in the first call.

        Raises:
            FeaturesError: If X, y or `classes` is invalid.
            ConfigError: If a parameter is invalid, or the layers are others than before.
            DivergenceError: If the loss or the weights are no longer finite; the network of the
                call before remains.
        """
        if self.early_stopping:
            raise ConfigError(
                "NNClassifier: early_stopping: partial_fit trains one epoch, so there is nothing "
                "to stop; leave early_stopping out, or call fit"
            )
        before: Learned | None = getattr(self, "_learned", None)
        known = self._known(classes)
        features = as_features(X)
        codes = as_codes(as_labels(y, len(features)), known)
        if before is not None:
            self._check_features(features)
        seed = seed_of(self.random_state) if before is None else before.config.seed
        config = config_of(self.get_params(), seed, len(known))
        rows = Rows(as_finite(features, config.dtype), codes)
        state = resume(config, before) if before else begin(config, features.shape[1], None)
        learned = learn(state, config, rows, None, self._threads(), self._reporter(), epochs=1)
        self._keep(known, learned)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The most probable label of each row, shape (N,).

        Raises:
            FeaturesError: If X is invalid, or has another number of features than in `fit`.
        """
        best = self.predict_proba(X).argmax(axis=1)  # raises if not fitted
        return np.asarray(self.classes_[best])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """The probability of each label of `classes_`, shape (N, classes).

        Raises:
            FeaturesError: If X is invalid, or has another number of features than in `fit`.
        """
        learned = self._fitted()
        features = as_features(X)
        self._check_features(features)
        config = learned.config
        # In float64 the result for a row does not depend on the other rows of X.
        x = as_finite(features, config.dtype).astype(np.float64)
        with (
            limit_blas(self._threads()),
            np.errstate(over="ignore", invalid="ignore"),
        ):
            outputs = bounded_predict(learned.network("float64"), x)
        shares = as_probabilities(outputs, config.network[-1].activation, config.loss)
        return np.asarray(shares, np.float64)

    def score(self, X: ArrayLike, y: ArrayLike) -> float:  # noqa: N803
        """The accuracy on these rows."""
        return float(np.mean(self.predict(X) == np.ravel(np.asarray(y))))

    def __sklearn_tags__(self) -> Tags:
        return tags()

    def _reporter(self) -> Reporter:
        return StdoutReporter() if self.verbose else Reporter()

    def _threads(self) -> int:
        if self.n_jobs is None:
            return 1
        threads = operator.index(self.n_jobs)
        if threads < 1 and threads != -1:
            raise ConfigError(
                f"NNClassifier: n_jobs: must be -1, None or at least 1, not {threads}"
            )
        return cores() if threads == -1 else threads


_PARAMETERS = inspect.signature(NNClassifier).parameters


class StdoutReporter(TerminalReporter):
    """Writes a line for each epoch to stdout, as scikit-learn's estimators do."""

    def _stream(self) -> TextIO:
        return sys.stdout
