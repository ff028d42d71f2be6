"""An estimator for scikit-learn, which need not be installed.

scikit-learn relies on an estimator's methods, not on its base class: `get_params`, `set_params`,
`fit`, `predict`, `predict_proba`, `score` and a few attributes are sufficient.
"""

from nntrain.classifier.estimator import NNClassifier

__all__ = ["NNClassifier"]
