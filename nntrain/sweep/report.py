"""HTML report of a sweep: its ranking, the importance of each key, and the accuracy by value."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState
from ruamel.yaml import YAML

from nntrain.files import atomic_write
from nntrain.report import charts, trial_charts
from nntrain.report.charts import Chart
from nntrain.report.document import check_report_path, render
from nntrain.report.trial_charts import TrialPoint
from nntrain.sweep.ranking import RankedTrial, committee, committee_commands, format_value, ranking
from nntrain.sweep.spec import SweepSpec, show_value
from nntrain.sweep.trials import Trials

MAX_CURVES = 8
MIN_TRIALS_FOR_IMPORTANCES = 5  # fewer do not show which key matters


def write_report(out: Path, trials: Trials, best: int) -> None:
    """Write a sweep, which may be running, as a self-contained HTML file.

    `best` is the number of committee members. Of existing files, only reports are replaced.

    Raises:
        ConfigError: If `out` exists and is not a report.
        NNTrainError: If the file cannot be written.
    """
    check_report_path(out)
    ranked = ranking(trials)
    keys = list(trials.definition.sweep.space)
    written = WrittenValues(trials.definition)
    importances = parameter_importances(trials)
    judged = sorted(
        (one for one in ranked if one.accuracy is not None and one.state.is_finished()),
        key=_number,
    )
    complete = [one for one in ranked if one.state == TrialState.COMPLETE]
    page = render(
        "sweep.html",
        title=str(trials.folder),
        ranked=ranked,
        keys=keys,
        written=written,
        complete=complete,
        pruned=sum(one.state == TrialState.PRUNED for one in ranked),
        failed=[one for one in ranked if one.state == TrialState.FAIL],
        running=sum(one.state == TrialState.RUNNING for one in ranked),
        seconds=trials.seconds,
        committee=committee_commands(committee(ranked, best)),
        importances=trial_charts.shares(list(importances), list(importances.values()))
        if importances
        else None,
        fewest=MIN_TRIALS_FOR_IMPORTANCES,
        history=trial_charts.by_trial(list(map(_point, judged))) if complete else None,
        by_key=_by_key(trials, judged, written) if complete else [],
        curves=_curves(ranked),
        base=trials.definition.base,
        definition=trials.definition.text,
        config=trials.definition.sweep.config,
    )
    with atomic_write(out, "w") as file:
        file.write(page)


class WrittenValues:
    """The values of trials as the sweep's file writes them."""

    def __init__(self, definition: SweepSpec) -> None:
        root: Any = YAML().compose(definition.text)
        space = {key.value: node for key, node in root.value}["space"]
        self._choices: dict[str, dict[str, str]] = {}
        for key, node in space.value:
            choices = definition.sweep.space[key.value].choice or ()
            listed = [each.value for name, each in node.value if name.value == "choice"]
            texts = [_source(definition.text, item) for items in listed for item in items]
            self._choices[key.value] = dict(zip(map(show_value, choices), texts, strict=True))

    def __call__(self, key: str, value: Any) -> str:
        """A value of a key: a choice as it is written, another number with four digits."""
        return self._choices[key].get(show_value(value)) or format_value(value)


def _source(text: str, node: Any) -> str:
    """The source of a node as one line; of a scalar, its text without quotes."""
    if isinstance(node.value, str):
        return str(node.value)
    return " ".join(text[node.start_mark.index : node.end_mark.index].split())


def _number(one: RankedTrial) -> int:
    """The number of a trial in the name of its folder."""
    return int(one.run.folder.name.rpartition("-")[2])


def _point(one: RankedTrial) -> TrialPoint:
    return TrialPoint(_number(one), one.accuracy or 0.0, one.state == TrialState.COMPLETE)


def _by_key(trials: Trials, judged: Sequence[RankedTrial], written: WrittenValues) -> list[Chart]:
    """The accuracy by the value of each key; on a logarithmic axis if it was searched so."""
    made = []
    for key, parameter in trials.definition.sweep.space.items():
        points = [(one.values[key], _point(one)) for one in judged]
        if parameter.choice is not None:
            order = [written(key, value) for value in parameter.choice]
            points = [(written(key, value), point) for value, point in points]
            points.sort(key=lambda each: order.index(each[0]))
        values, shown = zip(*points, strict=True)
        log = parameter.log is not None
        made.append(trial_charts.by_value(key, values, shown, logarithmic=log))
    return made


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
