"""Print an evaluation: metrics per class and the confusion matrix."""

from typing import TYPE_CHECKING

from nntrain.cli.colours import heat, marked, verdict_style
from nntrain.cli.terminal import console, percent, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from nntrain.training.metrics import Evaluation

_TRUTH = "truth  "
_CONFUSIONS = 5  # how many of the most frequent confusions are listed


def show(evaluation: "Evaluation") -> None:
    """Print accuracy and loss, precision, recall and F1 per class, and the confusions."""
    from rich.text import Text

    from nntrain.data.labels import class_kind

    out = console()
    out.print(
        Text.assemble(
            f"accuracy  {evaluation.accuracy:.2%} ± {evaluation.standard_error:.2%}  "
            f"({evaluation.wrong:,} of {evaluation.rows:,} ",
            marked("wrong") if evaluation.wrong else "wrong",
            ")",
        )
    )
    out.print(f"loss      {evaluation.loss:.4f}  ({evaluation.loss_name})")
    out.print()
    metrics = table(
        f">{class_kind(evaluation.classes, 1)}", ">rows", ">precision", ">recall", ">F1"
    )
    scores = zip(evaluation.precision, evaluation.recall, evaluation.f1, strict=True)
    names = evaluation.classes
    for name, rows, row_scores in zip(names, evaluation.support, scores, strict=True):
        cells = (percent(score, missing="–") for score in row_scores)
        metrics.add_row(Text(name), f"{rows:,}", *cells)
    out.print(metrics)
    out.print()
    for line in _matrix(evaluation, out):
        out.print(line)
    confusions = evaluation.confusions()[:_CONFUSIONS]
    if confusions:
        out.print()
    for truth, answer, count in confusions:
        text = f"{names[truth]} read as {names[answer]}: {count:,} time{'s' * (count > 1)}"
        out.print(Text(text))


def _matrix(evaluation: "Evaluation", out: "Console") -> "list[Text]":
    """Render the confusion matrix, a line per true class; frequent confusions are redder."""
    from rich.text import Text

    from nntrain.data.labels import DIGITS

    names = evaluation.classes
    classes = range(len(names))
    longest = max(map(len, names))
    indent = max(len(_TRUTH), longest + 2)
    width = max(len(str(evaluation.confusion.max())), longest)
    margin = " " if indent + len(classes) * (width + 2) <= out.width else ""
    if not margin and len(classes) > DIGITS:
        return [Text(f"(the matrix of {len(classes)} classes is too wide; --json prints it)")]
    most = max((count for *_, count in evaluation.confusions()), default=1)
    legend = (": ", marked("right"), " on the diagonal, ", marked("wrong"), " elsewhere")
    lines = [
        Text.assemble(" " * indent + margin + "answer", *(legend if out.is_terminal else ())),
        Text(_TRUTH.ljust(indent) + "".join(f"{margin}{name:>{width}} " for name in names), "bold"),
    ]
    for truth in classes:
        line = Text(f"{names[truth]:>{indent - 2}}  ")
        for answer in classes:
            count = int(evaluation.confusion[truth, answer])
            shown, style = str(count), verdict_style("right", out)
            if count == 0:
                shown, style = "·" if out.is_terminal else "0", ""
            elif truth != answer:
                style = heat(count / most, out)
            line.append(f"{margin}{shown:>{width}} ", style)
        lines.append(line)
    return lines
