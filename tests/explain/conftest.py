"""A student's file without a process of its own, for tests of what is said of its numbers."""

import json
from typing import Any

import pytest

from nntrain.explain.grading import sandbox
from nntrain.explain.grading.sandbox_worker import Runner


class WithinThisProcess:
    """What a real process answers, but sooner."""

    printed = 0

    def __init__(self, path: str, *limits: object) -> None:
        self.runner = Runner(path)
        self.told: dict[str, Any] = {"unlimited": []}

    def ask(self, request: dict[str, Any]) -> None:
        self.told = json.loads(json.dumps(self.runner.answer(json.loads(json.dumps(request)))))

    def reply(self, seconds: float) -> dict[str, Any]:
        return self.told

    def end(self) -> None:
        pass


@pytest.fixture
def within_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SandboxProcess", WithinThisProcess)
