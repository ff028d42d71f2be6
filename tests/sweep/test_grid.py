"""Sweeps that are given on the command line with --try."""

from pathlib import Path

import pytest
from rich.console import Console

from nntrain.cli.curves import ROWS, show_error_curves
from nntrain.sweep.grid import grid_folder, grid_text
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import read_trials
from tests.support.cli import refuse, succeed

TRY = "--try"
RATES = "training.optimizer.learning_rate=0.02,0.2"


@pytest.mark.usefixtures("folder", "no_workers", "undrawn")
def test_every_combination_is_trained_drawn_and_reported() -> None:
    tries = (TRY, RATES, TRY, "network[0].dense=2,4", TRY, "training.optimizer.name=adam",
             "--set", "training.epochs=2", "--set", "training.batch_size=32")  # fmt: skip
    output = succeed("sweep", "tiny.yaml", *tries, "--parallel", "1", "--report").output
    trials = read_trials(Path("runs/tiny-try"))
    tried = {tuple(trials.values_of(trial).values()) for trial in trials.all()}
    assert tried == {(rate, size, "adam") for rate in (0.02, 0.2) for size in (2, 4)}
    shared = {(one.config().training.epochs, one.config().training.batch_size)
              for one in map(trials.run_of, trials.all())}  # fmt: skip
    assert shared == {(2, 32)}
    assert "validation error by epoch" in output
    for letter in "abcd":
        assert any(line.startswith(f"{letter} trial-") for line in output.splitlines())
    page = Path("runs/tiny-try/report.html").read_text(encoding="utf-8")
    assert "Learning curves of the best" in page
    again = succeed("sweep", "tiny.yaml", *tries, "--parallel", "1").output  # nothing is left to do
    assert "trial-5" not in again


@pytest.mark.usefixtures("folder")
def test_the_same_values_go_on_in_their_folder_and_others_begin_a_new_one() -> None:
    config, runs = Path("tiny.yaml"), Path("runs")
    first, second = (grid_text(config, [f"training.epochs={n}"]) for n in "12")
    for text, name in ((first, "tiny-try"), (second, "tiny-try-2"), (first, "tiny-try")):
        folder = grid_folder(runs, config, text)
        assert folder == runs / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sweep.yaml").write_text(text)


@pytest.mark.usefixtures("folder")
def test_what_is_set_brings_no_defaults_with_it() -> None:
    tiny = Path("tiny.yaml").read_text().replace("name: adam", "name: nesterov")
    Path("tiny.yaml").write_text(tiny)
    text = grid_text(Path("tiny.yaml"), ["training.optimizer.name=sgd,adam"], ["training.epochs=2"])
    spec = load_sweep(Path("sweep.yaml"), text=text, overrides=["training.epochs=2"])
    names = ("sgd", "adam")  # neither has nesterov's momentum
    made = [spec.config({"training.optimizer.name": name}).training for name in names]
    assert [(training.optimizer.name, training.epochs) for training in made] == [
        ("sgd", 2),
        ("adam", 2),
    ]


@pytest.mark.usefixtures("folder")
def test_a_key_is_either_set_or_tried() -> None:
    size = "network[0].dense=2,4"
    for override in ("network[0].dense=3", "network[0].dense.x=3"):
        line = refuse(2, "sweep", "tiny.yaml", TRY, size, "--set", override)
        assert (
            line == f"--set {override}: the sweep tries values of network[0].dense; leave out one"
        )
    line = refuse(2, "sweep", "tiny.yaml", TRY, size, "--set", "training.epoch=3")
    assert "unknown key 'epoch'; did you mean 'epochs'?" in line
    assert not Path("runs").exists()


@pytest.mark.usefixtures("sweep_folder", "no_workers")
def test_other_settings_are_another_sweep() -> None:
    options = ("--set", "training.epochs=1", "--parallel", "1")
    Path("sweep.yaml").write_text(Path("sweep.yaml").read_text().replace("trials: 6", "trials: 1"))
    succeed("sweep", "sweep.yaml", *options)
    assert read_trials(Path("runs/sweep")).definition.config({}).training.epochs == 1
    line = refuse(2, "sweep", "sweep.yaml", "--parallel", "1")
    assert "differs in: what tiny.yaml and --set say" in line
    succeed("sweep", "sweep.yaml", *options)  # the same goes on, and has nothing left to do


@pytest.mark.usefixtures("folder")
def test_the_text_is_a_sweep() -> None:
    text = grid_text(
        Path("tiny.yaml"),
        ["training.optimizer={name: sgd, learning_rate: 1},{name: adam, learning_rate: 1}", RATES],
    )
    sweep = load_sweep(Path("sweep.yaml"), text=text).sweep
    assert sweep.strategy == "grid"
    choices = {key: parameter.choice for key, parameter in sweep.space.items()}
    assert choices == {
        "training.optimizer": tuple({"name": name, "learning_rate": 1} for name in ("sgd", "adam")),
        "training.optimizer.learning_rate": (0.02, 0.2),
    }


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            "training.optimizer.learning_rate=0.1,abc",
            '--try training.optimizer.learning_rate: with "abc": '
            "training.optimizer.learning_rate: must be a number, not the text 'abc'",
        ),
        ("nonsense", f"--try nonsense: write KEY=VALUE,VALUE, for example {RATES[:37]}03,0.3"),
        ("training.epochs=", "--try training.epochs=: write KEY=VALUE,VALUE, for example "),
        (
            "network[7].dense=3",
            "--try network[7].dense: with 3: no item '7' in a list of 2; the first item is 0",
        ),
        ("training.epochs=[1", "--try training.epochs=[1: a ',' or ']' is missing"),
    ],
)
def test_what_cannot_be_tried_is_one_line(given: str, line: str) -> None:
    message = refuse(2, "sweep", "tiny.yaml", TRY, given)
    assert message.startswith(line[:60])
    assert not Path("runs").exists()


@pytest.mark.usefixtures("folder")
def test_a_key_is_given_once() -> None:
    message = refuse(2, "sweep", "tiny.yaml", TRY, "training.epochs=1", TRY, "training.epochs=2")
    assert message == ("--try training.epochs: given twice; list all of its values in one option")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_curves_fit_the_terminal_and_fall_where_errors_fall(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(width=width, color_system=None)
    show_error_curves({"good": [0.1, 0.9, 0.99], "bad": [0.1, 0.1], "none": []}, console)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < width
    rows = [line.split("┤", 1)[1] for line in lines[1 : 1 + ROWS]]
    assert rows[0][0] == "a"  # the first curve is drawn over the second one
    assert "b" in rows[0]
    assert rows[-1].endswith("a")
    assert lines[-2:] == ["a good", "b bad"]
