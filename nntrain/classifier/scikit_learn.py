"""What scikit-learn expects of an estimator where it is installed; it is never required."""

import sys
from typing import TYPE_CHECKING, Any

from nntrain.errors import DataError

if TYPE_CHECKING:
    from sklearn.utils import Tags


class FeaturesError(DataError, ValueError):
    """Invalid rows or labels; also a ValueError, as scikit-learn expects."""


class UnfittedError(FeaturesError, AttributeError):
    """An estimator is used before it is fitted; also an AttributeError, so `hasattr` is false."""


def not_fitted() -> Exception:
    """The error of an estimator that is not fitted."""
    kind: type[Exception] = exception("NotFittedError", UnfittedError)
    return kind("This NNClassifier instance is not fitted yet; call 'fit' before it predicts")


def exception(name: str, otherwise: type[Exception]) -> Any:
    """An exception class of scikit-learn if that is imported, since its tools expect it."""
    return getattr(sys.modules.get("sklearn.exceptions"), name, otherwise)


def tags() -> "Tags":
    """What scikit-learn asks of a classifier."""
    from sklearn.utils import ClassifierTags, Tags, TargetTags

    return Tags(
        estimator_type="classifier",
        target_tags=TargetTags(required=True),
        classifier_tags=ClassifierTags(),
    )


def html_view(estimator: object) -> str | None:
    """scikit-learn's HTML of an estimator; None if it is not installed or not to show diagrams."""
    try:
        from sklearn import get_config
        from sklearn.utils import estimator_html_repr
    except ImportError:
        return None
    return str(estimator_html_repr(estimator)) if get_config()["display"] == "diagram" else None
