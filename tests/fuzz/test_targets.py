"""What a fuzzer has found stays mended, and the inputs that it begins with are right."""

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS, seeds

FINDINGS = sorted(Path(__file__).parent.glob("findings/*/*"))


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_stays_mended(finding: Path) -> None:
    TARGETS[finding.parent.name](finding.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_fuzzing_begins_with_what_is_right(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.targets.NNTrainError", KeyboardInterrupt)  # none may be raised
    for seed in seeds()[target]:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_tells_a_fault(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*arguments: object, **options: object) -> None:
        raise ValueError("a fault of the reader")

    for name in ("read_csv", "load_config", "checkpoint.load"):
        monkeypatch.setattr(f"tests.fuzz.targets.{name}", faulty)
    with pytest.raises(ValueError, match="a fault of the reader"):
        TARGETS[target](b"anything")
