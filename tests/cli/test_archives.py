"""Kaggle's own archive of a competition: fit, predict and the others read the files in it."""

import zipfile
from pathlib import Path

import pytest

from nntrain.training.run import RunFolder
from tests.support.cli import refuse, run, succeed
from tests.support.tiny import TINY, fill

FEW = ("--set", "training.epochs=1")
ZIP = "digit-recognizer.zip"


@pytest.fixture(scope="module")
def kaggle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the archive, and a run that was trained with it."""
    folder = tmp_path_factory.mktemp("kaggle")
    fill(folder)
    answers = "ImageId,Label\n" + "".join(f"{number},0\n" for number in range(1, 61))
    with zipfile.ZipFile(folder / ZIP, "w") as archive:
        archive.writestr("sample_submission.csv", answers)
        for name in ("test.csv", "train.csv"):
            archive.write(folder / "data" / name, name)
    for name in ("train.csv", "test.csv"):
        (folder / "data" / name).rename(folder / f"plain_{name}")
    (folder / "tiny.yaml").write_text(TINY.replace("data/train.csv", ZIP))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = succeed("fit", "tiny.yaml", *FEW)
        succeed("predict", "--test", "plain_test.csv", "--out", "plain.csv")
    said = f"data.train: {ZIP} holds several files; {ZIP}/train.csv is taken\n"
    assert result.stderr.startswith(f"{said}{ZIP}/train.csv: 200 rows, digits 0–2, 4×4,")
    return folder


@pytest.fixture(autouse=True)
def inside(kaggle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kaggle)


def test_fit_and_resume_read_the_training_rows_of_the_archive() -> None:
    run = RunFolder(Path("runs/tiny"))
    assert run.config().data.train == f"{ZIP}/train.csv"
    arguments = ("--run", "runs/plain", "--set", "data.train=plain_train.csv")
    succeed("fit", "tiny.yaml", *FEW, *arguments)
    with_plain = RunFolder(Path("runs/plain"))
    assert run.history()[0].val_loss == with_plain.history()[0].val_loss
    succeed("fit", "tiny.yaml", "--run", "runs/plain", "--resume", "--set", "training.epochs=2")
    succeed("fit", "tiny.yaml", *FEW, "--run", "runs/tiny", "--resume")
    assert succeed("evaluate", "runs/tiny").stdout
    assert "16-8-3" in succeed("inspect", "tiny.yaml").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--test", ZIP), f"{ZIP} holds several files; {ZIP}/test.csv is taken"),
        ((), f"data/test.csv was not found; {ZIP}/test.csv beside the training rows is taken"),
        (
            ("--test", "plain_test.csv", "--like", ZIP),
            f"{ZIP} holds several files; {ZIP}/sample_submission.csv is taken",
        ),
    ],
)
def test_predict_reads_the_test_rows_of_the_archive(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    out = tmp_path / "answers.csv"
    result = succeed("predict", "runs/tiny", *arguments, "--out", str(out))
    assert said in result.stderr.splitlines()
    assert out.read_bytes() == Path("plain.csv").read_bytes()


def test_an_archive_in_the_folder_of_the_csv_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kaggle: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    (Path("data") / ZIP).write_bytes((kaggle / ZIP).read_bytes())
    Path("tiny.yaml").write_text(TINY)
    for command in ("fit", "inspect", "trace"):
        result = succeed(command, "tiny.yaml", *FEW)
        said = f"data.train: data/train.csv was not found; data/{ZIP}/train.csv is taken"
        assert result.stderr.splitlines()[0] == said
        assert "assuming" not in result.stderr
    result = succeed("predict")
    said = f"data/test.csv was not found; data/{ZIP}/test.csv is taken"
    assert result.stderr.splitlines()[0] == said
    assert Path("submission.csv").read_bytes() == (kaggle / "plain.csv").read_bytes()
    (Path("data") / "other.zip").write_bytes((kaggle / ZIP).read_bytes())
    named = f"data/{ZIP}/train.csv and data/other.zip/train.csv"
    assert refuse(1, "fit", "tiny.yaml") == (
        f"data/train.csv: no such file; it is in {named}; name one of them"
    )


def test_other_commands_list_what_is_in_the_archive() -> None:
    listed = "a .zip of 3 files, sample_submission.csv, test.csv, train.csv; name one, such as"
    line = f"{ZIP}: {listed} {ZIP}/sample_submission.csv"
    assert refuse(1, "evaluate", "--data", ZIP) == line
    assert run("data", "check", ZIP).stderr == f"{line}\n"
    succeed("data", "check", f"{ZIP}/test.csv", f"{ZIP}/train.csv")
    assert refuse(1, "fit", "tiny.yaml", "--set", f"data.train={ZIP}/tain.csv").endswith(
        f"{ZIP}/tain.csv: is not in the .zip of sample_submission.csv, test.csv, train.csv; "
        "name one of its files"
    )
