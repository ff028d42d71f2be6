"""Numbers of threads that share even the smallest batch."""

import pytest

from nntrain.engine import buffers, step


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(step, "WORTH_A_POOL", 0)
    monkeypatch.setattr(buffers, "CACHED_PARAMETERS", 10)
    return int(request.param)
