"""The report on one run or several: one self-contained HTML page."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from nntrain.config import dump_config
from nntrain.config.diff import diff_configs, format_short
from nntrain.config.layers import shapes_text
from nntrain.data.labels import class_kind
from nntrain.errors import RunError
from nntrain.files import atomic_write
from nntrain.nn import Conv, Layer
from nntrain.nn.arrays import Array, Shape
from nntrain.report import charts, pictures
from nntrain.report.board import board, not_drawable
from nntrain.report.charts import Chart, Curve
from nntrain.report.document import check_report_path, render
from nntrain.report.evaluation import EvaluationSection, evaluate_networks
from nntrain.training import checkpoint
from nntrain.training.inference import (
    Predictor,
    load_models,
)
from nntrain.training.progress import EpochRecord, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.rows import Split
from nntrain.training.run import RunFolder

RecordType = TypeVar("RecordType")

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


@dataclass(frozen=True)
class RunSection:
    """The data of one run.

    Attributes:
        number: The run's number, counted from 1.
        model: The network.
        saved: The network's checkpoint.
        history: The finished epochs; none if metrics.csv is missing or damaged.
    """

    number: int
    model: Predictor
    saved: checkpoint.Checkpoint
    history: list[EpochRecord]

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
    in_memory: Split | None = None,
) -> None:
    """Write a report as one HTML file, which can be opened offline.

    Args:
        out: The file to create; an existing report is replaced.
        runs: Runs and committees.
        data: A labelled CSV for the evaluation; None: the validation rows.
        label_column: The name of the label column; None: find it.
        reporter: Logs what is read, and what cannot be shown.
        threads: Number of threads.
        in_memory: The rows that the networks were trained on; None: read them from their CSVs.

    Raises:
        ConfigError: If `out` exists and is not a report, or a network was named twice.
        RunError: If a committee is not finished, or a run has not finished an epoch.
        CheckpointError: If a checkpoint is damaged or invalid.
        DataError: If `data` is invalid.
        NNTrainError: If the file cannot be written.
    """
    check_report_path(out)
    page = _page(runs, data, label_column, reporter, threads, in_memory)
    with atomic_write(out, "w") as file:
        file.write(page)


def _page(
    runs: Sequence[RunFolder],
    data: str | None,
    label_column: str | None,
    reporter: Reporter,
    threads: int,
    in_memory: Split | None,
) -> str:
    models = load_models(runs)
    evaluated, missing_reason = evaluate_networks(
        models, data, label_column, reporter, threads, in_memory
    )
    trained = [
        RunSection(
            number,
            model,
            checkpoint.load(model.run.best_file),
            unless_damaged(model.run.history, reporter),
        )
        for number, model in enumerate(models, 1)
    ]
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
        curves=charts.learning_curves(
            [(f"run {run.number}" if len(trained) > 1 else "", run.history) for run in trained]
        ),
        undrawable=not_drawable(models[0]),
        board=board(models),
        weights=weight_pictures(models[0]) if len(models) == 1 else [],
        feature_maps=_feature_maps(models[0], evaluated) if len(models) == 1 else [],
        layer_charts=_layer_charts(models[0], reporter) if len(models) == 1 else [],
        reliability=charts.reliability(evaluated.answers.bins()) if evaluated else None,
        configuration=dump_config(models[0].config),
    )


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


def _feature_maps(model: Predictor, evaluated: EvaluationSection | None) -> list[FeatureMaps]:
    """The maps of the first row: the picture, and what each layer of pictures makes of it.

    There are none without evaluation rows, and of layers without pictures.
    """
    if evaluated is None or len(model.network.shapes[0]) == 1:
        return []
    rows = evaluated.rows
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
