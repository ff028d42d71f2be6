"""How good the answers are, as tables for a terminal."""

import math
from typing import TYPE_CHECKING

from nntrain.cli.terminal import console, percent, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from nntrain.training.metrics import Evaluation

_TRUTH = "truth  "
_CONFUSIONS = 5  # told in words
# White on either is read well, and on light terminals as on dark ones the second stands out.
_FEW, _MANY = (104, 96, 96), (215, 25, 28)


def show(evaluation: "Evaluation") -> None:
    """Print the result, each digit's precision and recall, and which digits are confused."""
    out = console()
    out.print(
        f"accuracy  {evaluation.accuracy:.2%} ± {evaluation.standard_error:.2%}  "
        f"({evaluation.wrong:,} of {evaluation.rows:,} wrong)"
    )
    out.print(f"loss      {evaluation.loss:.4f}  ({evaluation.loss_name})")
    out.print()
    digits = table(">digit", ">rows", ">precision", ">recall", ">F1")
    shares = zip(evaluation.precision, evaluation.recall, evaluation.f1, strict=True)
    for digit, (rows, each) in enumerate(zip(evaluation.support, shares, strict=True)):
        digits.add_row(str(digit), f"{rows:,}", *(percent(share, missing="–") for share in each))
    out.print(digits)
    out.print()
    for line in _matrix(evaluation, out):
        out.print(line)
    confusions = evaluation.confusions()[:_CONFUSIONS]
    if confusions:
        out.print()
    for truth, answer, count in confusions:
        out.print(f"{truth} read as {answer}: {count:,} time{'s' * (count > 1)}")


def _matrix(evaluation: "Evaluation", out: "Console") -> "list[Text]":
    """The confusion matrix, a line for each digit; the more frequent a confusion, the redder."""
    from rich.text import Text

    classes = range(len(evaluation.confusion))
    width = len(str(evaluation.confusion.max()))
    margin = " " if len(_TRUTH) + len(classes) * (width + 2) <= out.width else ""
    most = max((count for *_, count in evaluation.confusions()), default=1)
    lines = [
        Text(" " * len(_TRUTH) + margin + "answer"),
        Text(_TRUTH + "".join(f"{margin}{digit:>{width}} " for digit in classes), "bold"),
    ]
    for truth in classes:
        line = Text(f"{truth:>5}  ")
        for answer in classes:
            count = int(evaluation.confusion[truth, answer])
            shown, style = str(count), "bold"
            if count == 0:
                shown, style = "·" if out.is_terminal else "0", "dim"
            elif truth != answer:
                style = _shade(count / most)
            line.append(f"{margin}{shown:>{width}} ", style)
        lines.append(line)
    return lines


def _shade(share: float) -> str:
    """The style of a confusion that is so frequent, as a share of the most frequent one."""
    # The square root, so that a few can be told from very few.
    red, green, blue = (
        round(few + math.sqrt(share) * (many - few)) for few, many in zip(_FEW, _MANY, strict=True)
    )
    return f"bright_white on rgb({red},{green},{blue})"
