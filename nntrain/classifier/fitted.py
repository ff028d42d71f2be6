"""What an estimator has learned, by the names that scikit-learn's `MLPClassifier` uses."""

from __future__ import annotations  # so that help() shows the types as they are written here

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.classifier.scikit_learn import FeaturesError, not_fitted
from nntrain.classifier.training import Learned
from nntrain.training.progress import EpochRecord


class FittedNetwork:
    """The attributes of a fitted estimator, and checks of other rows and classes against them."""

    if TYPE_CHECKING:  # help() would show these annotations in one long line
        classes_: NDArray[Any]
        n_features_in_: int
        parameters_: NDArray[np.floating]
        history_: list[EpochRecord]
        _learned: Learned

    @property
    def coefs_(self) -> list[NDArray[np.floating]]:
        """The weights of each layer, read-only: the transposed W_i, shape (n_{i−1}, n_i).

        Of a convolution it is W_i itself, shape (filters, height, width, channels).
        """
        weights = [weights for weights, _ in self._layers() if weights.size]
        return [array.T if array.ndim == 2 else array for array in weights]

    @property
    def intercepts_(self) -> list[NDArray[np.floating]]:
        """The biases b_i of each layer, shape (n_i,), read-only."""
        return [biases for _, biases in self._layers() if biases.size]

    @property
    def n_iter_(self) -> int:
        """Number of epochs."""
        return len(self.history_)

    @property
    def loss_curve_(self) -> list[float]:
        """The mean training loss of each epoch."""
        return [record.train_loss for record in self.history_]

    @property
    def best_loss_(self) -> float:
        """The least training loss."""
        return min(self.loss_curve_)

    @property
    def validation_scores_(self) -> list[float] | None:
        """The accuracy on the held-out rows after each epoch; None without such rows."""
        scores = [record.val_accuracy for record in self.history_]
        return scores if all(record.validated for record in self.history_) else None

    def _keep(self, classes: NDArray[Any], learned: Learned) -> None:
        """Take what a training left."""
        self.classes_ = classes
        self.n_features_in_ = learned.inputs
        self.parameters_ = learned.parameters
        self.history_ = learned.history
        self._learned = learned

    def _fitted(self) -> Learned:
        if not hasattr(self, "_learned"):
            raise not_fitted()
        return self._learned

    def _layers(self) -> list[tuple[NDArray[np.floating], NDArray[np.floating]]]:
        """(W_i, b_i) of each layer, read-only."""
        learned = self._fitted()
        parameters = learned.parameters.view()
        parameters.flags.writeable = False
        return learned.network(learned.config.dtype).views(parameters)

    def _known(self, classes: ArrayLike | None) -> NDArray[Any]:
        """The classes of `partial_fit`: those of the call before, or the given ones."""
        given = None if classes is None else np.unique(np.asarray(classes))
        if not hasattr(self, "_learned"):
            if given is None:
                raise FeaturesError(
                    "classes must be passed on the first call to partial_fit, since y need not "
                    "contain all; give them, such as classes=[0, 1, 2]"
                )
            return given
        if given is not None:
            self._check_classes(given, "partial_fit continues a network")
        return self.classes_

    def _check_classes(self, classes: NDArray[Any], what: str) -> None:
        if not np.array_equal(classes, self.classes_):
            raise FeaturesError(
                f"classes {_listed(classes)}, but {what} of the classes {_listed(self.classes_)}; "
                "give the same ones, or train a new NNClassifier"
            )

    def _check_features(self, features: NDArray[Any]) -> None:
        if features.shape[1] != self.n_features_in_:
            raise FeaturesError(
                f"X has {features.shape[1]} features, but NNClassifier is expecting "
                f"{self.n_features_in_} features as input"
            )


def _listed(classes: NDArray[Any]) -> str:
    return ", ".join(map(str, classes.tolist()))
