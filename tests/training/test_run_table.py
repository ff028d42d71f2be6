"""Runs at a glance."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.cli import completion
from nntrain.config import Config
from nntrain.training.committee import fit_committee
from nntrain.training.fit import fit
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder, newest_finished
from nntrain.training.run_table import overview
from tests.support.examples import examples
from tests.support.training import BATCHES, Interrupting

MakeConfig = Callable[..., Config]


def test_a_committee_is_one_row_with_its_members_means_and_sums(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config("members=3")
    stopped = Interrupting(2 * BATCHES + 5)
    run = fit_committee(config, lambda: RunFolder.create(tmp_path / "team", config), stopped).run
    (row,) = overview([run]).runs
    begun = [member.history() for member in run.members()[:2]]
    tops = [max(history, key=lambda record: record.rank) for history in begun]
    assert row.val_accuracy == pytest.approx(np.mean([top.val_accuracy for top in tops]))
    assert row.train_accuracy == pytest.approx(np.mean([top.train_accuracy for top in tops]))
    assert row.seconds == pytest.approx(sum(r.seconds for history in begun for r in history))
    assert (row.members, row.begun, row.epochs, row.planned) == (3, 2, 8, 12)
    assert row.best_epoch is None
    assert not row.finished


def test_rows_held_out_say_more_than_training_rows_and_those_more_than_none(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    def trained(name: str, *overrides: str) -> RunFolder:
        config = make_config(*overrides)
        return fit(config, lambda: RunFolder.create(tmp_path / name, config), Reporter()).run

    good = trained("good")
    poor = trained("poor", "training.optimizer.learning_rate=1e-9")
    unjudged = trained("unjudged", "data.validation=0")
    empty = RunFolder.create(tmp_path / "empty", make_config("training.epochs=7"))
    broken = RunFolder(tmp_path / "broken")
    broken.folder.mkdir()
    broken.config_file.write_text("{")
    found = overview([empty, broken, unjudged, poor, good])
    assert [row.run for row in found.runs] == [good, poor, unjudged, empty]
    assert list(found.unreadable) == [broken]
    assert found.differences() == {
        "data.validation": [0.25, 0.25, 0, 0.25],
        "training.epochs": [4, 4, 4, 7],
        "training.optimizer.learning_rate": [0.02, 1e-9, 0.02, 0.02],
    }
    rows = json.loads(json.dumps(found.as_dicts(), allow_nan=False))
    assert [row["run"] for row in rows] == [
        str(run) for run in (good, poor, unjudged, empty, broken)
    ]
    assert rows[0]["val_accuracy"] == max(record.val_accuracy for record in good.history())
    assert rows[2]["val_accuracy"] is rows[3]["train_accuracy"] is rows[3]["best_epoch"] is None
    assert rows[3]["differences"]["training.epochs"] == 7
    assert "config.yaml" in rows[4]["unreadable"]


def test_metrics_of_any_content_do_not_hide_other_runs(
    make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = make_config("training.epochs=1")
    good = fit(config, lambda: RunFolder.create(Path("runs/good"), config), Reporter()).run
    damaged = RunFolder.create(Path("runs/damaged"), config)
    text = good.metrics_file.read_bytes()

    @examples(50)
    @given(
        st.binary()
        | st.builds(lambda end, more: text[:end] + more, st.integers(0, 99), st.binary())
    )
    def check(content: bytes) -> None:
        damaged.metrics_file.write_bytes(content)
        found = overview([damaged, good])
        assert good in [row.run for row in found.runs]
        assert all("metrics.csv: cannot be read" in str(e) for e in found.unreadable.values())
        assert damaged not in found.unreadable or str(newest_finished()) == str(good)
        assert [item.value for item in completion.runs("runs/")] == ["runs/damaged", "runs/good"]

    check()
