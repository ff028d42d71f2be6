"""An evaluation in a notebook: tables, with the confusion matrix as a heat map."""

import shutil
from html import escape

from nntrain.errors import printable
from nntrain.training import evaluation_view as view
from nntrain.training.evaluation_view import Cell
from nntrain.training.metrics import Evaluation

MAX_CLASSES = 64  # of a matrix that is drawn

# A wide table scrolls. The theme's colours are kept, but for cells with a background.
_SCROLLING = "overflow-x: auto; max-width: 100%; margin-bottom: 1em"
_TABLE = "border-collapse: collapse; margin: 0; font-variant-numeric: tabular-nums"
_CELL = "padding: .25em .6em; text-align: right; white-space: nowrap"


class ShownEvaluation(Evaluation):
    """An evaluation that shows itself as the last value of a cell."""

    def __repr__(self) -> str:
        return view.text(self, shutil.get_terminal_size().columns)

    def _repr_html_(self) -> str:
        accuracy, loss = (_escaped(line) for line in view.summary(self))
        sentences = "".join(f"<br>{_escaped(line)}" for line in view.confusions(self))
        return (
            f"<div><p>{accuracy}<br>{loss}</p>{_metrics(self)}{_matrix(self)}"
            f"{f'<p>most frequent confusions:{sentences}</p>' if sentences else ''}</div>"
        )


def _metrics(evaluation: Evaluation) -> str:
    header, *rows = view.metrics(evaluation)
    lines = [_line([_head(name) for name in header])]
    lines += [_line([_head(name), *map(_plain, cells)]) for name, *cells in rows]
    return _table(lines)


def _matrix(evaluation: Evaluation) -> str:
    names = evaluation.classes
    if len(names) > MAX_CLASSES:
        return f"<p>(the matrix of {len(names)} classes is left out; see .confusion)</p>"
    lines = [_line([_head("truth \\ answer"), *map(_head, names)])]
    for name, cells in zip(names, view.counts(evaluation), strict=True):
        lines.append(_line([_head(name), *map(_count, cells)]))
    return _table(lines)


def _count(cell: Cell) -> str:
    colour = view.background(cell)
    if colour is None:
        return _plain(cell.text)
    red, green, blue = colour
    heated = f"color: #fff; background: rgb({red}, {green}, {blue})"
    return f'<td style="{_CELL}; {heated}">{int(cell.text):,}</td>'


def _plain(text: str) -> str:
    return f'<td style="{_CELL}">{_escaped(text)}</td>'


def _head(text: str) -> str:
    return f'<th style="{_CELL}">{_escaped(text)}</th>'


def _line(cells: list[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _table(lines: list[str]) -> str:
    return f'<div style="{_SCROLLING}"><table style="{_TABLE}">{"".join(lines)}</table></div>'


def _escaped(text: str) -> str:
    return escape(printable(text))
