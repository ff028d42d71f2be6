"""The lesson: one self-contained HTML page that teaches backpropagation on a small network."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nntrain.config import Config
from nntrain.files import atomic_write
from nntrain.nn import Dense, Network
from nntrain.nn.arrays import Array
from nntrain.report.document import render
from nntrain.report.lesson_digits import demo_set

if TYPE_CHECKING:
    from nntrain.report.lesson_run import RunData

# What fits into the figure of a network.
MOST_LAYERS = 3
MOST_NEURONS = 6
MOST_ROWS = 12
DRAWABLE = f"up to {MOST_LAYERS} dense layers of {MOST_NEURONS} neurons without softmax"


class Example(NamedTuple):
    """The network that the page computes with.

    Attributes:
        config: Its configuration.
        network: A float64 copy of it.
        x: Inputs x_0 of the first rows, shape (rows, n_0).
        y: Their targets, shape (rows, n_L).
        classes: The name of each output.
        command: The command that prints the numbers that the page opens with.
    """

    config: Config
    network: Network
    x: Array
    y: Array
    classes: Sequence[str]
    command: str


@contextmanager
def lecture_files() -> Iterator[tuple[Path, Path]]:
    """The configuration and the CSV of the lecture's 3-4-2 network, as files.

    They are copies of configs/lecture-3-4-2.* for installations without the checkout.
    """
    folder = resources.files(__package__) / "assets" / "lesson"
    with ExitStack() as stack:
        config, csv = (
            stack.enter_context(resources.as_file(folder / f"lecture-3-4-2.{suffix}"))
            for suffix in ("yaml", "csv")
        )
        yield config, csv


def is_drawable(example: Example) -> bool:
    """Whether the sections about single neurons can show a network."""
    network = example.network
    return (
        example.config.loss == "squared_error"
        and all(isinstance(layer, Dense) for layer in network.layers)
        and all(layer.activation != "softmax" for layer in example.config.network)
        and len(network.layers) <= MOST_LAYERS
        and max(network.widths) <= MOST_NEURONS
    )


def write_lesson(out: Path, example: Example, run: "RunData | None") -> None:
    """Write the lesson as one HTML file, which can be opened offline.

    Args:
        out: The file to create; an existing one is replaced, see `check_report_path`.
        example: A network that `is_drawable`.
        run: The data of a finished run for the section about training; None for none.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    page = render(
        "lesson/lesson.html",
        has_charts=run is not None,
        title="Backpropagation, step by step",
        widths=example.network.widths,
        lesson=_data(example),
        run=run,
    )
    with atomic_write(out, "w") as file:
        file.write(page)


def _data(example: Example) -> dict[str, Any]:
    """The data for the scripts, as JSON types; `Lesson` in lesson.js describes them."""
    config, network = example.config, example.network
    weights, biases = zip(*network.views(network.parameters), strict=True)
    return {
        "network": {
            "W": [matrix.tolist() for matrix in weights],
            "b": [vector.tolist() for vector in biases],
            "activations": [layer.activation for layer in config.network],
            "loss": config.loss,
        },
        "rows": [
            {"x": x.tolist(), "y": y.tolist()} for x, y in zip(example.x, example.y, strict=True)
        ],
        "α": config.training.optimizer.learning_rate,
        "classes": list(example.classes),
        "command": example.command,
        "digits": demo_set(),
    }
