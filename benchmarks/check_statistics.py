"""Does `nntrain compare` compute what SciPy does? McNemar's exact p and Wilson's interval.

Needs SciPy; `make bench` makes an environment that has it.
"""

import sys

import numpy as np
from scipy.stats import binomtest

from nntrain.training.comparison import mcnemar, wilson_interval

TOLERANCE = 1e-9  # relative; SciPy sums floating-point numbers


def main() -> None:
    """Compare 2,000 random pairs of counts; exit with status 1 at a difference."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(2_000):
        first, second = (int(count) for count in rng.integers(0, rng.choice([5, 50, 900]), 2))
        if first + second:
            exact = binomtest(first, first + second, 0.5).pvalue
            worst = max(worst, abs(mcnemar(first, second) - exact) / exact)
        rows = first + second + 1
        test = binomtest(first, rows).proportion_ci(0.95, method="wilson")
        for ours, theirs in zip(wilson_interval(first, rows), test, strict=True):
            worst = max(worst, abs(ours - theirs))
    print(f"McNemar's p and Wilson's intervals differ from SciPy's by at most {worst:.1e}")
    sys.exit(bool(worst > TOLERANCE))


if __name__ == "__main__":
    main()
