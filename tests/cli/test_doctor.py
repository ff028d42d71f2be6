"""nntrain doctor, as a user runs it."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nntrain.cli import main
from nntrain.data.kaggle import write_csv
from tests.support.tiny import CONFIG, stripes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_csv("train.csv", *stripes(600))
    Path("tiny.yaml").write_text(CONFIG.format(train="train.csv"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def doctor(*arguments: str) -> list[str]:
    result = run("doctor", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def line_of(file: str, text: str) -> int:
    lines = Path(file).read_text("utf-8").splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if text in line)
    return number


TOO_LOW = "training.optimizer={name: adam, learning_rate: 1.0e-7}"


DIVERGES = (
    "--set=network[0].activation=identity",
    "--set=training.optimizer={name: sgd, learning_rate: 1.0e+30}",
)


LEARNS = ("--set", "training.epochs=12")


def test_a_finding_names_the_line_the_value_and_a_command_that_works(folder: Path) -> None:
    assert run("fit", "tiny.yaml", "--set", "data.input_range=[0, 255]").exit_code == 0
    head, finding, *others = doctor("runs/tiny")
    line = line_of("runs/tiny/config.yaml", "input_range")
    assert re.match(r"runs/tiny: \d findings?; looked at 4 of 4 epochs, the last with E ", head)
    assert finding.startswith(
        f"runs/tiny/config.yaml:{line}: data.input_range: [0.0, 255.0]: inputs not scaled: "
    )
    assert finding.endswith("; try [0, 1]")
    assert others[0].startswith("  so: ")
    command = others[-1].removeprefix("  try: nntrain ")
    assert shlex.split(command)[:3] == ["fit", "runs/tiny/config.yaml", "--set"]
    assert run(*shlex.split(command), *LEARNS).exit_code == 0
    (verdict,) = doctor("runs/tiny-2")
    assert verdict.startswith("runs/tiny-2: nothing found; looked at 12 of 12 epochs")


def test_a_run_that_diverged_in_its_first_epoch_has_a_rate_too_high(folder: Path) -> None:
    assert run("fit", "tiny.yaml", *DIVERGES).exit_code == 1
    assert not Path("runs/tiny/metrics.csv").exists()
    _, finding, command = doctor("runs/tiny")
    line = line_of("runs/tiny/config.yaml", "learning_rate")
    assert finding.startswith(
        f"runs/tiny/config.yaml:{line}: training.optimizer.learning_rate: 1e+30: learning rate α "
        "too high: "
    )
    assert "in epoch 1, batch" in finding
    assert command.startswith("  try: nntrain fit runs/tiny/config.yaml --set training.optimizer.")


def test_without_the_rows_metrics_and_weights_are_diagnosed(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "data.input_range=[0, 255]")
    Path("train.csv").unlink()
    result = run("doctor", "runs/tiny")
    assert result.exit_code == 0
    assert "train.csv: no such file; " in result.stderr
    assert "diagnosing from metrics and weights alone" in result.stderr
    assert "inputs not scaled" in result.stdout


def test_other_rows_than_those_of_the_run_are_left_out(folder: Path) -> None:
    run("fit", "tiny.yaml", *LEARNS)
    write_csv("train.csv", *stripes(500, seed=9))
    result = run("doctor", "runs/tiny")
    assert "warning: train.csv: not the rows that runs/tiny was trained on" in result.stderr
    assert "training rows" in result.stdout
    assert "σ′" not in result.stdout


def test_an_edited_configuration_is_not_used(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "data.input_range=[0, 255]")
    file = Path("runs/tiny/config.yaml")
    file.write_text(file.read_text("utf-8").replace("[0.0, 255.0]", "[0.0, 1.0]"))
    result = run("doctor", "runs/tiny")
    assert "warning: runs/tiny/config.yaml: not what the run was trained with" in result.stderr
    assert "inputs not scaled: x_0 lies between 0 and 255" in result.stdout


def test_each_member_of_a_committee_is_diagnosed(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "members=2", "--set", TOO_LOW)
    lines = doctor("runs/tiny")
    heads = [line for line in lines if line.startswith("runs/tiny/member-")]
    assert [head.partition(":")[0] for head in heads] == [f"runs/tiny/member-{n}" for n in (1, 2)]
    line = line_of("runs/tiny/config.yaml", "learning_rate")
    blamed = [text for text in lines if text.startswith(f"runs/tiny/config.yaml:{line}: training")]
    assert len(blamed) == 2
    assert all("learning rate α too low" in text for text in blamed)


def test_members_that_have_not_started_are_reported(folder: Path) -> None:
    run("fit", "tiny.yaml", "--set", "members=3", *DIVERGES)
    lines = doctor("runs/tiny")
    assert "learning rate α too high" in lines[1]
    assert [line for line in lines if "not started" in line] == [
        f"runs/tiny/member-{n}: not started; start it with: "
        "nntrain fit runs/tiny/config.yaml --run runs/tiny --resume"
        for n in (2, 3)
    ]


def test_an_interrupted_run_is_to_be_resumed(folder: Path) -> None:
    run("fit", "tiny.yaml")
    for name in ("best.npz", "last.npz", "metrics.csv"):
        Path("runs/tiny", name).unlink()  # as a kill in the first epoch leaves it
    head, hint = doctor("runs/tiny")
    assert head.startswith("runs/tiny: nothing found; looked at 0 of 4 epochs")
    assert hint == (
        "runs/tiny: not finished; resume it with: "
        "nntrain fit runs/tiny/config.yaml --run runs/tiny --resume"
    )


@pytest.mark.parametrize(
    ("validation", "hint"),
    [("0.02", "; try 0.1"), ("30", "; try 135"), ("0.2", "take more data")],
)
def test_few_validation_rows_are_reported_with_their_standard_error(
    validation: str, hint: str, folder: Path
) -> None:
    write_csv("train.csv", *stripes(1500 if validation != "0.2" else 120))
    run("fit", "tiny.yaml", "--set", f"data.validation={validation}", *LEARNS)
    _, finding, *_ = doctor("runs/tiny")
    line = line_of("runs/tiny/config.yaml", "validation")
    assert finding.startswith(f"runs/tiny/config.yaml:{line}: data.validation: {validation}: ")
    assert re.search(r"has a standard error of \d\.\d points", finding)
    assert hint in finding


def test_a_missing_run_is_refused(folder: Path) -> None:
    result = run("doctor", "runs/none")
    assert result.exit_code == 1
    assert result.stderr == "runs/none: no such folder; 'nntrain runs' lists those there are\n"


def test_a_damaged_checkpoint_is_one_line(folder: Path) -> None:
    run("fit", "tiny.yaml")
    for name in ("best.npz", "last.npz"):
        Path("runs/tiny", name).write_bytes(b"nothing")
    result = run("doctor", "runs/tiny")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("runs/tiny/last.npz: damaged")
