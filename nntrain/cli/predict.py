"""nntrain predict and nntrain evaluate: apply a trained network or a committee."""

import json
from pathlib import Path

import click

from nntrain.cli.options import (
    CSV_PATH,
    check_label_column_is_used,
    check_output_is_not_input,
    data_option,
    distortions_option,
    label_column_option,
    runs_argument,
)
from nntrain.cli.terminal import echo
from nntrain.errors import ConfigError
from nntrain.shell import command_line


@click.command(epilog="Example: nntrain predict runs/config --test data/test.csv --out mine.csv")
@runs_argument
@click.option(
    "--test",
    type=CSV_PATH,
    default="data/test.csv",
    show_default=True,
    help="CSV with the digits to classify.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="submission.csv",
    show_default=True,
    help="The output file.",
)
@click.option("--probabilities", is_flag=True, help="Write the probabilities of all classes.")
@click.option(
    "--competition",
    type=click.Choice(["auto", "digit-recognizer", "nn5"]),
    default="auto",
    show_default=True,
    help="Format of the submission; auto selects nn5 if the test CSV has ids.",
)
@click.option("--id-column", metavar="NAME", help="Column of the ids, if it has an unusual name.")
@distortions_option
def predict(
    folders: tuple[Path, ...],
    test: str,
    out: Path,
    probabilities: bool,
    competition: str,
    id_column: str | None,
    distortions: int,
) -> None:
    """Write a submission for the digits of a test CSV.

    RUN is the folder of a run, whose best checkpoint is used; by default, the run that was finished
    last. The probabilities of several RUNs, or of the members of a committee, are averaged.
    """
    from nntrain.data import kaggle
    from nntrain.files import check_writable
    from nntrain.training import inference
    from nntrain.training.threads import cores

    # Checked before the prediction, so that its result is not lost.
    check_output_is_not_input(out, test)
    check_writable(out)
    if out.exists() and not kaggle.holds_answers(out):
        raise ConfigError(f"{out}: holds no predictions; name another file with --out or remove it")
    runs = inference.resolve_runs(folders)
    models = inference.load_models(runs)
    digits = kaggle.read_csv(test, labels="forbidden", id_column=id_column)
    echo(f"{digits.source}: {digits.describe()}", err=True)
    if digits.cache_warning:
        echo(f"warning: {digits.cache_warning}", err=True)
    networks = f" ({len(models)} networks)" if len(models) > len(runs) else ""
    echo(f"predicting with {', '.join(map(str, runs))}{networks}", err=True)
    predicted = inference.probabilities(models, digits.as_subset(), distortions, cores())
    replaced = out.exists()
    if probabilities:
        kaggle.write_probabilities(out, digits, predicted)
        echo(f"{out}: {len(digits):,} rows of probabilities")
    else:
        chosen = kaggle.competition_of(digits, competition)
        kaggle.write_submission(out, digits, predicted.argmax(axis=1), chosen)
        echo(f"{out}: {len(digits):,} predictions")
        message = f"nntrain {' '.join(map(str, runs))}"
        submit = ("kaggle", "competitions", "submit", "-c", chosen, "-f", out, "-m", message)
        echo(command_line(*submit))
    if replaced:
        echo(f"(replaced the existing {out})", err=True)


@click.command(epilog="Example: nntrain evaluate runs/config --data data/test_labelled.csv")
@runs_argument
@data_option
@label_column_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@distortions_option
def evaluate(
    folders: tuple[Path, ...],
    path: str | None,
    label_column: str | None,
    as_json: bool,
    distortions: int,
) -> None:
    """Evaluate a run on labelled digits.

    Prints accuracy, loss, metrics per class and the confusion matrix.

    RUN is the folder of a run, whose best checkpoint is used; by default, the run that was finished
    last. The probabilities of several RUNs, or of the members of a committee, are averaged.
    """
    from nntrain.cli.evaluation import show
    from nntrain.training import inference
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.rows import read_labelled
    from nntrain.training.threads import cores

    check_label_column_is_used(path, label_column)
    models = inference.load_models(inference.resolve_runs(folders))
    rows = (
        read_labelled(
            path, models[0].config.data.classes, label_column, TerminalReporter()
        ).as_subset()
        if path
        else inference.held_out_rows(models, TerminalReporter())
    )
    evaluation = inference.evaluate(models, rows, distortions, cores())
    if as_json:
        echo(json.dumps(evaluation.as_dict(), indent=2), keep="\n")
    else:
        show(evaluation)
