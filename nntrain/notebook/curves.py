"""The finished epochs of runs as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from nntrain.training.progress import EpochRecord


def curves(histories: Mapping[str, Sequence[EpochRecord]]) -> str | None:
    """The charts of a report, with Matplotlib's colours; None if a library for them is missing.

    Args:
        histories: The finished epochs of each run, by its name.
    """
    try:
        from matplotlib.colors import TABLEAU_COLORS

        from nntrain.report.charts import learning_curves
    except ImportError:
        return None
    charts = learning_curves([(Path(name).name, history) for name, history in histories.items()])
    colours = "".join(f"--series-{n}: {c};" for n, c in enumerate(TABLEAU_COLORS.values()))
    drawn = "".join(f"<div>{chart.svg}</div>" for chart in charts)
    return f'<div style="display: flex; flex-wrap: wrap; {colours}">{drawn}</div>'


def table(histories: Mapping[str, Sequence[EpochRecord]]) -> str:
    """The same epochs as an HTML table."""
    head = ["run", "epoch", "training loss", "accuracy", "validation loss", "accuracy"]
    rows = [
        [
            escape(name),
            str(record.epoch),
            f"{record.train_loss:.4f}",
            f"{record.train_accuracy:.2%}",
            f"{record.val_loss:.4f}" if record.validated else "",
            f"{record.val_accuracy:.2%}" if record.validated else "",
        ]
        for name, history in histories.items()
        for record in history
    ]
    lines = [
        "".join(f"<{tag}>{cell}</{tag}>" for cell in cells)
        for tag, cells in [("th", head), *(("td", row) for row in rows)]
    ]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
