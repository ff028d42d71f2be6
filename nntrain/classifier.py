"""The networks of nntrain as an estimator of scikit-learn, which is not imported for that.

scikit-learn asks an estimator for its methods, not for its ancestors: `get_params`, `set_params`,
`fit`, `predict`, `predict_proba`, `score` and a few attributes are all it takes.
"""

import inspect
import operator
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
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

_PLACEHOLDER = 10  # classes, until the labels are known; a Config has at most so many


class FeaturesError(DataError, ValueError):
    """Rows or labels are not what a classifier can use; a ValueError, as scikit-learn expects."""


class NNClassifier:
    """A fully-connected network for rows of any features and labels of any kind.

    The parameters are the keys of the YAML with their defaults. Features are taken as they are:
    scale them first, in a `Pipeline` with `StandardScaler`, say.

    Args:
        hidden: The widths of the layers between input and output; () for none.
        activation: Of these layers.
        loss: `cross_entropy` (after softmax), `binary_cross_entropy` or `squared_error` (both after
            sigmoid).
        init: Initial weights; None for those that suit the activation.
        dropout: Share of each hidden layer's outputs that a training step leaves out.
        input_dropout: Share of the features that a training step leaves out.
        epochs: Passes over the training rows.
        batch_size: Rows for each step.
        optimizer: A name, or a mapping such as `{"name": "nesterov", "momentum": 0.95}`.
        learning_rate: Length of a step.
        weight_decay: How strongly weights are shrunk; None for the optimizer's default.
        schedule: How the learning rate moves: a name, or a mapping such as
            `{"name": "cosine", "warmup": 1}`.
        label_smoothing: Share of each target that is spread over all classes.
        l1: Penalty on the absolute weights.
        max_norm: Greatest norm of the weights that lead into one neuron; None for any.
        clip_norm: Greatest norm of the gradient; None for any.
        average: Share that a moving average of the weights keeps in each step, to predict with;
            None for the weights themselves.
        dtype: `float32` or `float64`.
        random_state: A whole number; or a `numpy.random` generator or None, both of which give
            another network each time.
        n_jobs: How many threads share a large batch; None for one, -1 for one each core.

    Attributes:
        classes_: The labels, sorted, shape (classes,).
        n_features_in_: How many features a row has.
        parameters_: The network's vector (W_1, …, W_L, b_1, …, b_L).
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

    def __repr__(self) -> str:
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(_PARAMETERS[name].default)
        ]
        return f"NNClassifier({', '.join(changed)})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; `deep` changes nothing, for none of them is an estimator."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **params: object) -> "NNClassifier":
        """Change some parameters.

        Raises:
            ValueError: There is no such parameter.
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
            FeaturesError: X or y is not what can be learnt from.
            ConfigError: A parameter cannot be.
            DivergenceError: The loss or the weights are no longer finite.
        """
        features = _features(X)
        classes, labels = np.unique(_labels(y, len(features)), return_inverse=True)
        config = self._config_for(len(classes))
        x = _as_finite(features, config.dtype)
        network = initial_network(config, x.shape[1])
        average = build_average(config, network)
        targets = one_hot(len(classes), config.dtype, config.training.label_smoothing)
        batches = _FeatureBatches(x, labels, targets, config)
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
        """The likeliest label of each row, shape (N,).

        Raises:
            FeaturesError: X has other features than those that were learnt from.
        """
        best = self.predict_proba(X).argmax(axis=1)  # first, for it refuses what is not fitted
        return np.asarray(self.classes_[best])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """The probability of each label of `classes_`, shape (N, classes).

        Raises:
            FeaturesError: X has other features than those that were learnt from.
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
        # In float64 an answer does not depend on the rows that are asked together with its own.
        x = _as_finite(features, config.dtype).astype(np.float64)
        precise = config.model_copy(update={"dtype": "float64"})
        network = build_network(precise, self.n_features_in_)
        network.parameters[...] = self.parameters_
        parts = range(0, len(x), PREDICTION_ROWS)
        with threadpool_limits(self._threads(), "blas"):
            outputs = [network.predict(x[start : start + PREDICTION_ROWS]) for start in parts]
        shares = as_probabilities(
            np.concatenate(outputs), config.network[-1].activation, config.loss
        )
        return np.asarray(shares, np.float64)

    def score(self, X: ArrayLike, y: ArrayLike) -> float:  # noqa: N803
        """The share of rows that are answered rightly."""
        return float(np.mean(self.predict(X) == np.ravel(np.asarray(y))))

    def __sklearn_tags__(self) -> "Tags":
        from sklearn.utils import ClassifierTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
        )

    def _config_for(self, classes: int) -> Config:
        """The parameters as a configuration, checked by the same rules."""
        optimizer = {
            "learning_rate": self.learning_rate,
            **({} if self.weight_decay is None else {"weight_decay": self.weight_decay}),
            **_named(self.optimizer),
        }
        hidden = {"activation": self.activation, "init": self.init, "dropout": self.dropout}
        last = OUTPUT_FOR.get(self.loss, "sigmoid")  # type: ignore[call-overload]
        config = make_config(
            {
                "seed": self._seed(),
                "dtype": self.dtype,
                "data": {"train": "X", "validation": 0, "classes": _PLACEHOLDER},
                "network": [
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


class _FeatureBatches:
    """Rows of features, dealt out as `nntrain.data.batches.Batches` deals out pixels."""

    workers = 0  # there is nothing to prepare that would be worth a thread of its own
    block_rows = BLOCK_ROWS

    def __init__(
        self,
        x: Array,
        labels: NDArray[np.intp],
        targets: Array,
        config: Config,
    ) -> None:
        self.x = x
        self.labels = labels
        self.targets = targets
        self.batch_size = min(config.training.batch_size, len(x))
        self.seed = config.seed

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[BatchBuffer]
    ) -> Iterator[tuple[BatchBuffer, NDArray[np.intp]]]:
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
    """X as a table of numbers; scikit-learn's words where its checks look for them."""
    if hasattr(X, "tocsr"):
        raise TypeError("X is a sparse matrix, but NNClassifier takes dense ones; use X.toarray()")
    table = np.asarray(X)
    if np.iscomplexobj(table):
        raise FeaturesError("Complex data not supported; give real numbers")
    if table.dtype.kind not in "buif":
        try:
            table = table.astype(object).astype(np.float64)  # for plain words if it fails
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


def _as_finite(table: NDArray[Any], dtype: str) -> Array:
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
    """An exception of scikit-learn where that is in use, since its tools look for it."""
    return getattr(sys.modules.get("sklearn.exceptions"), name, otherwise)
