"""HTML report of a sweep: its ranking, the importance of each key, and plots of the search."""

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
from nntrain.sweep.ranking import RankedTrial, committee, committee_commands, format_value, ranking
from nntrain.sweep.trials import Trials

MAX_CURVES = 8
MIN_TRIALS_FOR_IMPORTANCES = 5  # fewer do not show which key matters


class Plot(NamedTuple):
    """One of Optuna's plots, with a caption that says how to read it."""

    chart: Chart
    caption: str


def write_report(out: Path, trials: Trials, best: int) -> None:
    """Write a sweep, which may be running, as a self-contained HTML file.

    `best` is the number of committee members. Of existing files, only reports are replaced.

    Raises:
        ConfigError: If `out` exists and is not a report.
        NNTrainError: If the file cannot be written.
    """
    check_report_path(out)
    ranked = ranking(trials)
    page = render(
        "sweep.html",
        title=str(trials.folder),
        ranked=ranked,
        keys=list(trials.definition.sweep.space),
        short=format_value,
        complete=[one for one in ranked if one.state == TrialState.COMPLETE],
        pruned=sum(one.state == TrialState.PRUNED for one in ranked),
        failed=[one for one in ranked if one.state == TrialState.FAIL],
        running=sum(one.state == TrialState.RUNNING for one in ranked),
        seconds=trials.seconds,
        committee=committee_commands(committee(ranked, best)),
        importances=parameter_importances(trials),
        plots=_plots(trials),
        curves=_curves(ranked),
        base=trials.definition.base,
        definition=trials.definition.text,
        config=trials.definition.sweep.config,
    )
    with atomic_write(out, "w") as file:
        file.write(page)


def _curves(ranked: Sequence[RankedTrial]) -> Chart | None:
    """The validation accuracy of the best trials by epoch, without those that are unreadable."""
    lines = [
        charts.Curve(one.run.folder.name, accuracies)
        for one in ranked[:MAX_CURVES]
        if (accuracies := one.accuracies())
    ]
    return charts.by_epoch("Validation accuracy", lines, percent=True) if lines else None


def parameter_importances(trials: Trials) -> dict[str, float]:
    """The importance of each key, 1 in total; empty for too few or only equal results."""
    study = trials.study
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < MIN_TRIALS_FOR_IMPORTANCES or len({trial.value for trial in complete}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the evaluator is marked as experimental
        evaluator = PedAnovaImportanceEvaluator()
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def _plots(trials: Trials) -> list[Plot]:
    """Optuna's plots; none before the first trial is complete."""
    study = trials.study
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return []
    descriptions: list[tuple[Callable[..., Any], str, str]] = [
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
        Plot(charts.restyle(partial(_figure, plot, study), title), caption)
        for plot, title, caption in descriptions
    ]


def _figure(plot: Callable[..., Any], study: optuna.Study) -> Figure:
    all_axes = np.ravel(plot(study, target_name="accuracy"))  # Optuna returns one or several
    figure: Figure = all_axes[0].figure
    figure.set_size_inches(max(7.6, 2.6 * len(all_axes)), 3.4)
    for axes in all_axes:
        axes.tick_params(axis="x", labelrotation=30)
        axes.xaxis.label.set_size(8)
        axes.xaxis.set_minor_formatter(NullFormatter())  # labels between powers of ten overlap
    return figure
