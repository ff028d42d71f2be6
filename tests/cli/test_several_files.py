"""Training rows of several CSVs, in every command that reads them."""

# ruff: noqa: E501  # a message stands on one line

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nntrain.data.demo import demo_digits
from nntrain.data.kaggle import write_csv
from nntrain.training import checkpoint
from nntrain.training.run import RunFolder
from tests.support.cli import line_of_refusal, paused, refuse, run, succeed
from tests.support.tiny import TINY, fill, stripes

BOTH = "data.train=[data/train.csv,more.csv]"
EPOCHS = "training.epochs=2"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two CSVs, and runs/both and runs/whole, which were trained on the same rows."""
    folder = tmp_path_factory.mktemp("several")
    fill(folder)
    pixels, labels = stripes(60, seed=9)
    first = stripes(260)
    write_csv(folder / "more.csv", pixels, labels)
    every = [
        np.concatenate([old[:200], new]) for old, new in zip(first, (pixels, labels), strict=True)
    ]
    write_csv(folder / "whole.csv", *every)
    (folder / "tiny.yaml").write_text(
        TINY.replace("data/train.csv", "[data/train.csv, more.csv]").replace(
            "validation: 0.25", "validation: data/test_labelled.csv"
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = succeed("fit", "tiny.yaml", "--run", "runs/both")
        whole = ("--set", "data.train=whole.csv", "--run", "runs/whole")
        succeed("fit", "tiny.yaml", *whole)
    assert result.stderr.splitlines()[:4] == [
        "data/train.csv: 200 rows, digits 0–2, 4×4, label column 'label'",
        "more.csv: 60 rows, digits 0–2, 4×4, label column 'label'",
        "data/train.csv and more.csv: 260 rows in all",
        "data/test_labelled.csv: 60 rows, digits 0–2, 4×4, label column 'label'",
    ]
    return folder


@pytest.fixture
def place(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder to work in."""
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    monkeypatch.chdir(copy)
    return copy


def results(folder: str) -> list[object]:
    saved = checkpoint.load(Path(folder) / "best.npz")
    history = [record._replace(seconds=0) for record in RunFolder(Path(folder)).history()]
    return [saved.parameters.tolist(), history]


def test_a_list_trains_as_one_file_with_all_rows(place: Path) -> None:
    assert results("runs/both") == results("runs/whole")
    assert RunFolder(Path("runs/both")).config().data.train == ("data/train.csv", "more.csv")


def test_rows_are_held_out_of_the_first_file(place: Path) -> None:
    for held_out, count in (("0.25", 50), ("30", 30)):
        arguments = ("--set", f"data.validation={held_out}", "--set", EPOCHS)
        lines = succeed("fit", "tiny.yaml", *arguments, "--run", f"runs/{count}").stderr
        assert f"training on {260 - count} rows, validating on {count} of data/train.csv" in lines
        first = ("--set", "data.train=data/train.csv", "--run", f"runs/first-{count}")
        succeed("fit", "tiny.yaml", *arguments, *first)
        # The same held-out rows as without the other file.
        names = (str(count), f"first-{count}")
        answers = [
            json.loads(succeed("evaluate", f"runs/{name}", "--json").stdout) for name in names
        ]
        rows = [np.sum(answer["confusion"], axis=1).tolist() for answer in answers]
        assert rows[0] == rows[1]
        assert sum(rows[0]) == count


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_same_rows_only(place: Path) -> None:
    arguments = ("fit", "tiny.yaml", "--run", "runs/killed")
    with paused(place, "checkpoint", "save", *arguments, nth=5):
        pass  # it is killed before it saves a checkpoint
    text = Path("more.csv").read_text()
    Path("more.csv").write_text(text.replace("\n1,", "\n2,"))
    line = refuse(1, *arguments, "--resume")
    assert line.startswith(
        "data/train.csv and more.csv: not the rows that runs/killed was trained and validated on; "
        "name those with --set data.train=…"
    )
    for other in ("[more.csv,data/train.csv]", "data/train.csv", "[data/train.csv]"):
        assert "not the rows that" in refuse(
            1, *arguments, "--resume", "--set", f"data.train={other}"
        )
    Path("more.csv").write_text(text)
    shutil.copy("more.csv", "again.csv")
    moved = ("--set", "data.train=[data/train.csv,again.csv]")
    assert "going on after epoch" in succeed(*arguments, "--resume", *moved).stderr
    assert results("runs/killed") == results("runs/both")


def test_a_list_of_one_is_that_file(place: Path) -> None:
    one, few = ("--set", "data.train=[whole.csv]"), ("--set", EPOCHS)
    succeed("fit", "tiny.yaml", *one, *few, "--run", "runs/one")
    metas = [checkpoint.load(Path(f"runs/{name}/last.npz")).meta for name in ("one", "whole")]
    assert metas[0].data_digest == metas[1].data_digest
    succeed("fit", "tiny.yaml", *one, "--run", "runs/one", "--resume")
    assert results("runs/one") == results("runs/whole")


def test_other_commands_read_all_files(place: Path) -> None:
    distorted = ("--set", "data.distortion={shift: 1}")
    for command in (
        ("config", "check", "tiny.yaml"),
        ("inspect", "tiny.yaml"),
        ("gradcheck", "tiny.yaml"),
        ("trace", "tiny.yaml", "--row", "260"),
        ("trace", "runs/both", "--row", "260"),
        ("data", "preview", "tiny.yaml", *distorted),
        ("evaluate", "runs/both"),
        ("doctor", "runs/both"),
        ("runs",),
    ):
        result = succeed(*command)
        read = command[0] not in ("inspect", "evaluate", "doctor", "runs")
        assert ("more.csv: 60 rows" in result.stderr) >= read, command
    assert refuse(2, "trace", "tiny.yaml", "--row", "261").endswith(
        "data/train.csv and more.csv: has no row 261; its rows are 1 to 260"
    )
    difference = succeed("runs").stdout
    assert "data/train.csv, more.csv" in difference
    assert "whole.csv" in difference
    line = refuse(2, "trace", "tiny.yaml", "--npz", "more.csv", "--force")
    assert line.startswith("more.csv: is the same file as more.csv, which is read; name ")


def test_files_are_found_beside_the_configuration_packed_and_after_a_move(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    succeed("fit", "tiny.yaml", "--set", EPOCHS, "--run", "runs/here")
    Path("more.csv.gz").write_bytes(gzip.compress(Path("more.csv").read_bytes()))
    Path("more.csv").unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = succeed("fit", "../copy/tiny.yaml", "--set", EPOCHS)
    assert result.stderr.splitlines()[:2] == [
        f"data.train[0]: data/train.csv was not found here; {place}/data/train.csv beside "
        "../copy/tiny.yaml is taken",
        f"data.train[1]: more.csv was not found; {place}/more.csv.gz is taken",
    ]
    (place / "more.csv").write_bytes(gzip.decompress((place / "more.csv.gz").read_bytes()))
    place.rename(tmp_path / "moved")
    result = succeed("evaluate", "../moved/runs/here")
    files = [f"{tmp_path / 'moved'}/{name}" for name in ("data/train.csv", "more.csv")]
    labelled = f"{tmp_path / 'moved'}/data/test_labelled.csv"
    assert f"reading {' and '.join([*files, labelled])}\n" in result.stderr


@pytest.mark.parametrize(
    ("status", "files", "message"),
    [
        (2, "[]", "data.train: must be a list of at least 1 item, not []"),
        (2, "[more.csv,more.csv]", "data.train: more.csv stands twice in the list; name it once"),
        (1, "[more.csv,./more.csv]", "./more.csv: is the same file as more.csv; name it once in data.train"),
        (1, "[link.csv,more.csv]", "more.csv: is the same file as link.csv; name it once in data.train"),
        (1, "[more.csv,mroe.csv]", "mroe.csv: no such file; did you mean 'more.csv'?"),
        (1, "[more.csv,small.csv]", "small.csv: 4 pixels a row, but more.csv has 16; both must show the same pictures"),
        (1, "[more.csv,data/test.csv]", "data/test.csv: has no label column"),
    ],
)  # fmt: skip
def test_an_invalid_list_is_one_line(place: Path, status: int, files: str, message: str) -> None:
    Path("link.csv").symlink_to("more.csv")
    write_csv("small.csv", np.zeros((3, 4), np.uint8), [0, 1, 2])
    line = line_of_refusal(status, "fit", "tiny.yaml", "--set", f"data.train={files}")
    assert message in line


def test_rows_that_stand_twice_are_told_and_those_that_are_validated(place: Path) -> None:
    shutil.copy("more.csv", "same.csv")
    (place / "tiny.yaml").write_text(TINY.replace("data/train.csv", "[more.csv, same.csv]"))
    told = run("config", "check", "tiny.yaml").stderr
    assert (
        "warning: same.csv: 60 of 60 rows stand in more.csv, too, with the same label; leave them "
        "out, or they count twice\n"
    ) in told
    assert "more.csv and same.csv: 15 of 15 validation rows are also training rows" in told


def test_one_file_of_another_range_or_inverted_is_told(folder: Path) -> None:
    pixels, labels = demo_digits(200, seed=0)
    write_csv("one.csv", pixels, labels)
    write_csv("low.csv", pixels[:100] // 16, labels[:100])
    write_csv("white.csv", 255 - pixels[:100], labels[:100])
    tiny = TINY.replace("classes: 3", "classes: 10").replace("dense: 3", "dense: 10")
    Path("tiny.yaml").write_text(tiny.replace("data/train.csv", "[one.csv, low.csv, white.csv]"))
    told = run("config", "check", "tiny.yaml").stderr
    assert "low.csv: its greatest pixel is 15, but that of the training rows was 255" in told
    assert "white.csv: its pictures look inverted" in told
    assert "one.csv and 2 other files: 400 rows in all\n" in told
