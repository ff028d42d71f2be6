"""What a fuzzer has found stays mended, and the inputs that it begins with are right."""

from pathlib import Path

import pytest

from tests.fuzz.commands import RIGHT, arguments, commands, encoded, run, template
from tests.fuzz.targets import TARGETS, seeds

FINDINGS = sorted(Path(__file__).parent.glob("findings/*/*"))


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_stays_mended(finding: Path) -> None:
    TARGETS[finding.parent.name](finding.read_bytes())


READERS = [target for target in TARGETS if target != "commands"]


@pytest.mark.parametrize("target", READERS)
def test_fuzzing_begins_with_what_is_right(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.targets.NNTrainError", KeyboardInterrupt)  # none may be raised
    for seed in seeds()[target]:
        TARGETS[target](seed)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("line", RIGHT)
def test_fuzzing_begins_with_commands_that_are_right(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fuzz.commands.PATIENCE", 60)  # for a machine that does other work
    assert arguments(encoded(line)) == line.split()
    result = run(encoded(line))
    assert result is not None
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("fault", [ValueError("a fault"), SystemExit(3)])
def test_a_fault_of_a_command_is_told(
    fault: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*arguments: object, **options: object) -> None:
        raise fault

    template()  # it is trained without the fault
    monkeypatch.setattr("nntrain.config.load_config", faulty)
    with pytest.raises(AssertionError, match=r"ValueError: a fault|3"):
        commands(encoded("config show tiny.yaml"))


@pytest.mark.parametrize("target", READERS)
def test_a_target_tells_a_fault(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*arguments: object, **options: object) -> None:
        raise ValueError("a fault of the reader")

    for name in ("read_csv", "load_config", "checkpoint.load"):
        monkeypatch.setattr(f"tests.fuzz.targets.{name}", faulty)
    with pytest.raises(ValueError, match="a fault of the reader"):
        TARGETS[target](b"anything")
