"""Progress where there is no terminal, but a page."""

import sys
import warnings
from typing import Any, TextIO

from tqdm import TqdmWarning, tqdm

from nntrain.training.reporter import Reporter, TerminalReporter


def suitable_reporter() -> Reporter:
    """A notebook's within Jupyter, else a terminal's."""
    return NotebookReporter() if "ipykernel" in sys.modules else TerminalReporter()


class NotebookReporter(TerminalReporter):
    """Writes to the cell's output, and shows tqdm's widget where ipywidgets is installed."""

    def _stream(self) -> TextIO:
        return sys.stdout  # a notebook paints red what comes from stderr

    def create_bar(self, **settings: Any) -> "tqdm[Any]":
        """The bar, from the arguments of `tqdm`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TqdmWarning)  # without ipywidgets, lines will do
            from tqdm import auto, notebook
        # Its output is no terminal, so that tqdm would draw nothing unless told to.
        has_widgets = issubclass(auto.tqdm, notebook.tqdm)
        return auto.tqdm(disable=False if has_widgets else None, **settings)
