"""Does scikit-learn take NNClassifier for one of its own? All checks of `check_estimator`.

Needs scikit-learn; `make bench` makes an environment that has it.
"""

import os
import sys
import warnings
from collections import Counter

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported, or one check is skipped

import sklearn
from sklearn.utils.estimator_checks import check_estimator

from nntrain import NNClassifier


def main() -> int:
    """Print how many checks ended in which way, and each that did not pass; 1 if one failed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it inherits nothing is the point
        results = check_estimator(NNClassifier(), on_fail=None)
    for result in results:
        if result["status"] != "passed":
            reason = str(result["exception"]).splitlines()[:1]
            print(f"{result['status']}: {result['check_name']}: {''.join(reason)}")
    counts = Counter(result["status"] for result in results)
    print(
        f"scikit-learn {sklearn.__version__}: {len(results)} checks, "
        + ", ".join(f"{count} {status}" for status, count in counts.most_common())
    )
    return int(counts["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
