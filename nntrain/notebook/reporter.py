"""Progress of a training in a notebook."""

import sys
import warnings
from typing import Any, TextIO

from tqdm import TqdmWarning, tqdm

from nntrain.training.reporter import Reporter, TerminalReporter


def suitable_reporter() -> Reporter:
    """A `NotebookReporter` within Jupyter, else a `TerminalReporter`."""
    return NotebookReporter() if "ipykernel" in sys.modules else TerminalReporter()


class NotebookReporter(TerminalReporter):
    """Writes to the cell's output, and shows tqdm's widget if ipywidgets is installed."""

    def _stream(self) -> TextIO:
        return sys.stdout  # notebooks highlight stderr in red

    def create_bar(self, epochs: int, **settings: Any) -> "tqdm[Any]":
        """A plain bar: the session draws the curves itself."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TqdmWarning)  # ipywidgets is optional
            from tqdm import auto, notebook
        # Without `disable=False`, tqdm draws nothing, since the output is no terminal.
        has_widgets = issubclass(auto.tqdm, notebook.tqdm)
        return auto.tqdm(disable=False if has_widgets else None, **settings)
