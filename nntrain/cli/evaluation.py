"""Print an evaluation: metrics per class and the confusion matrix."""

from typing import TYPE_CHECKING

from nntrain.cli.terminal import console, table
from nntrain.text.colours import has_fixed_colours, marked, verdict_style

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from nntrain.training.evaluation_view import Cell
    from nntrain.training.metrics import Evaluation

_OFTEN = 0.25  # of the most frequent confusion's count; highlighted with 16 colours


def show(evaluation: "Evaluation") -> None:
    """Print accuracy and loss, precision, recall and F1 per class, and the confusions."""
    from rich.text import Text

    from nntrain.training import evaluation_view as view

    out = console()
    accuracy, loss = view.summary(evaluation)
    if evaluation.wrong:
        before, word, after = accuracy.rpartition("wrong")
        out.print(Text.assemble(before, marked(word, out), after))
    else:
        out.print(accuracy)
    out.print(loss)
    out.print()
    header, *rows = view.metrics(evaluation)
    metrics = table(*(f">{name}" for name in header))
    for row in rows:
        metrics.add_row(*map(Text, row))
    out.print(metrics)
    out.print()
    for line in _matrix(evaluation, out):
        out.print(line)
    confusions = view.confusions(evaluation)
    if confusions:
        out.print()
    for sentence in confusions:
        out.print(Text(sentence))


def _matrix(evaluation: "Evaluation", out: "Console") -> "list[Text]":
    """Render the confusion matrix, a line per true class; frequent confusions are redder."""
    from rich.text import Text

    from nntrain.training import evaluation_view as view

    rows = view.matrix(evaluation, out.width)
    if not rows:
        count = len(evaluation.classes)
        return [Text(f"(the matrix of {count} classes is too wide; --json prints it)")]
    lines = [
        Text.assemble(*((_shown(cell, out), _style(cell, out)) for cell in row)) for row in rows
    ]
    if out.is_terminal:
        right, wrong = marked("right", out), marked("wrong", out)
        lines[0] = Text.assemble(lines[0], ": ", right, " on the diagonal, ", wrong, " elsewhere")
    return lines


def _shown(cell: "Cell", out: "Console") -> str:
    return cell.text.replace("0", "·") if cell.kind == "none" and out.is_terminal else cell.text


def _style(cell: "Cell", out: "Console") -> str:
    from nntrain.training.evaluation_view import background

    if cell.kind == "name":
        return "bold"
    if cell.kind == "wrong":
        if has_fixed_colours(out):
            red, green, blue = background(cell) or (0, 0, 0)
            return f"#ffffff on rgb({red},{green},{blue})"
        return verdict_style("wrong", out) if cell.relative >= _OFTEN else ""
    return verdict_style("right", out) if cell.kind == "right" else ""
