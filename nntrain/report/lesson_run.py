"""What the lesson shows of a learner's own run."""

from typing import NamedTuple

from markupsafe import Markup

from nntrain.report import charts
from nntrain.report.answers import Answers
from nntrain.report.board import board
from nntrain.report.charts import Chart
from nntrain.report.evaluation import Picture, digit_pictures, evaluation_rows
from nntrain.report.page import unless_damaged, weight_pictures
from nntrain.training.inference import Predictor, load_models
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder

# The page has to stay below a megabyte; without a run it is 0.6.
LARGEST_BOARD = 0.25
MOST_PICTURES = 20


class RunData(NamedTuple):
    """A run, for a page.

    Attributes:
        name: The folder.
        curves: Loss, accuracy and learning rate by epoch.
        weights: A name and a picture of neurons of the first layer, the largest first.
        source: Which rows were held out, as text; "" for none.
        accuracy: The share of correct predictions for them; None without such rows.
        mistakes: The number of wrong predictions.
        wrong: The most confident of them.
        board: A drawing board, or a sentence why there is none.
    """

    name: str
    curves: list[Chart]
    weights: list[tuple[str, str]]
    source: str
    accuracy: float | None
    mistakes: int
    wrong: list[Picture]
    board: Markup


def run_data(run: RunFolder, reporter: Reporter) -> RunData:
    """The data of a finished run; of a committee, those of its first member.

    Raises:
        RunError: If the run has not finished an epoch.
        CheckpointError: If its checkpoint is damaged or invalid.
    """
    model = load_models([run])[0]
    source, accuracy, mistakes, wrong = _answers(model, reporter)
    return RunData(
        name=str(model.run),
        curves=charts.learning_curves([("", unless_damaged(model.run.history, reporter))]),
        weights=weight_pictures(model)[:MOST_PICTURES],
        source=source,
        accuracy=accuracy,
        mistakes=mistakes,
        wrong=wrong,
        board=board([model], LARGEST_BOARD, halved=True),
    )


def _answers(model: Predictor, reporter: Reporter) -> tuple[str, float | None, int, list[Picture]]:
    """`source`, `accuracy`, `mistakes` and `wrong` of `RunData`."""
    rows, source, _ = evaluation_rows([model], None, None, reporter)
    if rows is None:
        return "", None, 0, []
    answers = Answers(rows.labels, model.probabilities(rows))
    wrong = answers.wrong()
    shown = digit_pictures(rows, answers, answers.digits[None], wrong[:MOST_PICTURES])
    return source, answers.accuracy, len(wrong), shown
