"""Files in the forms that people bring: each is read rightly, or refused in words that help.

They are made of MNIST by the script make_cases.py in the folder that NNTRAIN_CASES names.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from nntrain.cli import main
from nntrain.config import load_config
from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import read_csv
from nntrain.training import checkpoint
from tests.support.variants import slow

CASES = os.environ.get("NNTRAIN_CASES")
pytestmark = pytest.mark.skipif(CASES is None, reason="NNTRAIN_CASES names no folder")

CONFIG = """
data: {train: train.csv, validation: 0.1}
network: [{dense: 32, activation: relu}, {dense: 10, activation: softmax}]
loss: cross_entropy
training: {epochs: 2, optimizer: adam}
"""

# Files with the same labelled pictures as train.csv, and what is said about them.
SAME = {
    "train_no_header.csv": "",
    "train_fashion.csv": "",
    "train_grid_names.csv": "",
    "train_grid_names_sorted.csv": "the pixel columns are put in the order of their names",
    "train_savetxt.csv": "",
    "train_index.csv": "column '' is an index of the rows and is left out",
    "train_numbered_header.csv": "",
    "train_label_last_no_header.csv": "label column 'column 785'",
    "train_semicolon.csv": "its cells are separated by a semicolon",
    "train_tab.csv": "its cells are separated by a tab",
    "train_blanks.txt": "its cells are separated by blanks",
    "train_sep_line.csv": "line 1 ('sep=,') is no row and is left out",
    "train_title_line.csv": "line 1 ('# digits, exported f…') is no row and is left out",
}
# The same test pictures, the header of the submission and its ids.
TESTS = {
    "test.csv": ("ImageId,Label", range(1, 61)),
    "test_index.csv": ("ImageId,Label", range(1, 61)),
    "test_unnamed.csv": ("ImageId,Label", range(1, 61)),
    "test_numbered_header.csv": ("ImageId,Label", range(1, 61)),
    "test_image_id.csv": ("ImageId,Label", range(1, 61)),
    "test_image_id_reversed.csv": ("ImageId,Label", range(60, 0, -1)),
    "test_kannada.csv": ("id,number", range(60)),
}
REFUSED = {
    "train_mangled_header.csv": ":1: a row of data that pandas has taken for names",
    "lfs_pointer.csv": "is a Git LFS pointer; fetch the file itself with 'git lfs pull'",
    "not_found.csv": "is an error message of a web server; download the file again",
    "page.csv": "is a web page, perhaps from a download without signing in",
    "mnist.npz": "is a file of NumPy arrays (x_train, y_train); stack labels and pixels",
    "train_zero_to_one.csv": "; if pixels are numbers 0–1, write data.pixel_range: [0, 1]",
}
# Number of classes, the first and the last.
CLASSES = {
    "train_letters_a_z.csv": (26, "0", "25"),
    "train_sign_language.csv": (24, "0", "24"),
    "train_labels_1_to_10.csv": (10, "1", "10"),
    "train_labels_as_letters.csv": (10, "A", "J"),
    "train_emnist_62.csv": (62, "0", "61"),
}
DOUBTFUL = {
    "eight_floats.csv": "no pixel is above 16, of 255; if pixels are 0–16",
    "train_black_and_white.csv": "no pixel is above 1, of 255; if pixels are 0–1",
    "train_inverted.csv": "its pictures look inverted; if the paper is white",
    "train_transposed.csv": "its pictures look transposed; give pictures",
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    script = Path(CASES or "") / "make_cases.py"
    subprocess.run([sys.executable, "-W", "ignore", str(script), str(folder)], check=True)
    (folder / "config.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def usual(cases: Path) -> Dataset:
    return read_csv(cases / "train.csv", labels="required")


@pytest.fixture(scope="module")
def trained(cases: Path) -> Path:
    assert run(cases, "fit", "config.yaml", "--run", "usual")[0] == 0
    return cases / "usual"


@pytest.fixture(scope="module")
def answers(cases: Path, trained: Path) -> list[str]:
    """The answers to the usual test file."""
    assert run(cases, "predict", str(trained), "--test", "test.csv")[0] == 0
    return pd.read_csv(cases / "submission.csv", dtype=str)["Label"].tolist()


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Status and all messages of a command in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    finally:
        os.chdir(before)
    assert all(len(line) <= 300 for line in result.output.splitlines())
    assert "Warning" not in result.output
    return result.exit_code, result.output


def test_every_file_is_tried(cases: Path) -> None:
    tried = {*SAME, *TESTS, *REFUSED, *CLASSES, *DOUBTFUL}
    tried |= {"train.csv", "config.yaml", "submission.csv", "train_sorted.csv", "mnist.arff"}
    tried |= {"train_one_nine.csv", "test_black_and_white.csv", "eight_numbered_header.csv"}
    tried |= {"eight_label_last_no_header.csv", "sample_submission.csv"}
    tried |= {"sample_submission_kannada.csv", "s.csv", "copy.csv"}
    assert {path.name for path in cases.iterdir() if path.is_file()} <= tried


QUICK = {"train_grid_names_sorted.csv", "train_numbered_header.csv", "train_sep_line.csv"}


@pytest.mark.parametrize(
    ("name", "told"), [case if case[0] in QUICK else slow(case)[0] for case in SAME.items()]
)
def test_the_same_rows_are_read_in_every_form(
    cases: Path, usual: Dataset, name: str, told: str
) -> None:
    dataset = read_csv(cases / name, labels="required")
    np.testing.assert_array_equal(dataset.pixels, usual.pixels)
    np.testing.assert_array_equal(dataset.labels, usual.labels)
    assert dataset.classes == usual.classes
    status, output = run(cases, "data", "check", name)
    assert status == 0
    assert told in output
    assert "warning" not in output


@pytest.mark.parametrize(("name", "form"), TESTS.items())
def test_each_answer_is_with_its_id(
    cases: Path, trained: Path, answers: list[str], name: str, form: tuple[str, range]
) -> None:
    header, ids = form
    status, output = run(cases, "predict", str(trained), "--test", name, "--out", "s.csv")
    assert status == 0
    assert f"columns {header}" in output
    rows = (cases / "s.csv").read_text().splitlines()
    (cases / "s.csv").unlink()
    assert rows[0] == header
    first = min(ids)
    assert rows[1:] == [f"{number},{answers[number - first]}" for number in ids]


@pytest.mark.parametrize("test", ["test_kannada.csv", "test.csv", "test_index.csv"])
def test_a_sample_submission_is_followed(
    cases: Path, trained: Path, answers: list[str], test: str
) -> None:
    options = ["--like", "sample_submission_kannada.csv", "--out", "s.csv"]
    assert run(cases, "predict", str(trained), "--test", test, *options)[0] == 0
    rows = (cases / "s.csv").read_text().splitlines()
    (cases / "s.csv").unlink()
    assert rows == ["id,label", *(f"{at},{answer}" for at, answer in enumerate(answers))]


@pytest.mark.parametrize(("name", "told"), REFUSED.items())
def test_what_cannot_be_read_is_named(cases: Path, name: str, told: str) -> None:
    for command in (["data", "check", name], ["fit", "config.yaml", "--set", f"data.train={name}"]):
        status, output = run(cases, *command)
        assert status == 1
        assert name in output
        assert told in output
        assert output.count("\n") == 1
    assert not (cases / "runs").exists()


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        case if case[0] == "train_labels_as_letters.csv" else slow(case)[0]
        for case in CLASSES.items()
    ],
)
def test_labels_of_any_kind_are_trained_and_written(
    cases: Path, name: str, classes: tuple[int, str, str]
) -> None:
    count, first, last = classes
    folder = f"run-{name}"
    command = ["fit", "config.yaml", "--set", f"data.train={name}", "--run", folder]
    status, output = run(cases, *command)
    assert status == 0
    assert f"{count} classes" in output
    names = load_config(cases / folder / "config.yaml").class_names
    assert (len(names), names[0], names[-1]) == (count, first, last)
    assert run(cases, "predict", folder, "--test", "test.csv", "--out", "s.csv")[0] == 0
    written = pd.read_csv(cases / "s.csv", dtype=str)["Label"]
    labels = read_csv(cases / name, labels="required").classes
    assert set(written) <= set(labels)
    assert run(cases, "evaluate", folder, "--data", name)[0] == 0
    assert run(cases, *command, "--resume")[0] == 0


@pytest.mark.parametrize(("name", "told"), DOUBTFUL.items())
def test_doubtful_pixels_are_a_warning(cases: Path, name: str, told: str) -> None:
    status, output = run(cases, "data", "check", name)
    assert status == 0
    assert f"warning: {name}: {told}" in output


def test_fractions_and_sixteenths_are_read_when_asked(
    cases: Path, usual: Dataset, trained: Path
) -> None:
    fractions = read_csv(cases / "train_zero_to_one.csv", pixel_range=(0, 1))
    np.testing.assert_array_equal(fractions.pixels, usual.pixels)
    inverted = read_csv(cases / "train_inverted.csv", pixel_range=(255, 0))
    np.testing.assert_array_equal(inverted.pixels, usual.pixels)
    eight = read_csv(cases / "eight_floats.csv", pixel_range=(0, 16))
    assert eight.greatest_pixel == 255
    options = ["--set", "data.train=train_zero_to_one.csv", "--set", "data.pixel_range=[0, 1]"]
    assert run(cases, "fit", "config.yaml", *options, "--run", "fractions")[0] == 0
    ours, theirs = (checkpoint.load(run / "last.npz") for run in (cases / "fractions", trained))
    np.testing.assert_array_equal(ours.parameters, theirs.parameters)


@pytest.mark.parametrize("name", ["eight_numbered_header.csv", "eight_label_last_no_header.csv"])
def test_small_pictures_keep_all_their_rows(cases: Path, usual: Dataset, name: str) -> None:
    dataset = read_csv(cases / name, labels="required")
    np.testing.assert_array_equal(dataset.labels, usual.labels)
    assert dataset.pixels.shape == (600, 64)
    theirs = read_csv(cases / "eight_floats.csv").pixels
    np.testing.assert_array_equal(dataset.pixels, theirs)


def test_arff_is_read(cases: Path, usual: Dataset) -> None:
    dataset = read_csv(cases / "mnist.arff", labels="required")
    np.testing.assert_array_equal(dataset.pixels, usual.pixels[:50])
    np.testing.assert_array_equal(dataset.labels, np.asarray(usual.labels)[:50])


def test_a_test_file_of_another_range_is_a_warning(cases: Path, trained: Path) -> None:
    options = ["--test", "test_black_and_white.csv", "--out", "s.csv"]
    status, output = run(cases, "predict", str(trained), *options)
    assert status == 0
    assert "its greatest pixel is 1, but that of the training rows was 255" in output


def test_a_held_out_part_without_classes_is_a_warning(cases: Path) -> None:
    options = ["--set", "data.train=train_sorted.csv", "--set", "data.validation=60"]
    status, output = run(cases, "fit", "config.yaml", *options, "--run", "sorted")
    assert status == 0
    assert "digits without a validation row: 0–8; validation: 0.1 holds out some" in output
    assert "classes without a validation row" in run(cases, "doctor", "sorted")[1]
    options = ["--set", "data.train=train_black_and_white.csv", "--run", "black"]
    assert run(cases, "fit", "config.yaml", *options)[0] == 0
    assert "unusual range of pixels" in run(cases, "doctor", "black")[1]


def test_validation_rows_that_are_training_rows_are_a_warning(cases: Path) -> None:
    told = "600 of 600 validation rows are also training rows"
    options = ["--set", "data.validation=train.csv"]
    status, output = run(cases, "fit", "config.yaml", *options, "--run", "same")
    assert status == 0
    assert told in output
    assert "validation rows that are training rows" in run(cases, "doctor", "same")[1]
    (cases / "copy.csv").write_bytes((cases / "train.csv").read_bytes())
    status, output = run(cases, "data", "check", "train.csv", "copy.csv")
    (cases / "copy.csv").unlink()
    assert "warning: copy.csv: 600 of 600 rows are also rows of train.csv" in output


def test_a_single_nine_stays_a_nine(cases: Path) -> None:
    dataset = read_csv(cases / "train_one_nine.csv", labels="required")
    assert dict(dataset.counts())["9"] == 1
