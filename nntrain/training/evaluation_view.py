"""How an evaluation is shown: its sentences, its tables, and the colours of its matrix."""

import math
from typing import Literal, NamedTuple, TypeAlias

from rich.cells import cell_len

from nntrain.data.labels import DIGITS, class_kind
from nntrain.errors import printable
from nntrain.training.metrics import Evaluation

RGB: TypeAlias = tuple[int, int, int]

_TRUTH = "truth  "
_CONFUSIONS = 5  # how many of the most frequent confusions are listed

# Backgrounds for white text, with a contrast of at least 4.5: of right answers, of the rarest and
# of the most frequent confusion.
_RIGHT: RGB = (0, 95, 0)
_RAREST, _MOST_FREQUENT = (104, 96, 96), (215, 25, 25)


class Cell(NamedTuple):
    """A part of a line of the confusion matrix.

    Attributes:
        text: As wide as its column.
        kind: "name" of a class, or a count of "right" or "wrong" answers, or of "none".
        relative: Of wrong answers, the count relative to that of the most frequent confusion.
    """

    text: str
    kind: Literal["", "name", "right", "wrong", "none"] = ""
    relative: float = 0.0


def summary(evaluation: Evaluation) -> list[str]:
    """Accuracy with standard error, and loss."""
    return [
        f"accuracy  {evaluation.accuracy:.2%} ± {evaluation.standard_error:.2%}  "
        f"({evaluation.wrong:,} of {evaluation.rows:,} wrong)",
        f"loss      {evaluation.loss:.4f}  ({evaluation.loss_name})",
    ]


def metrics(evaluation: Evaluation) -> list[list[str]]:
    """The table of metrics by class: the header, then a row per class."""
    rows = [[class_kind(evaluation.classes, 1), "rows", "precision", "recall", "F1"]]
    scores = zip(evaluation.precision, evaluation.recall, evaluation.f1, strict=True)
    for name, count, shares in zip(evaluation.classes, evaluation.support, scores, strict=True):
        rows.append([name, f"{count:,}", *("–" if math.isnan(x) else f"{x:.2%}" for x in shares)])
    return rows


def matrix(evaluation: Evaluation, columns: int) -> list[list[Cell]]:
    """The lines of the confusion matrix, one per true class after two lines of header.

    Args:
        evaluation: The evaluation.
        columns: The characters of a line; empty if so many do not suffice for many classes.
    """
    names = evaluation.classes
    longest = max(map(len, names))
    indent = max(len(_TRUTH), longest + 2)
    width = max(len(str(evaluation.confusion.max())), longest)
    margin = " " if indent + len(names) * (width + 2) <= columns else ""
    if not margin and len(names) > DIGITS:
        return []
    header = _TRUTH.ljust(indent) + "".join(f"{margin}{name:>{width}} " for name in names)
    lines = [[Cell(" " * indent + margin + "answer")], [Cell(header, "name")]]
    for name, cells in zip(names, counts(evaluation), strict=True):
        padded = [cell._replace(text=f"{margin}{cell.text:>{width}} ") for cell in cells]
        lines.append([Cell(f"{name:>{indent - 2}}  "), *padded])
    return lines


def counts(evaluation: Evaluation) -> list[list[Cell]]:
    """The confusion matrix: a line per label, a cell per prediction."""
    most = max((count for *_, count in evaluation.confusions()), default=1)
    lines = []
    for truth, row in enumerate(evaluation.confusion.tolist()):
        cells = []
        for answer, count in enumerate(row):
            if count == 0:
                cells.append(Cell("0", "none"))
            elif truth == answer:
                cells.append(Cell(str(count), "right"))
            else:
                cells.append(Cell(str(count), "wrong", count / most))
        lines.append(cells)
    return lines


def confusions(evaluation: Evaluation) -> list[str]:
    """A sentence for each of the most frequent confusions."""
    names = evaluation.classes
    return [
        f"{names[truth]} read as {names[answer]}: {count:,} time{'s' * (count > 1)}"
        for truth, answer, count in evaluation.confusions()[:_CONFUSIONS]
    ]


def background(cell: Cell) -> RGB | None:
    """The background of a count, for white text; None if it has none."""
    if cell.kind == "right":
        return _RIGHT
    if cell.kind != "wrong":
        return None
    # The square root separates small counts better.
    share = math.sqrt(cell.relative)
    red, green, blue = (
        round(low + share * (high - low)) for low, high in zip(_RAREST, _MOST_FREQUENT, strict=True)
    )
    return red, green, blue


def text(evaluation: Evaluation, columns: int) -> str:
    """All of it as plain lines, as `nntrain evaluate` prints it into a file."""
    rows = metrics(evaluation)
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(
            " " * (width - cell_len(cell)) + cell for cell, width in zip(row, widths, strict=True)
        )
        for row in rows
    ]
    drawn = ["".join(cell.text for cell in line).rstrip() for line in matrix(evaluation, columns)]
    left_out = f"(the matrix of {len(evaluation.classes)} classes is too wide; see .confusion)"
    sentences = confusions(evaluation)
    blocks = [summary(evaluation), table, drawn or [left_out], sentences]
    return printable("\n\n".join("\n".join(block) for block in blocks if block), keep="\n")
