"""nntrain predict and nntrain evaluate: apply a trained network or a committee."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from nntrain.cli.options import (
    OUT_PATH,
    CsvPath,
    check_label_column_is_used,
    check_output_is_not_input,
    data_option,
    distortions_option,
    label_column_option,
    runs_argument,
)
from nntrain.cli.terminal import echo, echo_about
from nntrain.errors import ConfigError
from nntrain.shell import command_line

if TYPE_CHECKING:
    from nntrain.data.submission import Form
    from nntrain.training.run import RunFolder


@click.command(epilog="Example: nntrain predict runs/config --test data/test.csv --out mine.csv")
@runs_argument
@click.option(
    "--test",
    type=CsvPath("test.csv"),
    default="data/test.csv",
    show_default=True,
    help="CSV with the digits to classify.",
)
@click.option(
    "--out",
    type=OUT_PATH,
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
    help="Format of the submission; auto decides by the test CSV's id column.",
)
@click.option(
    "--like",
    "sample",
    type=CsvPath("sample_submission.csv"),
    help="Sample submission, whose columns, ids and order of rows are used.",
)
@click.option(
    "--id-column",
    metavar="NAME",
    help="Name or position of the id column, if it has an unusual name.",
)
@distortions_option
def predict(
    folders: tuple[Path, ...],
    test: str,
    out: Path,
    probabilities: bool,
    competition: str,
    sample: str | None,
    id_column: str | None,
    distortions: int,
) -> None:
    """Write a submission for the digits of a test CSV.

    RUN is the folder of a run, whose best checkpoint is used; by default, the run that was finished
    last. The probabilities of several RUNs, or of the members of a committee, are averaged.

    The file is packed if its name ends in .gz, .zip, .bz2 or .xz.
    """
    from nntrain.data import submission
    from nntrain.data.checks import file_warnings
    from nntrain.data.kaggle import read_csv
    from nntrain.files import check_writable
    from nntrain.training import inference
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.rows import log_dataset
    from nntrain.training.threads import cores

    # Checked before the prediction, so that its result is not lost.
    check_output_is_not_input(out, test, *([sample] if sample else []))
    submission.check_packing(out)
    check_writable(out)
    if sample and competition != "auto":
        raise ConfigError("--like and --competition: both choose the submission's form; give one")
    runs = inference.resolve_runs(folders)
    models = inference.load_models(runs)
    inference.check_same_classes(models)
    config, classes = models[0].config, models[0].classes
    test = _found(test, config.data.training_files[0])
    digits = read_csv(
        test, labels="forbidden", id_column=id_column, pixel_range=config.data.pixel_range
    )
    if sample:
        form = submission.form_like(Path(sample), digits, classes)
    else:
        form = submission.form_for(digits, competition)
    if out.exists() and not submission.holds_answers(out, form, classes):
        raise ConfigError(f"{out}: holds no predictions; name another file with --out or remove it")
    warnings = file_warnings(digits, config.data.pixel_range, models[0].greatest_pixel)
    log_dataset(digits, warnings, TerminalReporter())
    networks = f" ({len(models)} networks)" if len(models) > len(runs) else ""
    echo(f"predicting with {', '.join(map(str, runs))}{networks}", err=True)
    predicted = inference.probabilities(models, digits.as_subset(), distortions, cores())
    replaced = out.exists()
    if probabilities or len(form.header) > 2:
        submission.write_probabilities(out, form, classes, predicted)
        echo_about(str(out), f"{len(form.ids):,} rows of probabilities")
    else:
        submission.write_submission(out, form, [classes[i] for i in predicted.argmax(axis=1)])
        _show_submission(out, form, runs)
    if replaced:
        echo(f"(replaced the existing {out})", err=True)


def _found(test: str, train: str) -> str:
    """The test CSV; if the default one is not there, that of the archive of the training rows."""
    from nntrain.data.archives import TEST, divide, file_in, is_there

    archive, member = divide(train)
    source = click.get_current_context().get_parameter_source("test")
    if member is None or source is not ParameterSource.DEFAULT or is_there(test):
        return test
    taken = file_in(archive, TEST)
    if taken is None:
        return test
    echo(f"{test} was not found; {taken} beside the training rows is taken", err=True)
    return taken


def _show_submission(out: Path, form: "Form", runs: "list[RunFolder]") -> None:
    """Print what was written, how its form was chosen, and the command that submits it."""
    known = f" of {form.competition}" if form.competition else ""
    echo(f"columns {','.join(form.header)}{known}, {form.decision}", err=True)
    echo_about(str(out), f"{len(form.ids):,} predictions")
    if form.competition:
        message = f"nntrain {' '.join(map(str, runs))}"
        submit = ("kaggle", "competitions", "submit", "-c", form.competition, "-f", out)
        echo(command_line(*submit, "-m", message))


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
    last. The probabilities of several RUNs, or of the members of a committee, are averaged. The
    folds of a cross-validation are evaluated together: each row by the network that was not trained
    on it.
    """
    from nntrain.cli.evaluation import show
    from nntrain.training import inference
    from nntrain.training.folds import evaluate_held_out
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.threads import cores

    check_label_column_is_used(path, label_column)
    models = inference.load_models(inference.resolve_runs(folders))
    if path:
        rows = inference.labelled_rows(models, path, label_column, TerminalReporter())
        evaluation = inference.evaluate(models, rows, distortions, cores())
    else:
        evaluation = evaluate_held_out(models, TerminalReporter(), distortions, cores())
    if as_json:
        echo(json.dumps(evaluation.as_dict(), indent=2), keep="\n")
    else:
        show(evaluation)
