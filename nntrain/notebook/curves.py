"""A training's curves on a page."""

import io
from collections.abc import Mapping, Sequence
from html import escape

from nntrain.training.progress import EpochRecord


def curves(histories: Mapping[str, Sequence[EpochRecord]]) -> str | None:
    """Loss and accuracy after each epoch, as SVG; None where matplotlib is missing.

    Args:
        histories: The finished epochs of each run, by its name.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, quantity in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for name, history in histories.items():
            epochs = [record.epoch for record in history]
            color = None
            for rows, style in (("train", "--"), ("val", "-")):
                if rows == "val" and not all(record.validated for record in history):
                    continue
                values = [getattr(record, f"{rows}_{quantity}") for record in history]
                label = {"train": "training", "val": "validation"}[rows]
                if len(histories) > 1:
                    label = f"{name}, {label}"
                (line,) = axes.plot(epochs, values, style, color=color, label=label)
                color = line.get_color()
        axes.set_xlabel("epoch")
        axes.set_ylabel(quantity)
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    svg = io.StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None})
    text = svg.getvalue()
    return text[text.index("<svg") :]


def table(histories: Mapping[str, Sequence[EpochRecord]]) -> str:
    """The same as an HTML table; arguments as in `curves`."""
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
