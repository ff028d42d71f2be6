"""Training of a run from its configuration."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.training import checkpoint
from nntrain.training.fit import dry_run, fit, resume
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.training import Interrupting, start_run


def test_without_validation_the_columns_stay_empty_and_the_run_is_usable(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    config = make_config("data.validation=0")
    outcome = fit(config, lambda: RunFolder.create(tmp_path / "run", config), Reporter())
    assert all(math.isnan(row.val_loss) and not row.validated for row in outcome.history)
    assert outcome.run.metrics_file.read_text().splitlines()[1].endswith(",,")
    assert len(outcome.run.history()) == 4
    assert outcome.run.best_file.exists()


def test_two_runs_of_one_seed_agree_and_of_another_differ(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    def parameters(name: str, *overrides: str) -> bytes:
        config = make_config(*overrides)
        run = fit(config, lambda: RunFolder.create(tmp_path / name, config), Reporter()).run
        return checkpoint.load(run.last_file).parameters.tobytes()

    assert parameters("a") == parameters("b")
    assert parameters("a2") != parameters("c", "seed=4")


@pytest.mark.parametrize(
    "rule",
    [
        "network[0].dropout=0.5",
        "training.input_dropout=0.5",
        "training.label_smoothing=0.2",
        "training.mixup=0.4",
        "training.l1=0.01",
        "training.max_norm=0.5",
        "training.clip_norm=0.01",
    ],
)
def test_every_rule_of_the_configuration_reaches_the_weights(
    make_config: Callable[..., Config], tmp_path: Path, rule: str
) -> None:
    trained = []
    for name, overrides in (("plain", ()), ("ruled", (rule,))):
        config = make_config("training.epochs=1", *overrides)
        run = fit(config, partial(RunFolder.create, tmp_path / name, config), Reporter()).run
        trained.append(checkpoint.load(run.last_file).parameters)
    plain, ruled = trained
    assert not np.allclose(plain, ruled)


def test_rehearsal_says_what_would_be_trained(make_config: Callable[..., Config]) -> None:
    text = dry_run(make_config(), Reporter())
    assert text == "16-8-3, 163 parameters, 4 epochs of 10 batches"


def test_an_interrupted_run_says_how_many_epochs_it_had_planned(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    stopped = start_run(make_config(), tmp_path / "run", Interrupting(25))
    ((_, line),) = stopped.results()
    assert line.endswith("(of 2 finished, of 4 planned)")
    ((_, line),) = resume(make_config(), stopped.run, Reporter()).results()
    assert line.endswith("(of 4)")
