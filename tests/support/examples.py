"""How many examples Hypothesis tries: what a test asks for, scaled by the profile."""

from collections.abc import Collection

from hypothesis import HealthCheck, settings

# The profiles of tests/conftest.py: of `make test`, and of `make soak`.
QUICK, THOROUGH = 25, 500


def examples(count: int, suppress_health_check: Collection[HealthCheck] = ()) -> settings:
    """Settings for `count` examples where Hypothesis would try a hundred without a profile."""
    scaled = count * settings().max_examples // 100
    # The first example is always the simplest one, which alone would show little.
    return settings(
        max_examples=max(2, scaled),
        suppress_health_check=[*settings().suppress_health_check, *suppress_health_check],
    )
