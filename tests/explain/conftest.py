"""Runs a student's file within this process, for tests of the verdict."""

import json
from typing import Any

import pytest

from nntrain.explain.grading import sandbox
from nntrain.explain.grading.sandbox_worker import Runner


class WithinThisProcess:
    """The replies of a real process, but faster."""

    printed = 0

    def __init__(self, path: str, *limits: object) -> None:
        self.runner = Runner(path)
        self.last_reply: dict[str, Any] = {"unlimited": []}

    def ask(self, request: dict[str, Any]) -> None:
        self.last_reply = json.loads(
            json.dumps(self.runner.answer(json.loads(json.dumps(request))))
        )

    def reply(self, seconds: float) -> dict[str, Any]:
        return self.last_reply

    def end(self) -> None:
        pass


@pytest.fixture
def within_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SandboxProcess", WithinThisProcess)
