"""The spread of accuracies over seeds, held against the runs' own files."""

from pathlib import Path

import numpy as np
import pandas as pd
from click.testing import CliRunner, Result

from tests.support.cli import everything, succeed
from tests.support.scripts import load_script

SEEDS = load_script("seeds")


def called(*arguments: str) -> Result:
    settings = ("--held-out", "50", "--set", "training.epochs=2", *arguments)
    return CliRunner().invoke(SEEDS.main, ["tiny.yaml", *settings])


def test_seeds_are_added_to_those_that_are_there(folder: Path) -> None:
    first = called("--seeds", "1")
    assert first.exit_code == 0, first.output
    assert "±" not in first.stdout
    before = everything(Path("runs"))
    result = called("--seeds", "3")
    assert result.exit_code == 0, result.output
    assert before.items() <= everything(Path("runs")).items()
    runs = [pd.read_csv(f"runs/seeds/tiny/seed-{seed}/metrics.csv") for seed in range(3)]
    name, count, highest, last, _ = result.stdout.splitlines()[-1].strip("| ").split(" | ")
    assert (name, count) == ("tiny", "3")
    for cell, values in (
        (last, [run["val_accuracy"].iloc[-1] for run in runs]),
        (highest, [run["val_accuracy"].max() for run in runs]),
    ):
        shares = 100 * np.array(values)
        assert cell.startswith(f"{shares.mean():.2f} ± {shares.std(ddof=1):.2f} % ")
        assert cell.endswith(f"({shares.min():.2f}–{shares.max():.2f})")
    # They are ordinary runs, on the rows that were named.
    succeed("evaluate", "runs/seeds/tiny/seed-2")
    assert "validation: 50" in Path("runs/seeds/tiny/seed-2/config.yaml").read_text("utf-8")


def test_what_cannot_be_trained_is_one_line(folder: Path) -> None:
    for mistake, line in (
        ("members=2", "Error: tiny.yaml: a committee; name the configuration of a member"),
        ("loss=mse", "Error: --set loss=mse: loss: unknown loss 'mse'; its name here is "),
    ):
        result = called("--set", mistake)
        assert result.exit_code != 0
        assert result.stderr.splitlines()[-1].startswith(line)
    assert not Path("runs").exists()
