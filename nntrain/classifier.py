"""An estimator for scikit-learn, which need not be installed.

scikit-learn relies on an estimator's methods, not on its base class: `get_params`, `set_params`,
`fit`, `predict`, `predict_proba`, `score` and a few attributes are sufficient.
"""

import inspect
import operator
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from nntrain.config import Config, make_config
from nntrain.config.build import (
    build_average,
    build_network,
    build_optimizer,
    initial_network,
)
from nntrain.config.schema import OUTPUT_FOR
from nntrain.data.batches import BLOCK_ROWS, one_hot
from nntrain.engine import BatchBuffer
from nntrain.errors import ConfigError, DataError
from nntrain.nn.arrays import Array
from nntrain.randomness import Purpose, generator
from nntrain.training.inference import as_probabilities
from nntrain.training.loop import PREDICTION_ROWS, train
from nntrain.training.progress import Progress
from nntrain.training.session import plan_of, training_session
from nntrain.training.threads import cores

if TYPE_CHECKING:
    from sklearn.utils import Tags

_PLACEHOLDER = 10  # classes; a Config has at most 10, but a classifier may have more


class FeaturesError(DataError, ValueError):
    """Invalid rows or labels; also a ValueError, as scikit-learn expects."""


class NNClassifier:
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
        convolutions: Layers before the dense ones, as in the configuration, such as
            `[{"conv": 16, "kernel": 5}, {"max_pool": 2}]`.
        image_shape: Height and width of the pictures, or also channels, if the features are
            pictures; None: square grey ones.

    Attributes:
        classes_: The labels, sorted, shape (classes,).
        n_features_in_: Number of features.
        parameters_: The parameter vector (W_1, …, W_L, b_1, …, b_L).
        history_: An `EpochRecord` for each epoch.
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
        random_state: int | np.random.Generator | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
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
        self.convolutions = convolutions
        self.image_shape = image_shape

    def __repr__(self) -> str:
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(_PARAMETERS[name].default)
        ]
        return f"NNClassifier({', '.join(changed)})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; `deep` has no effect, since no parameter is an estimator."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **params: object) -> "NNClassifier":
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

    def fit(self, X: ArrayLike, y: ArrayLike) -> "NNClassifier":  # noqa: N803 (as they call it)
        """Train a new network.

        Args:
            X: Features, shape (N, features), finite.
            y: Labels, shape (N,).

        Raises:
            FeaturesError: If X or y is invalid.
            ConfigError: If a parameter is invalid.
            DivergenceError: If the loss or the weights are no longer finite.
        """
        features = _features(X)
        classes, labels = np.unique(_labels(y, len(features)), return_inverse=True)
        config = self._config_for(len(classes))
        x = _finite(features, config.dtype)
        network = initial_network(config, x.shape[1])
        average = build_average(config, network)
        targets = one_hot(len(classes), config.dtype, config.training.label_smoothing)
        batches = FeatureBatches(
            x, labels, targets, min(config.training.batch_size, len(x)), config.seed
        )
        progress = Progress()
        with training_session(
            config,
            network,
            build_optimizer(config, network),
            average,
            batches.batch_size,
            self._threads(),
        ) as step:
            for _ in train(
                step,
                batches,
                plan_of(config),
                progress,
                validate=lambda: (np.nan, np.nan),
                examine=list,
                after_batch=lambda _: False,
            ):
                pass
        self.classes_ = classes
        self.n_features_in_ = x.shape[1]
        self.parameters_ = network.parameters if average is None else average.parameters
        self.history_ = progress.history
        self._config = config
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
        if not hasattr(self, "parameters_"):
            raise _not_fitted()
        features = _features(X)
        if features.shape[1] != self.n_features_in_:
            raise FeaturesError(
                f"X has {features.shape[1]} features, but NNClassifier is expecting "
                f"{self.n_features_in_} features as input"
            )
        config = self._config
        # In float64 the result for a row does not depend on the other rows of X.
        x = _finite(features, config.dtype).astype(np.float64)
        precise = config.model_copy(update={"dtype": "float64"})
        network = build_network(precise, self.n_features_in_)
        network.parameters[...] = self.parameters_
        parts = range(0, len(x), PREDICTION_ROWS)
        with (
            threadpool_limits(self._threads(), "blas"),
            np.errstate(over="ignore", invalid="ignore"),
        ):
            outputs = [network.predict(x[start : start + PREDICTION_ROWS]) for start in parts]
        shares = as_probabilities(
            np.concatenate(outputs), config.network[-1].activation, config.loss
        )
        return np.asarray(shares, np.float64)

    def score(self, X: ArrayLike, y: ArrayLike) -> float:  # noqa: N803
        """The accuracy on these rows."""
        return float(np.mean(self.predict(X) == np.ravel(np.asarray(y))))

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import ClassifierTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
        )

    def _config_for(self, classes: int) -> Config:
        """The parameters as a validated configuration."""
        optimizer = {
            "learning_rate": self.learning_rate,
            **({} if self.weight_decay is None else {"weight_decay": self.weight_decay}),
            **_named(self.optimizer),
        }
        hidden = {"activation": self.activation, "init": self.init, "dropout": self.dropout}
        last = OUTPUT_FOR.get(self.loss, "sigmoid")  # type: ignore[call-overload]
        convolutions = [dict(layer) for layer in self.convolutions]
        config = make_config(
            {
                "seed": self._seed(),
                "dtype": self.dtype,
                "data": {
                    "train": "X",
                    "validation": 0,
                    "classes": _PLACEHOLDER,
                    "image": self.image_shape,
                },
                "network": [
                    *(
                        ({**hidden, **layer} if "conv" in layer else layer)
                        for layer in convolutions
                    ),
                    *({"dense": neurons, **hidden} for neurons in np.ravel(self.hidden).tolist()),
                    {"dense": _PLACEHOLDER, "activation": last},
                ],
                "loss": self.loss,
                "training": {
                    "epochs": self.epochs,
                    "batch_size": self.batch_size,
                    "optimizer": optimizer,
                    "schedule": _named(self.schedule),
                    "input_dropout": self.input_dropout,
                    "label_smoothing": self.label_smoothing,
                    "l1": self.l1,
                    "max_norm": self.max_norm,
                    "clip_norm": self.clip_norm,
                    "average": self.average,
                },
            },
            "NNClassifier",
        )
        *layers, output = config.network
        answer = output.model_copy(update={"dense": classes})
        return config.model_copy(update={"network": (*layers, answer)})

    def _seed(self) -> object:
        match self.random_state:
            case None:
                return int(np.random.default_rng().integers(2**32))
            case np.random.Generator():
                return int(self.random_state.integers(2**32))
            case np.random.RandomState():
                return int(self.random_state.randint(2**31))
        return self.random_state

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


@dataclass
class FeatureBatches:
    """Batches of features, without the threads and distortions of `nntrain.data.batches.Batches`.

    Attributes:
        x: The features of all rows, shape (N, n_0).
        labels: The number of each row's class, shape (N,).
        targets: The targets of all classes, shape (classes, n_L).
        batch_size: B ≤ N.
        seed: The seed of the order of the rows.
        workers: Number of threads.
        block_rows: Number of rows to prepare at a time.
    """

    x: Array
    labels: NDArray[np.intp]
    targets: Array
    batch_size: int
    seed: int

    workers: int = 0  # filling a block takes too little time for a thread
    block_rows: int = BLOCK_ROWS

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[BatchBuffer]
    ) -> Iterator[tuple[BatchBuffer, NDArray[np.intp]]]:
        """The batches of one epoch, from batch `start` on; see `Batches.epoch`."""
        order = generator(self.seed, Purpose.SHUFFLE, epoch).permutation(len(self.x))
        (block,) = blocks
        for first in range(start * self.batch_size, len(order), len(block.x)):
            rows = order[first : first + len(block.x)]
            labels = self.labels[rows]
            np.take(self.x, rows, axis=0, out=block.x[: len(rows)], mode="clip")
            np.take(self.targets, labels, axis=0, out=block.y[: len(rows)], mode="clip")
            yield block, labels


def _named(choice: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": choice} if isinstance(choice, str) else choice


def _features(X: ArrayLike) -> NDArray[Any]:  # noqa: N803
    """X as a 2D array of numbers; error messages contain what scikit-learn's checks search for."""
    if hasattr(X, "tocsr"):
        raise TypeError("X is a sparse matrix, but NNClassifier takes dense ones; use X.toarray()")
    table = np.asarray(X)
    if np.iscomplexobj(table):
        raise FeaturesError("Complex data not supported; give real numbers")
    if table.dtype.kind not in "buif":
        try:
            table = table.astype(object).astype(np.float64)  # via object, for a readable message
        except ValueError as error:
            raise FeaturesError(f"X: {error}; give numbers") from error
    if table.ndim != 2:
        raise FeaturesError(
            f"Expected 2D array, got {table.ndim}D array instead: X has the shape {table.shape}. "
            "Reshape your data, by X.reshape(1, -1) if it is a single row"
        )
    for name, count in zip(("sample", "feature"), table.shape, strict=True):
        if count == 0:
            raise FeaturesError(
                f"Found array with 0 {name}(s) (shape={table.shape}) while a minimum of 1 is "
                "required; give some"
            )
    return table


def _finite(table: NDArray[Any], dtype: str) -> Array:
    """The table in one precision."""
    with np.errstate(over="ignore"):
        x: Array = np.ascontiguousarray(table, dtype)
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0].tolist()
        raise FeaturesError(
            f"X: row {row}, column {column}: {table[row, column]} is no finite {dtype}; "
            "Input X contains NaN or infinity, so fill or remove such rows"
        )
    return x


def _labels(y: ArrayLike | None, rows: int) -> NDArray[Any]:
    """A label for each row."""
    if y is None:
        raise FeaturesError("NNClassifier requires y to be passed, but the target y is None")
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected; use y.ravel()",
            _sklearn_exception("DataConversionWarning", UserWarning),
            stacklevel=3,
        )
        labels = labels.ravel()
    if labels.ndim != 1:
        raise FeaturesError(f"y should be a 1d array, got an array of shape {labels.shape} instead")
    if len(labels) != rows:
        raise FeaturesError(f"X has {rows} rows, but y has {len(labels)} labels; give one for each")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise FeaturesError("Input y contains NaN or infinity; give a label for each row")
        if (labels != np.rint(labels)).any():
            raise FeaturesError("Unknown label type: continuous; give classes, not measurements")
    return labels


def _not_fitted() -> Exception:
    kind: type[Exception] = _sklearn_exception("NotFittedError", FeaturesError)
    return kind("This NNClassifier instance is not fitted yet; call 'fit' before it predicts")


def _sklearn_exception(name: str, otherwise: type[Exception]) -> Any:
    """An exception class of scikit-learn if that is imported, since its tools expect it."""
    return getattr(sys.modules.get("sklearn.exceptions"), name, otherwise)
