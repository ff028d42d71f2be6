"""The summary of a network as text: what `nntrain inspect` prints."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.table import Table

from nntrain.config.layers import shapes_text
from nntrain.text.tables import table

if TYPE_CHECKING:
    from nntrain.explain.model_summary import ModelSummary


def heading(summary: "ModelSummary") -> str:
    """The shapes, the loss, the number type and the number of networks."""
    several = f", {summary.members} such networks" if summary.members > 1 else ""
    return f"{shapes_text(summary.shapes)}, {summary.loss}, {summary.dtype}{several}"


def parts(summary: "ModelSummary", console: Console) -> Iterator[RenderableType]:
    """What is printed below the heading."""
    if summary.init:
        yield f"began with the weights of {'; '.join(summary.init)}"
    yield ""
    layers = _layers(summary, console)
    unlimited = console.options.update(width=10 * console.width)
    if console.measure(layers, options=unlimited).maximum > console.width:
        layers = _layers(summary, console, separator="×")
    yield layers
    yield ""
    yield f"{summary.parameters:,} parameters"
    if summary.members > 1:
        total = summary.members * summary.parameters
        yield f"{total:,} parameters in all {summary.members} networks"
    yield f"{summary.multiplications_back:,} more products an image to learn from it"
    yield ""
    memory = table("memory", ">bytes", terminal=console.is_terminal)
    for name, size in summary.memory.items():
        memory.add_row(name, f"{size:,}")
    memory.add_section()
    memory.add_row("all", f"{sum(summary.memory.values()):,}")
    yield memory


def _layers(summary: "ModelSummary", console: Console, separator: str = "") -> Table:
    """A row for each layer, and their sums; shapes like (30, 784) or with a separator."""

    def written(shape: tuple[int, ...]) -> str:
        return separator.join(map(str, shape)) if separator else str(shape)

    drops = bool(summary.input_dropout) or any(layer.dropout for layer in summary.layers)
    columns = [">layer", "activation", "W", "b", ">weights", ">biases", ">products an image"]
    rows = table(*columns, *([">dropout"] if drops else []), terminal=console.is_terminal)
    if summary.input_dropout:
        rows.add_row("0", *[""] * 6, f"{summary.input_dropout:g}")
    for number, layer in enumerate(summary.layers, 1):
        rows.add_row(
            str(number),
            layer.activation if layer.weights else layer.kind,
            written(layer.weight_shape) if layer.weights else "",
            written((layer.biases,)) if layer.biases else "",
            f"{layer.weights:,}",
            f"{layer.biases:,}",
            f"{layer.multiplications:,}",
            *([f"{layer.dropout:g}"] if layer.dropout else []),
        )
    rows.add_section()
    sums = summary.weights, summary.biases, summary.multiplications
    rows.add_row("all", "", "", "", *(f"{number:,}" for number in sums))
    return rows
