"""A sweep's report shows the results of its trials."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from optuna.trial import TrialState

from nntrain.config.load import parse
from nntrain.errors import ConfigError
from nntrain.sweep import report
from nntrain.sweep.ranking import ranking
from nntrain.sweep.report import WrittenValues, parameter_importances, write_report
from nntrain.sweep.spec import Parameter, Sweep, SweepSpec, load_sweep
from nntrain.sweep.trials import Trials, open_trials
from tests.report.document import read
from tests.support.cli import run, succeed

if TYPE_CHECKING:
    from playwright.sync_api import Page


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
        name = one.run.folder.name
        first = one is ranked[0]
        assert cells[:3] == [f"★ {name}" if first else name, f"{one.accuracy:.2%}", str(one.epochs)]
        assert cells[-1] == ("the best" if first else one.outcome)
    best = " ".join(str(one.run) for one in ranked[:2])
    assert f"nntrain predict {best}" in page.section("ranking").text
    assert f"its submission: nntrain predict {best}" in shown.stdout
    assert re.findall(r"runs/s/trial-\d", shown.stdout)[:6] == [str(one.run) for one in ranked]
    number = ranked[0].run.folder.name.removeprefix("trial-")
    assert f"best: trial {number}" in page.section("search").text
    titles = [plot.attributes["aria-label"] for plot in page.section("values").all("div", "plot")]
    assert [title.split(": ")[0].removeprefix("Accuracy by ") for title in titles] == list(
        finished.definition.sweep.space
    )
    assert all(f": the best trial, {number}, has " in title for title in titles)
    assert "needs at least 5 trials" in page.section("importances").text or (
        page.section("importances").all("svg")
    )
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


@pytest.mark.usefixtures("folder")
def test_values_are_shown_as_they_are_written() -> None:
    choices = ["1e-3", "0.030", "{name: adam, learning_rate: 1.0e-3}", "'sgd'", "[1, 2]"]
    text = "\n".join([
        "config: tiny.yaml",
        "space:",
        f"  training.optimizer: {{choice: [{', '.join(choices)}]}}",
        "  training.batch_size: &sizes {choice: [8, 16]}",
        "  network[0].dense: *sizes",
        "  training.epochs:",
        "    choice:",
        "      - 3",
        "      - 0x10",
        "  seed: {log: [1e-5, 1]}",
    ])  # fmt: skip
    sweep, _ = parse(text, "s.yaml", Sweep, lambda loc: Parameter if len(loc) > 1 else Sweep)
    written = WrittenValues(SweepSpec(sweep, text, "", "tiny.yaml", {}))
    values = sweep.space["training.optimizer"].choice
    assert values is not None
    expected = [choice.strip("'") for choice in choices]
    assert [written("training.optimizer", value) for value in values] == expected
    assert written("network[0].dense", 16) == "16"
    assert [written("training.epochs", value) for value in (3, 16)] == ["3", "0x10"]
    assert written("seed", 0.000123456) == "0.0001235"


def test_nothing_is_cut_off_on_a_phone(finished: Trials, page: "Page") -> None:
    write_report(finished.folder / "phone.html", finished, 2)
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto((finished.folder / "phone.html").resolve().as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    table = page.locator("#ranking .wide")
    assert table.evaluate("box => box.scrollWidth > box.clientWidth")
    # The end fades where the table goes on, and the keyboard scrolls it.
    assert "linear-gradient" in table.evaluate("box => getComputedStyle(box).backgroundImage")
    table.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    moved = "box => new Promise(done => requestAnimationFrame(() => done(box.scrollLeft)))"
    assert any(table.evaluate(moved) > 0 for _ in range(50))
    assert page.locator("tr.best").count() == 1


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
