"""Train the networks that papers report on, and write the results into docs/papers.md.

`python benchmarks/papers.py --hours 8` trains for at most eight hours; the next call continues.
"""

import functools
import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

import click

from nntrain.data.kaggle import read_csv
from nntrain.errors import NNTrainError
from nntrain.files import atomic_write
from nntrain.training.progress import best
from nntrain.training.run import RunFolder

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "configs" / "papers"
PAGE = ROOT / "docs" / "papers.md"
RESULTS = ROOT / "benchmarks" / "papers.json"  # of finished runs, whose folders may be gone
RUNS = Path("runs") / "papers"
NNTRAIN = (sys.executable, "-m", "nntrain")
POLL_SECONDS = 0.1
TRAIN_ROWS, TEST_ROWS = 60_000, 10_000

FAR = 0.3  # points between two errors that need a reason
ADAM = (
    "better, probably because Adam, weights with a variance of 1 / n_in and steps of ten rows "
    "train further than the paper's step sizes and ±2.4 / n_in"
)
LECUN = "LeCun et al. 1998"
SIMARD = "Simard et al. 2003"
CIRESAN = "Cireşan et al. 2010"
CIRESAN_2011 = "Cireşan et al. 2011"
CIRESAN_2012 = "Cireşan et al. 2012"
MEIER = "Meier et al. 2011"
SRIVASTAVA = "Srivastava et al. 2014"
NIELSEN = "Nielsen 2015"


class Row(NamedTuple):
    """One network of one paper.

    Attributes:
        name: Of the configuration below configs/papers/, and of the run.
        paper: Who and when.
        network: The widths of its layers, of one member if there are several; 6C5 are 6 maps of 5×5
            windows, P2 is pooling.
        recipe: What sets it apart from the paper's other networks.
        published: Its error in per cent.
        minutes: How long it is expected to take on two cores.
        members: How many networks answer together.
        why: Why our error differs from the published one by more than 0.3 points, if it does.
    """

    name: str
    paper: str
    network: str
    recipe: str
    published: float
    minutes: int
    members: int = 1
    why: str = ""

    @property
    def config(self) -> Path:
        """The configuration's file."""
        return CONFIGS / f"{self.name}.yaml"

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return RUNS / self.name

    def runs(self) -> list[RunFolder]:
        """What there is of its run, or of its members' runs."""
        pattern = "config.yaml" if self.members == 1 else "member-*/config.yaml"
        return [RunFolder(file.parent) for file in sorted(self.folder.glob(pattern))]

    def is_finished(self) -> bool:
        """Whether nothing is left to train."""
        runs = self.runs()
        return len(runs) == self.members and all(run.is_finished() for run in runs)


class Result(NamedTuple):
    """What came out of a finished run; errors in per cent.

    Attributes:
        last: The error on the rows held out, after the last epoch; None of a committee.
        best: The same after the best epoch.
        test: The error on the test rows; None if it was not measured.
        epochs: The number of epochs.
        seconds: The training time.
    """

    last: float | None
    best: float
    test: float | None
    epochs: int
    seconds: float


# In the order of their years; those of one year in the order of the paper.
ROWS = (
    Row("lecun1998-300", LECUN, "784-300-10", "squared error", 4.7, 2, why=ADAM),
    Row("lecun1998-300-distortions", LECUN, "784-300-10", "distortions", 3.6, 2, why=ADAM),
    Row("lecun1998-1000", LECUN, "784-1000-10", "squared error", 4.5, 5, why=ADAM),
    Row("lecun1998-300-100", LECUN, "784-300-100-10", "squared error", 3.05, 2, why=ADAM),
    Row("lecun1998-300-100-distortions", LECUN, "784-300-100-10", "distortions", 2.5, 2, why=ADAM),
    Row("lecun1998-500-150", LECUN, "784-500-150-10", "squared error", 2.95, 3, why=ADAM),
    Row("lecun1998-500-150-distortions", LECUN, "784-500-150-10", "distortions", 2.45, 3, why=ADAM),
    Row("lecun1998-lenet-1", LECUN, "4C5-P2-12C5-P2-10", "LeNet-1", 1.7, 20),
    Row("lecun1998-lenet-4", LECUN, "4C5-P2-16C5-P2-120-10", "LeNet-4", 1.1, 20),
    Row("lecun1998-lenet-5", LECUN, "6C5-P2-16C5-P2-120-84-10", "LeNet-5", 0.95, 30),
    Row(
        "lecun1998-lenet-5-distortions",
        LECUN,
        "6C5-P2-16C5-P2-120-84-10",
        "LeNet-5, distortions",
        0.8,
        40,
    ),
    Row("simard2003-800", SIMARD, "784-800-10", "cross-entropy", 1.6, 16),
    Row("simard2003-800-affine", SIMARD, "784-800-10", "affine, cross-entropy", 1.1, 21),
    Row("simard2003-800-elastic-squared", SIMARD, "784-800-10", "elastic, squared error", 0.9, 21),
    Row(
        "simard2003-800-elastic",
        SIMARD,
        "784-800-10",
        "elastic, cross-entropy",
        0.7,
        21,
        why="on-line steps, shifts and turns besides the elastic distortions, or fewer equal ones, "
        "may explain what is missing: the paper does not say",
    ),
    Row("simard2003-conv-elastic", SIMARD, "5C5-50C5-100-10", "elastic, cross-entropy", 0.4, 60),
    Row("ciresan2010-1000-500", CIRESAN, "784-1000-500-10", "distortions", 0.49, 46),
    Row("ciresan2010-1500-1000-500", CIRESAN, "784-1500-1000-500-10", "distortions", 0.46, 75),
    Row(
        "ciresan2010-2500-2000-1500-1000-500",
        CIRESAN,
        "784-2500-2000-1500-1000-500-10",
        "distortions",
        0.35,
        200,
    ),
    Row(
        "ciresan2011-deep",
        CIRESAN_2011,
        "20C3-40C3-60C4-80C3-100C3-120C3-150-10",
        "distortions",
        0.35,
        600,
    ),
    Row("meier2011-committee", MEIER, "784-800-10", "distortions, committee", 0.39, 125, 25),
    Row(
        "ciresan2012-committee",
        CIRESAN_2012,
        "20C4-P2-40C5-P3-150-10",
        "distortions, committee",
        0.23,
        3_500,
        35,
    ),
    Row("srivastava2014-logistic", SRIVASTAVA, "784-1024-1024-1024-10", "dropout", 1.35, 50),
    Row("srivastava2014-relu", SRIVASTAVA, "784-1024-1024-1024-10", "relu, dropout", 1.25, 50),
    Row(
        "srivastava2014-relu-max-norm",
        SRIVASTAVA,
        "784-1024-1024-1024-10",
        "relu, dropout, max-norm",
        1.06,
        50,
    ),
    Row("nielsen2015-30", NIELSEN, "784-30-10", "squared error", 4.58, 1),
    Row("nielsen2015-100", NIELSEN, "784-100-10", "squared error", 3.41, 1),
    Row("nielsen2015-100-regularised", NIELSEN, "784-100-10", "cross-entropy, L2", 1.96, 2),
)

INTRODUCTION = """\
# Published results, and nntrain's with the same networks

`make papers HOURS=8` trains these networks for at most eight hours, the fastest first. The next
call continues. Each configuration lists its differences from the paper.

All are trained on the first 50,000 rows of MNIST's training set; the last 10,000 are held out.
Errors are in per cent. Held out: after the last epoch, in brackets after the best. Test: after the
best epoch, on rows that no choice depends on. A committee uses the best epoch of each member, so it
has no value for the last epoch. Published errors are those of MNIST's test set, often after
training on all 60,000 rows; only Nielsen's 1.96 is that of the same 10,000 held-out rows.

"""
HEADINGS = (
    "paper",
    "network",
    "configuration",
    "published",
    "held out",
    "test",
    "epochs",
    "training time",
)


class TrainingError(click.ClickException):
    """A network could not be trained or evaluated; nntrain has said why."""


@click.command()
@click.option(
    "--hours",
    type=click.FloatRange(min=0),
    required=True,
    help="How long to train at most; 0 only writes the page.",
)
@click.option("--train", default="data/train.csv", show_default=True, help="MNIST's training CSV.")
@click.option("--test", type=click.Path(exists=True), help="MNIST's test CSV, with labels.")
def main(hours: float, train: str, test: str | None) -> None:
    """Train what the time allows, the quickest first, and write docs/papers.md."""
    if hours:
        _refuse_other_digits(train, TRAIN_ROWS)
    if test:
        _refuse_other_digits(test, TEST_ROWS)
    deadline = monotonic() + hours * 3600
    failed = []
    try:
        for row in sorted(ROWS, key=lambda row: row.minutes):
            if monotonic() >= deadline:
                break
            if row.is_finished() or row.name in _saved():
                continue
            click.echo(f"{row.name}: some {row.minutes} minutes", err=True)
            try:
                _train(row, train, deadline)
            except TrainingError as error:  # the others can still be trained
                error.show()
                failed.append(row.name)
            _write_page(test)
    finally:
        _write_page(test)
    sys.exit(bool(failed))


def _refuse_other_digits(path: str, expected: int) -> None:
    """The page holds against papers what was trained on their digits, not on demo digits, say.

    Raises:
        ClickException: The CSV is not as long as MNIST's, or cannot be read.
    """
    try:
        rows = len(read_csv(path, labels="required"))
    except NNTrainError as error:
        raise click.ClickException(str(error)) from error
    if rows != expected:
        raise click.ClickException(
            f"{path}: {rows:,} rows, but MNIST has {expected:,}; fetch it with "
            "'nntrain data mnist', or name it with --train or --test"
        )


def _train(row: Row, train: str, deadline: float) -> None:
    """Begin a run, or go on with it, until it is finished or time is up.

    Raises:
        TrainingError: It ended by itself, unfinished.
    """
    command = [*NNTRAIN, "fit", str(row.config), "--run", str(row.folder)]
    command += ["--set", f"data.train={train}"]
    if row.folder.exists():
        command.append("--resume")
    # In a session of its own, Ctrl-C does not reach it: a second signal would end it unsaved.
    process = subprocess.Popen(command, start_new_session=True)
    in_time = True
    try:
        while process.poll() is None and in_time:
            sleep(POLL_SECONDS)
            in_time = monotonic() < deadline
    finally:
        if process.poll() is None:
            process.terminate()
        status = process.wait()
    if status and in_time:
        raise TrainingError(f"{row.name}: could not be trained (status {status})")


def _write_page(test: str | None) -> None:
    """Write docs/papers.md, and what it tells of finished runs into papers.json."""
    results, broken = _saved(), set()
    for row in ROWS:
        if row.is_finished():
            try:
                results[row.name] = _result(row, test, results.get(row.name))
            except TrainingError as error:  # the other rows can still be trained and told
                error.show()
                broken.add(row.name)
    saved = {name: result._asdict() for name, result in results.items()}
    with atomic_write(RESULTS, "w") as file:
        file.write(json.dumps(saved, indent=1) + "\n")
    cells = {row.name: _end_of_line(row, results.get(row.name)) for row in ROWS}
    cells |= {name: ["cannot be evaluated", "", *cells[name][2:]] for name in broken}
    lines = [_line(HEADINGS), "|" + " --- |" * len(HEADINGS)]
    lines += [_line([*_start_of_line(row), *cells[row.name]]) for row in ROWS]
    PAGE.parent.mkdir(exist_ok=True)
    text = [INTRODUCTION + "\n".join(lines), *_reasons(results)]
    with atomic_write(PAGE, "w") as file:
        file.write("\n".join(text) + "\n")


def _saved() -> dict[str, Result]:
    """The results of finished runs, by the names of their rows."""
    if not RESULTS.exists():
        return {}
    saved = json.loads(RESULTS.read_text(encoding="utf-8"))
    return {name: Result(**result) for name, result in saved.items()}


def _result(row: Row, test: str | None, before: Result | None) -> Result:
    """The result of a finished row; a test error that was measured before is kept.

    Raises:
        TrainingError: The run or the CSV cannot be used.
    """
    histories = [run.history() for run in row.runs()]
    if row.members == 1:
        last = _error(histories[0][-1].val_accuracy)
        best_error = _error(best(histories[0]).val_accuracy)
    else:
        last, best_error = None, _error(_accuracy(row.folder, None))
    tested = _error(_accuracy(row.folder, test)) if test else before.test if before else None
    seconds = sum(record.seconds for history in histories for record in history)
    return Result(last, best_error, tested, sum(map(len, histories)), seconds)


def _reasons(results: Mapping[str, Result]) -> list[str]:
    """A sentence for each row whose held-out error is far from the published one."""
    reasons: dict[str, list[str]] = {}
    for row in ROWS:
        result = results.get(row.name)
        if result is not None and round(abs(result.best - row.published), 2) > FAR:
            rows = reasons.setdefault(row.why or "not explained", [])
            rows.append(f"{row.network}, {row.recipe}")
    if not reasons:
        return []
    return [
        "",
        f"After the best epoch more than {FAR:g} points from the published error:",
        "",
        *(f"- {'; '.join(rows)}: {why}." for why, rows in reasons.items()),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _start_of_line(row: Row) -> list[str]:
    """What is known of a row before its training."""
    return [
        row.paper,
        row.network if row.members == 1 else f"{row.members} × {row.network}",
        f"[{row.recipe}](../configs/papers/{row.config.name})",
        f"{row.published:g}",
    ]


def _end_of_line(row: Row, result: Result | None) -> list[str]:
    """What has come out, or how far the training is."""
    if result is not None:
        held_out = f"({result.best:.2f})"
        if result.last is not None:
            held_out = f"{result.last:.2f} {held_out}"
        tested = "–" if result.test is None else f"{result.test:.2f}"
        epochs = f"{result.epochs:,} of {result.epochs:,}"
        return [held_out, tested, epochs, _duration(result.seconds)]
    runs = row.runs()
    if not runs:
        return ["not run yet", "", "", ""]
    histories = [run.history() for run in runs]
    planned = row.members * runs[0].config().training.epochs
    epochs = f"{sum(map(len, histories)):,} of {planned:,}"
    seconds = sum(record.seconds for history in histories for record in history)
    return ["begun", "", epochs, _duration(seconds)]


@functools.cache  # a finished run stays as it is
def _accuracy(folder: Path, data: str | None) -> float:
    """The accuracy on a CSV, or on the rows held out.

    Raises:
        TrainingError: The run or the CSV cannot be used.
    """
    command = [*NNTRAIN, "evaluate", str(folder), "--json"]
    if data is not None:
        command += ["--data", data]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise TrainingError(f"{folder}: could not be evaluated (status {done.returncode})")
    return float(json.loads(done.stdout)["accuracy"])


def _error(accuracy: float) -> float:
    return 100 * (1 - accuracy)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


if __name__ == "__main__":
    # SIGTERM ends this as Ctrl-C does, so that the training that runs is saved.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
