"""The evaluation of networks in a report: accuracy, mistakes, disagreements and comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.dataset import Subset
from nntrain.errors import DataError, NNTrainError, RunError
from nntrain.report import pictures
from nntrain.report.answers import Answers
from nntrain.training.comparison import RunComparison
from nntrain.training.folds import are_all_folds, out_of_fold, read_out_of_fold
from nntrain.training.inference import (
    Predictor,
    evaluate,
    evaluation_of,
    held_out_rows,
    labelled_rows,
)
from nntrain.training.metrics import Evaluation
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split

MOST_PICTURES = 60
MOST_RIGHT = 20


class Picture(NamedTuple):
    """A digit and its prediction.

    Attributes:
        image: A data URI; None if the picture is not square.
        row: The row's number in the file, counted from 1.
        truth: The label.
        answer: The prediction.
        confidence: The probability of the prediction.
        votes: Each prediction of several runs, with the numbers of the runs that made it.
    """

    image: str | None
    row: int
    truth: str
    answer: str
    confidence: float
    votes: list[tuple[str, list[int]]]


@dataclass(frozen=True)
class EvaluationSection:
    """The evaluation of all networks together.

    Attributes:
        source: Which rows were used, as text.
        rows: These rows.
        evaluation: The metrics, as in `nntrain evaluate`.
        answers: The predictions.
        comparison: Several networks on these rows, as in `nntrain compare`; None for a single one,
            and for the folds of a cross-validation, which have different rows.
        wrong: The most confident wrong predictions, at most sixty.
        right: The most confident correct predictions, at most twenty.
        disagreements: Rows with different predictions of the runs, at most sixty, the least
            confident first.
    """

    source: str
    rows: Subset
    evaluation: Evaluation
    answers: Answers
    comparison: RunComparison | None
    wrong: list[Picture]
    right: list[Picture]
    disagreements: list[Picture]

    @property
    def mistakes(self) -> int:
        """The number of wrong predictions."""
        return len(self.answers.wrong())


def evaluate_networks(
    models: Sequence[Predictor],
    data: str | None,
    label_column: str | None,
    reporter: Reporter,
    threads: int = 1,
    in_memory: Split | None = None,
) -> tuple[EvaluationSection | None, str]:
    """The evaluation of networks, or the reason if there are no rows for it.

    Args:
        models: The networks.
        data: A labelled CSV; None: the validation rows.
        label_column: The name of the label column; None: find it.
        reporter: Logs what is read.
        threads: Number of threads.
        in_memory: The rows that the networks were trained on; None: read them from their CSVs.
    """
    if data is None and are_all_folds(models):
        try:
            pooled = (
                out_of_fold(models, in_memory[0].dataset, threads=threads)
                if in_memory
                else read_out_of_fold(models, reporter, threads=threads)
            )
        except (DataError, RunError) as error:
            return None, _without_answers(error, reporter)
        answers = Answers(pooled.rows.labels, pooled.probabilities)
        source = f"{len(pooled.rows):,} held-out rows"
        return _section(source, pooled.rows, pooled.evaluation, answers, None), ""
    rows, source, reason = evaluation_rows(models, data, label_column, reporter, in_memory)
    if rows is None:
        return None, reason
    each = [model.probabilities(rows, threads=threads) for model in models]
    answers = Answers(rows.labels, np.asarray(sum(each) / len(each)))
    if len(models) == 1:
        evaluation = evaluate(models, rows, threads=threads)
        return _section(source, rows, evaluation, answers, None), ""
    names = tuple(str(model.run) for model in models)
    votes = np.stack([shares.argmax(axis=1) for shares in each])
    comparison = RunComparison(names, rows, votes, models[0].classes)
    evaluation = evaluation_of(answers.probabilities, rows, models[0].classes)
    return _section(source, rows, evaluation, answers, comparison), ""


def evaluation_rows(
    models: Sequence[Predictor],
    data: str | None,
    label_column: str | None,
    reporter: Reporter,
    in_memory: Split | None = None,
) -> tuple[Subset | None, str, str]:
    """The evaluation rows, their description, and the reason if there are none."""
    if data is not None:
        rows = labelled_rows(models, data, label_column, reporter)
        return rows, f"{len(rows):,} rows of {data}", ""
    try:
        rows = _held_out_of(in_memory, models) if in_memory else held_out_rows(models, reporter)
    except (DataError, RunError) as error:
        return None, "", _without_answers(error, reporter)
    return rows, f"{len(rows):,} validation rows", ""


def _without_answers(error: NNTrainError, reporter: Reporter) -> str:
    reporter.log(f"{error}; the report does without answers")
    return str(error)


def _held_out_of(in_memory: Split, models: Sequence[Predictor]) -> Subset:
    if in_memory[1] is None:
        raise RunError(f"{models[0].run}: held no rows out")
    return in_memory[1]


def _section(
    source: str,
    rows: Subset,
    evaluation: Evaluation,
    answers: Answers,
    comparison: RunComparison | None,
) -> EvaluationSection:
    votes, divided = answers.digits[None], np.empty(0, np.intp)
    if comparison is not None:
        votes, divided = comparison.answers, comparison.disagreements()
    divided = divided[np.argsort(answers.confidences[divided], kind="stable")]

    def drawn(chosen: NDArray[np.intp]) -> list[Picture]:
        return digit_pictures(rows, answers, votes, chosen)

    return EvaluationSection(
        source,
        rows,
        evaluation,
        answers,
        comparison,
        wrong=drawn(answers.wrong()[:MOST_PICTURES]),
        right=drawn(answers.right()[:MOST_RIGHT]),
        disagreements=drawn(divided[:MOST_PICTURES]),
    )


def digit_pictures(
    rows: Subset, answers: Answers, votes: NDArray[np.intp], chosen: NDArray[np.intp]
) -> list[Picture]:
    """Some rows with their predictions.

    Args:
        rows: N images.
        answers: Their predictions.
        votes: The predictions of each run, shape (runs, N).
        chosen: The rows to show, from 0.
    """
    pixels = np.empty((len(chosen), rows.dataset.pixels.shape[1]), np.uint8)
    rows.take(chosen, pixels)
    names = rows.dataset.classes
    return [
        Picture(
            image=pictures.digit(image),
            row=int(rows.index[row]) + 1,
            truth=names[answers.labels[row]],
            answer=names[answers.digits[row]],
            confidence=float(answers.confidences[row]),
            votes=[
                (names[answer], (np.flatnonzero(votes[:, row] == answer) + 1).tolist())
                for answer in np.unique(votes[:, row])
            ],
        )
        for image, row in zip(pixels, chosen.tolist(), strict=True)
    ]
