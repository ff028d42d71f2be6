"""A trace as text: its numbers in lines that fit a terminal, and their explanation."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table

from nntrain.config import Config
from nntrain.explain.trace import Quantity, feature_maps
from nntrain.nn.arrays import Array
from nntrain.text.ascii_art import side_by_side
from nntrain.text.tables import COLUMN_GAP, table

# Larger quantities are summarised.
SHOWN_ENTRIES = 40
SHOWN_COLUMNS = 6
# Entries in a line of a vector: the outputs of ten classes are read side by side.
VECTOR_LINE = 10
# Characters of a number: in full, and at least, with three decimals or "1e-12".
FULL, SHORT = 9, 5
SHORT_LINE = VECTOR_LINE * (SHORT + 1) - 1

# Where σ′(z) is less than `SATURATED` of its maximum.
SATURATED_WHERE = {
    "sigmoid": "|z| > 4.36",
    "tanh": "|z| > 2.18",
    "scaled_tanh": "|z| > 3.27",
    "relu": "z ≤ 0",
    "leaky_relu": "z ≤ 0",
}


def is_large(quantity: Quantity) -> bool:
    """Whether it is summarised instead of printed in full."""
    value = quantity.value
    return value.size > SHOWN_ENTRIES or (value.ndim == 2 and value.shape[1] > SHOWN_COLUMNS)


def show_maps(quantities: Sequence[Quantity], console: Console) -> Iterator[RenderableType]:
    """The first feature maps of each layer of pictures, for a terminal only."""
    for symbol, count, maps in feature_maps(quantities) if console.is_terminal else []:
        yield f"{symbol}: {len(maps)} of {count} feature maps"
        yield side_by_side(maps, list(map(str, range(len(maps)))), console)
        yield ""


def show_numbers(quantities: Sequence[Quantity], console: Console) -> Table:
    """The table of all quantities; in a narrow console with shapes such as 300×784."""
    symbols = [quantity.symbol for quantity in quantities]
    shapes = [str(quantity.value.shape) for quantity in quantities]
    gap = COLUMN_GAP
    room = _room(console.width, symbols, shapes, gap)
    if room < SHORT_LINE:
        symbols = [symbol.replace("windows ", "windows\n") for symbol in symbols]
        shapes = ["×".join(map(str, quantity.value.shape)) for quantity in quantities]
        gap = 1
        room = _room(console.width, symbols, shapes, gap)
    rows = table("quantity", "shape", "numbers", terminal=console.is_terminal, gap=gap)
    for quantity, symbol, shape in zip(quantities, symbols, shapes, strict=True):
        rows.add_row(symbol, shape, numbers(quantity, room))
    return rows


def _room(width: int, symbols: Sequence[str], shapes: Sequence[str], gap: int) -> int:
    """The characters of a line that the first two columns of the table leave."""
    columns = "\n".join(["quantity", *symbols]), "\n".join(["shape", *shapes])
    return width - sum(max(map(len, cells.split("\n"))) + gap for cells in columns)


def numbers(quantity: Quantity, room: int | None = None) -> str:
    """The numbers of a small quantity, in lines like its matrix, or the summary of a large one.

    Args:
        quantity: The quantity.
        room: The characters of a line, any number by default. Where ten numbers of nine characters
            do not fit, they are written with fewer digits.
    """
    value = quantity.value
    if is_large(quantity):
        summary = f"mean {number(value.mean())}, from {number(value.min())} to "
        summary += number(value.max())
        if quantity.saturated is not None:
            summary += f", {quantity.saturated:.0%} saturated"
        return summary
    if value.ndim == 2:
        return "\n".join(map(_line, value))
    return _vector(value.ravel(), room)


def number(value: float) -> str:
    """Four decimals, or two significant digits of very small and very large numbers."""
    if value and not 0.0005 <= abs(value) < 1e5:
        return f"{value:.1e}"
    return f"{value + 0.0:.4f}"  # + 0.0 makes 0 of −0


def short_number(value: float, width: int) -> str | None:
    """The most decimals, at most four, that fit a width; "≈0" of what is too small for it.

    Returns:
        At most `width` characters; None if even the integer does not fit.
    """
    for decimals in range(min(4, width - 2), -1, -1):
        text = f"{value + 0.0:.{decimals}f}"
        if len(text) > width:
            text = text.replace("0.", ".", 1) if abs(value) < 1 else text
        if len(text) <= width and (value == 0 or float(text)):
            return text
    text = f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    if len(text) <= width:
        return text
    return "≈0" if abs(value) < 1 else None


def legend(quantities: Sequence[Quantity], config: Config) -> list[str]:
    """Explanations for reading the quantities, as lines of text."""
    training = config.training
    lines = [
        f"after the step W ← W − α ∂E/∂W, b ← b − α ∂E/∂b, α = {training.optimizer.learning_rate:g}"
    ]
    if training.optimizer.name != "sgd":
        lines[0] += f"; training itself steps by {training.optimizer.name}"
    if training.teacher or training.mixup:
        lines.append("targets are the labels here, without teacher and mixup")
    if training.input_dropout or any(layer.dropout for layer in config.network):
        lines.append("dropout leaves nothing out here, as in predictions")
    if any(is_large(quantity) and quantity.saturated is not None for quantity in quantities):
        names = dict.fromkeys(layer.activation for layer in config.network)
        where = "; ".join(
            f"{name}: {SATURATED_WHERE[name]}" for name in names if name in SATURATED_WHERE
        )
        lines.append(f"saturated: σ′ is below a twentieth of its greatest value ({where})")
    return lines


def _vector(vector: Array, room: int | None) -> str:
    """Lines of ten numbers, each as wide as fits; of fewer where they cannot be shortened."""
    per_line = min(len(vector), VECTOR_LINE)
    width = FULL if room is None else min(FULL, (room + 1) // per_line - 1)
    texts: list[str | None] = [number(entry) for entry in vector]
    if room is not None and any(len(text or "") > width for text in texts) and width >= SHORT:
        texts = [short_number(entry, width) for entry in vector]
    if width < SHORT or None in texts:
        texts, width = [number(entry) for entry in vector], FULL
        per_line = max(1, ((room or 0) + 1) // (FULL + 1))
    return "\n".join(
        " ".join(f"{text:>{width}}" for text in texts[at : at + per_line])
        for at in range(0, len(texts), per_line)
    )


def _line(entries: Array) -> str:
    return " ".join(f"{number(entry):>{FULL}}" for entry in entries)
