"""A sweep on one page: its ranking, what each key gave, and how the search went."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState
from optuna.visualization import matplotlib as plots

from nntrain.files import atomic_write
from nntrain.report import charts
from nntrain.report.charts import Chart
from nntrain.report.document import check_report_path, render
from nntrain.sweep.ranking import Ranked, brief, committee, ranking
from nntrain.sweep.trials import Trials

MOST_CURVES = 8
FEWEST_FOR_IMPORTANCES = 5  # trials; fewer say nothing of which key mattered


class Plot(NamedTuple):
    """One of Optuna's plots.

    Attributes:
        chart: The drawing.
        caption: How to read it.
    """

    chart: Chart
    caption: str


def write_report(out: Path, trials: Trials, best: int) -> None:
    """Write one HTML file that opens without a network.

    Args:
        out: The file; only an earlier report is replaced.
        trials: The sweep; it may be going on.
        best: How many of the best make the committee.

    Raises:
        ConfigError: `out` is something else than a report.
        NNTrainError: The file cannot be written.
    """
    check_report_path(out)
    ranked = ranking(trials)
    runs = committee(ranked, best)
    page = render(
        "sweep.html",
        title=str(trials.folder),
        ranked=ranked,
        keys=list(trials.definition.sweep.space),
        short=brief,
        whole=[one for one in ranked if one.state == TrialState.COMPLETE],
        early=sum(one.state == TrialState.PRUNED for one in ranked),
        failed=[one for one in ranked if one.state == TrialState.FAIL],
        running=sum(one.state == TrialState.RUNNING for one in ranked),
        seconds=trials.seconds,
        committee=" ".join(map(str, runs)) if len(runs) > 1 else None,
        importances=_importances(trials),
        plots=_plots(trials),
        curves=_curves(ranked),
        base=trials.definition.base,
        definition=trials.definition.text,
        config=trials.definition.sweep.config,
    )
    with atomic_write(out, "w") as file:
        file.write(page)


def _curves(ranked: Sequence[Ranked]) -> Chart | None:
    """The validation accuracy of the best, epoch by epoch."""
    lines = [
        charts.Curve(one.run.folder.name, [record.val_accuracy for record in history])
        for one in ranked[:MOST_CURVES]
        if (history := one.run.history())
    ]
    return charts.by_epoch("Validation accuracy", lines, percent=True) if lines else None


def _importances(trials: Trials) -> dict[str, float]:
    """What share of the differences each key accounts for; nothing where that cannot be told."""
    study = trials.study
    whole = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(whole) < FEWEST_FOR_IMPORTANCES or len({trial.value for trial in whole}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's, that it may come to reckon otherwise
        found = optuna.importance.get_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator()
        )
    return dict(found)


def _plots(trials: Trials) -> list[Plot]:
    """Optuna's own plots, as far as there is something to draw."""
    study = trials.study
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return []
    drawn: list[tuple[Callable[..., Any], str, str]] = [
        (
            plots.plot_optimization_history,
            "Accuracy, trial by trial, and the best so far",
            "Where the line of the best has not risen for long, more trials of the same space will "
            "hardly find better. Optuna counts trials from 0, their folders from 1.",
        ),
        (
            plots.plot_slice,
            "Accuracy by the value of each key",
            "Each dot is a trial, coloured by its number. Where the best dots crowd at an end, "
            "widen the key's range there.",
        ),
    ]
    return [
        Plot(charts.restyle(partial(_figure, plot, study), text), caption)
        for plot, text, caption in drawn
    ]


def _figure(plot: Callable[..., Any], study: optuna.Study) -> Figure:
    """The figure that Optuna's axes, one or several, stand in."""
    drawn = np.ravel(plot(study, target_name="accuracy"))
    figure: Figure = drawn[0].figure
    figure.set_size_inches(max(7.6, 2.6 * len(drawn)), 3.4)
    for axes in drawn:
        axes.tick_params(axis="x", labelrotation=30)
        axes.xaxis.label.set_size(8)
        axes.xaxis.set_minor_formatter(NullFormatter())  # those between powers of ten would overlap
    return figure
