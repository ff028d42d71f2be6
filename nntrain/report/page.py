"""The report on one run or several: one self-contained HTML page."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from nntrain.config import dump_config
from nntrain.config.diff import diff_configs, format_short
from nntrain.config.layers import shapes_text
from nntrain.data.dataset import Subset
from nntrain.data.labels import class_kind
from nntrain.errors import DataError, RunError
from nntrain.files import atomic_write
from nntrain.nn import Conv, Layer
from nntrain.nn.arrays import Array, Shape
from nntrain.report import charts, pictures
from nntrain.report.answers import Answers
from nntrain.report.board import board
from nntrain.report.charts import Chart, Curve
from nntrain.report.document import check_report_path, render
from nntrain.training import checkpoint
from nntrain.training.inference import (
    Predictor,
    evaluate,
    held_out_rows,
    labelled_rows,
    load_models,
)
from nntrain.training.metrics import Evaluation
from nntrain.training.progress import EpochRecord, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder

RecordType = TypeVar("RecordType")

MOST_PICTURES = 60
MOST_RIGHT = 20
MOST_NEURONS = 100
MOST_MAPS = 16


class FeatureMaps(NamedTuple):
    """What a layer makes of a picture.

    Attributes:
        layer: i of x_i.
        shape: The height and the width of a map, and the number of maps.
        images: Data URIs of the first maps, at most sixteen.
    """

    layer: int
    shape: Shape
    images: list[str]


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
class RunSection:
    """The data of one run.

    Attributes:
        number: The run's number, counted from 1.
        model: The network.
        saved: The network's checkpoint.
        history: The finished epochs; none if metrics.csv is missing or damaged.
        answers: The predictions for the evaluation rows; None without such rows.
    """

    number: int
    model: Predictor
    saved: checkpoint.Checkpoint
    history: list[EpochRecord]
    answers: Answers | None

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.model.run)

    @property
    def best(self) -> EpochRecord:
        """The epoch of the network's checkpoint."""
        return self.saved.progress.history[-1]

    @property
    def seconds(self) -> float:
        """Training time of all epochs."""
        return math.fsum(record.seconds for record in self.history)

    @property
    def planned(self) -> int | None:
        """The number of planned epochs; None if all, or as many as needed, are finished."""
        training = self.model.config.training
        finished = is_finished(self.history, training.epochs, training.patience)
        return None if finished or not self.history else training.epochs

    @property
    def shape(self) -> str:
        """The shapes of the layers and the number of parameters."""
        network = self.model.network
        return f"{shapes_text(network.shapes)}, {network.parameters.size:,} parameters"

    @property
    def first_weights(self) -> Array:
        """The weights of the first layer that has some, an item for each neuron or filter."""
        return _first_layer(self.model).weights

    @property
    def convolves(self) -> bool:
        """Whether these are a convolution's."""
        return isinstance(_first_layer(self.model), Conv)

    @property
    def swatch(self) -> str:
        """The CSS style of the run's lines in charts."""
        colour, dash = charts.colour_of(self.number - 1), charts.dash_of(self.number - 1)
        return f"border-top-color: {colour}; border-top-style: {dash}"


@dataclass(frozen=True)
class EvaluationSection:
    """The evaluation of all networks together.

    Attributes:
        source: Which rows were used, as text.
        evaluation: The metrics, as in `nntrain evaluate`.
        answers: The predictions.
        wrong: The most confident wrong predictions, at most sixty.
        right: The most confident correct predictions, at most twenty.
        disagreements: Rows with different predictions of the runs, at most sixty, the least
            confident first.
        disagreed: The number of rows with different predictions.
    """

    source: str
    evaluation: Evaluation
    answers: Answers
    wrong: list[Picture]
    right: list[Picture]
    disagreements: list[Picture]
    disagreed: int

    @property
    def mistakes(self) -> int:
        """The number of wrong predictions."""
        return len(self.answers.wrong())


def default_place(runs: Sequence[RunFolder]) -> Path:
    """The default path of a report: in the run's folder, or in this one for several runs."""
    return runs[0].folder / "report.html" if len(runs) == 1 else Path("runs-report.html")


def write_report(
    out: Path,
    runs: Sequence[RunFolder],
    data: str | None,
    label_column: str | None,
    reporter: Reporter,
    threads: int = 1,
    held_out: Subset | None = None,
) -> None:
    """Write a report as one HTML file, which can be opened offline.

    Args:
        out: The file to create; an existing report is replaced.
        runs: Runs and committees.
        data: A labelled CSV for the evaluation; None: the validation rows.
        label_column: The name of the label column; None: find it.
        reporter: Logs what is read, and what cannot be shown.
        threads: Number of threads.
        held_out: The validation rows; None: read them from the runs' CSVs.

    Raises:
        ConfigError: If `out` exists and is not a report, or a network was named twice.
        RunError: If a committee is not finished, or a run has not finished an epoch.
        CheckpointError: If a checkpoint is damaged or invalid.
        DataError: If `data` is invalid.
        NNTrainError: If the file cannot be written.
    """
    check_report_path(out)
    page = _page(runs, data, label_column, reporter, threads, held_out)
    with atomic_write(out, "w") as file:
        file.write(page)


def _page(
    runs: Sequence[RunFolder],
    data: str | None,
    label_column: str | None,
    reporter: Reporter,
    threads: int,
    held_out: Subset | None,
) -> str:
    models = load_models(runs)
    rows, source, missing_reason = evaluation_rows(models, data, label_column, reporter, held_out)
    trained = [
        RunSection(
            number,
            model,
            checkpoint.load(model.run.best_file),
            unless_damaged(model.run.history, reporter),
            None
            if rows is None
            else Answers(rows.labels, model.probabilities(rows, threads=threads)),
        )
        for number, model in enumerate(models, 1)
    ]
    evaluated = None if rows is None else _evaluate(trained, rows, source, threads)
    keys, settings = _differences(trained)
    return render(
        "report.html",
        title=", ".join(map(str, runs)),
        trained=trained,
        single=trained[0] if len(trained) == 1 else None,
        missing_reason=missing_reason,
        evaluated=evaluated,
        keys=keys,
        settings=settings,
        curves=charts.learning_curves([("", run.history) for run in trained]),
        board=board(models[0]) if len(models) == 1 else None,
        weights=weight_pictures(models[0]) if len(models) == 1 else [],
        feature_maps=_feature_maps(models[0], rows) if len(models) == 1 else [],
        layer_charts=_layer_charts(models[0], reporter) if len(models) == 1 else [],
        reliability=charts.reliability(evaluated.answers.bins()) if evaluated else None,
        configuration=dump_config(models[0].config),
    )


def evaluation_rows(
    models: Sequence[Predictor],
    data: str | None,
    label_column: str | None,
    reporter: Reporter,
    held_out: Subset | None = None,
) -> tuple[Subset | None, str, str]:
    """The evaluation rows, their description, and the reason if there are none."""
    if data is not None:
        rows = labelled_rows(models, data, label_column, reporter)
        return rows, f"{len(rows):,} rows of {data}", ""
    try:
        rows = held_out_rows(models, reporter) if held_out is None else held_out
    except (DataError, RunError) as error:
        reporter.log(f"{error}; the report does without answers")
        return None, "", str(error)
    return rows, f"{len(rows):,} validation rows", ""


def _evaluate(
    trained: Sequence[RunSection], rows: Subset, source: str, threads: int
) -> EvaluationSection:
    evaluation = evaluate([run.model for run in trained], rows, threads=threads)
    each = [run.answers for run in trained if run.answers]
    shares = sum(answers.probabilities for answers in each) / len(each)
    together = Answers(rows.labels, np.asarray(shares))
    votes = np.stack([answers.digits for answers in each])
    divided = np.flatnonzero((votes != votes[0]).any(axis=0))
    divided = divided[np.argsort(together.confidences[divided], kind="stable")]

    def drawn(chosen: NDArray[np.intp]) -> list[Picture]:
        return digit_pictures(rows, together, votes, chosen)

    return EvaluationSection(
        source,
        evaluation,
        together,
        wrong=drawn(together.wrong()[:MOST_PICTURES]),
        right=drawn(together.right()[:MOST_RIGHT]),
        disagreements=drawn(divided[:MOST_PICTURES]),
        disagreed=len(divided),
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


def unless_damaged(read: Callable[[], list[RecordType]], reporter: Reporter) -> list[RecordType]:
    """The records of a run; a notice and none if their file is damaged."""
    try:
        return read()
    except RunError as error:
        reporter.log(f"warning: {error}; the report does without it")
        return []


def _layer_charts(model: Predictor, reporter: Reporter) -> list[Chart]:
    """Charts of the layers' saturation and gradients; none if they were not recorded.

    Pools are left out: they are never saturated and have no weights.
    """
    records = unless_damaged(model.run.layers, reporter)
    if not records:
        return []
    layers = [i for i, layer in enumerate(model.network.layers, 1) if layer.weights.size]

    def each(field: str) -> list[Curve]:
        return [
            Curve(f"layer {i}", [getattr(record, field) for record in records if record.layer == i])
            for i in layers
        ]

    return [
        charts.by_epoch("Saturated outputs", each("saturated"), percent=True),
        charts.by_epoch("Size of the gradient", each("gradient"), logarithmic=True),
    ]


def _first_layer(model: Predictor) -> Layer:
    """The first layer with weights."""
    return next(layer for layer in model.network.layers if layer.weights.size)


def weight_pictures(model: Predictor) -> list[tuple[str, str]]:
    """A name and a picture of each neuron of the first layer with weights, the largest first.

    Of a convolution they are its filters, the mean over their channels. There are none if the
    pictures are not square.
    """
    layer = _first_layer(model)
    first: Array = layer.weights.astype(np.float64)  # squares may overflow
    kind = "filter" if isinstance(layer, Conv) else "neuron"
    if isinstance(layer, Conv):
        first = first.mean(axis=3).reshape(len(first), -1)
    names = [f"{kind} {number}" for number in range(len(first))]
    if layer is model.network.layers[-1]:
        names = [f"{class_kind(model.classes, 1)} {name}" for name in model.classes]
    largest = np.argsort(-np.linalg.norm(first, axis=1), kind="stable")[:MOST_NEURONS].tolist()
    drawn = [(names[neuron], pictures.weights(first[neuron])) for neuron in largest]
    return [(neuron, image) for neuron, image in drawn if image is not None]


def _feature_maps(model: Predictor, rows: Subset | None) -> list[FeatureMaps]:
    """The maps of the first row: the picture, and what each layer of pictures makes of it.

    There are none without evaluation rows, and of layers without pictures.
    """
    if rows is None or len(model.network.shapes[0]) == 1:
        return []
    pixels = np.empty((1, rows.dataset.pixels.shape[1]), np.uint8)
    rows.take(slice(0, 1), pixels)
    x: Array = np.empty(pixels.shape, model.network.parameters.dtype)
    model.scale.apply(pixels, x)
    with np.errstate(over="ignore", invalid="ignore"):  # weights may be huge
        xs = model.network.forward(x)
    return [
        FeatureMaps(i, maps.shape[1:], [pictures.grey(each.T) for each in maps[0].T[:MOST_MAPS]])
        for i, maps in enumerate(xs)
        if maps.ndim == 4
    ]


def _differences(trained: Sequence[RunSection]) -> tuple[list[str], list[list[str]]]:
    """The configuration keys that differ, and their values for each run."""
    found = diff_configs([run.model.config for run in trained])
    columns = [map(format_short, values) for values in found.values()]
    return list(found), [list(row) for row in zip(*columns, strict=True)] or [[] for _ in trained]
