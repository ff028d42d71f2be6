"""A sweep's report shows the results of its trials."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from optuna.trial import TrialState

from nntrain.errors import ConfigError
from nntrain.sweep import report
from nntrain.sweep.ranking import ranking
from nntrain.sweep.report import parameter_importances, write_report
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import Trials, open_trials
from tests.report.document import read
from tests.support.cli import run, succeed


def test_the_report_ranks_as_the_command_does(finished: Trials) -> None:
    shown = succeed("sweep", "sweep.yaml", "--run", "runs/s", "--report", "--best", "2")
    assert shown.stdout.splitlines()[-1] == (
        "runs/s/report.html: the report of runs/s; open it in a browser"
    )
    assert shown.stderr == ""
    page = read(finished.folder / "report.html")
    ranked = ranking(finished)
    lines = [row for row in page.section("ranking").all("tr") if row.all("td")]
    assert len(lines) == len(ranked)
    for line, one in zip(lines, ranked, strict=True):
        cells = [line.all("th")[0].text, *(cell.text for cell in line.all("td"))]
        assert cells[:3] == [one.run.folder.name, f"{one.accuracy:.2%}", str(one.epochs)]
        assert cells[-1] == one.outcome
    best = " ".join(str(one.run) for one in ranked[:2])
    assert f"nntrain predict {best}" in page.section("ranking").text
    assert f"its submission: nntrain predict {best}" in shown.stdout
    assert re.findall(r"runs/s/trial-\d", shown.stdout)[:6] == [str(one.run) for one in ranked]
    assert len(page.section("search").all("svg")) == 2
    assert not page.all("script")


def test_importances_sum_up_to_one_and_need_enough_trials(
    finished: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MIN_TRIALS_FOR_IMPORTANCES", 2)
    importances = parameter_importances(finished)
    assert set(importances) == set(finished.definition.sweep.space)
    assert sum(importances.values()) == pytest.approx(1)
    monkeypatch.setattr(report, "MIN_TRIALS_FOR_IMPORTANCES", 7)
    assert parameter_importances(finished) == {}


@contextmanager
def started() -> Iterator[Trials]:
    """A sweep whose first trial has started, locked as by the process that runs it."""
    with open_trials(load_sweep(Path("sweep.yaml")), Path("runs/sweep")) as trials:
        trials.ask(trials.all())
        yield trials


def test_a_sweep_with_nothing_trained_yet_has_a_report_too(sweep_folder: Path) -> None:
    with started() as trials:
        succeed("sweep", "sweep.yaml", "--report", "--out", "report.html")
        assert ranking(trials)[0].state == TrialState.RUNNING
    page = read(Path("report.html"))
    assert "none of them trained to the end yet" in page.section("result").text
    assert "unfinished" in page.section("ranking").text


def test_what_cannot_be_reported_is_one_line(sweep_folder: Path) -> None:
    result = run("sweep", "sweep.yaml", "--report")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "runs/sweep: no trial has started; start one with" in result.stderr
    with started() as trials, pytest.raises(ConfigError, match=r"tiny\.yaml: is no report; name"):
        write_report(Path("tiny.yaml"), trials, 5)
    result = run("sweep", "sweep.yaml", "--out", "page.html")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "--out names the file of --report; give --report too\n"
