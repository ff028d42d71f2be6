"""One row through a network and back: its quantities, and what `nntrain trace` prints of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType

from nntrain.errors import did_you_mean, printable
from nntrain.explain.inputs import NetworkAndData
from nntrain.explain.trace import Quantity, save, trace
from nntrain.explain.trace_text import legend, show_maps, show_numbers
from nntrain.nn.arrays import Array
from nntrain.text.ascii_art import render_or_list
from nntrain.text.colours import marked
from nntrain.text.console import as_text


@dataclass(frozen=True, repr=False, eq=False)
class Trace(Mapping[str, Array]):
    """All quantities of a training step on one row; the repr is what `nntrain trace` prints.

    A mapping of the lecture's symbols, such as "∂E/∂W_1", to float64 arrays, in the order in which
    they are computed. `trace["dE_dW_1"]`, the name in a file of --npz, is the same array.

    Attributes:
        subject: The network and the rows.
        row: The row's number, counted from 1.
        quantities: The quantities with their symbols and names.
        truth: The row's label.
        answer: The network's answer.
    """

    subject: NetworkAndData
    row: int
    quantities: list[Quantity]
    truth: str
    answer: str

    def __getitem__(self, symbol: str) -> Array:
        for quantity in self.quantities:
            if symbol in (quantity.symbol, quantity.name):
                return quantity.value
        raise KeyError(f"no quantity {symbol!r}; {did_you_mean(symbol, list(self), 'see list()')}")

    def __iter__(self) -> Iterator[str]:
        return (quantity.symbol for quantity in self.quantities)

    def __len__(self) -> int:
        return len(self.quantities)

    def __repr__(self) -> str:
        return "\n".join([printable(": ".join(self.heading)), as_text(self.parts)])

    @property
    def learning_rate(self) -> float:
        """α of the step."""
        return self.subject.config.training.optimizer.learning_rate

    @property
    def heading(self) -> tuple[str, str]:
        """The file and the row, and what is said of them."""
        about = f"a {self.truth}; the network takes it for a {self.answer}"
        return f"{self.subject.digits.source}, row {self.row}", about

    def parts(self, console: Console) -> Iterator[RenderableType]:
        """What is printed below the heading."""
        if console.is_terminal:
            yield marked("right" if self.answer == self.truth else "wrong", console)
        yield render_or_list(self.subject.digits.pixels[self.row - 1], console)
        yield ""
        yield from show_maps(self.quantities, console)
        yield show_numbers(self.quantities, console)
        yield ""
        yield from legend(self.quantities, self.subject.config)

    def save(self, path: Path) -> None:
        """Write the quantities and α into an `.npz`; see `nntrain.explain.trace.save`.

        Raises:
            NNTrainError: If the file cannot be written.
        """
        save(path, self.quantities, self.learning_rate)


def trace_row(subject: NetworkAndData, row: int) -> Trace:
    """Compute all quantities of a step on one row.

    Args:
        subject: The network and the rows.
        row: The row's number, counted from 1.

    Raises:
        ConfigError: If there is no such row.
    """
    x, y = subject.rows(row)
    rate = subject.config.training.optimizer.learning_rate
    quantities = trace(subject.network, x[0], y[0], rate)
    return Trace(subject, row, quantities, *subject.labels(row, x))
