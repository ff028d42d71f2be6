"""The networks of papers: table and configurations agree, and what is interrupted is resumed."""

import json
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from nntrain.config import load_config
from nntrain.config.schema import (
    ConvConfig,
    DenseConfig,
    LayerConfig,
    MaxPoolConfig,
    MeanPoolConfig,
)
from nntrain.data.kaggle import write_csv
from nntrain.training.run import RunFolder
from tests.support.scripts import load_script
from tests.support.tiny import CONFIG, stripes

SCRIPT = load_script("papers")
NAMES = [row.name for row in SCRIPT.ROWS]


def test_every_row_has_a_configuration_and_every_configuration_a_row() -> None:
    assert sorted(NAMES) == sorted(path.stem for path in SCRIPT.CONFIGS.iterdir())


def test_rows_are_in_the_order_of_their_years() -> None:
    years = [int(row.paper[-4:]) for row in SCRIPT.ROWS]
    assert years == sorted(years)


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_is_what_its_row_says(name: str) -> None:
    row = SCRIPT.ROWS[NAMES.index(name)]
    config = load_config(row.config)
    assert config.data.validation == 10_000
    widths = [_width(layer) for layer in config.network]
    pictures = any(not isinstance(layer, DenseConfig) for layer in config.network)
    assert row.network == "-".join(widths if pictures else ["784", *widths])
    assert row.members == config.model_dump()["members"]


def _width(layer: LayerConfig) -> str:
    match layer:
        case ConvConfig():
            return f"{layer.conv}C{layer.kernel}"
        case MaxPoolConfig():
            return f"P{layer.max_pool}"
        case MeanPoolConfig():
            return f"P{layer.mean_pool}"
    return str(layer.dense)


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_cites_the_published_error(name: str) -> None:
    row = SCRIPT.ROWS[NAMES.index(name)]
    head = row.config.read_text(encoding="utf-8").split("\nseed:")[0]
    assert f"{row.published:g} % " in head
    assert row.paper[-4:] in head


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with two tiny rows: `slow` would take for ever."""
    monkeypatch.chdir(tmp_path)
    pixels, labels = stripes(260)
    write_csv("train.csv", pixels[:200], labels[:200])
    write_csv("test.csv", pixels[200:], labels[200:])
    Path("configs").mkdir()
    for name, epochs in (("quick", 2), ("slow", 1_000_000)):
        text = CONFIG.format(train="nowhere.csv").replace("epochs: 4", f"epochs: {epochs}")
        Path("configs", f"{name}.yaml").write_text(text)
    module = load_script("papers")
    monkeypatch.setattr(module, "CONFIGS", Path("configs"))
    monkeypatch.setattr(module, "PAGE", Path("docs/papers.md"))
    monkeypatch.setattr(module, "RESULTS", Path("papers.json"))
    monkeypatch.setattr(module, "TRAIN_ROWS", 200)
    monkeypatch.setattr(module, "TEST_ROWS", 60)
    row = module.Row("slow", "Nobody 1999", "16-8-3", "slow", 2.5, 20)
    quick = row._replace(name="quick", paper="Nobody 2001", recipe="quick", minutes=10)
    monkeypatch.setattr(module, "ROWS", (row, quick))
    return module


def until_epochs(run: RunFolder, epochs: int) -> Callable[[], float]:
    """A clock on which time is up when a run has finished so many epochs."""
    patience = time.monotonic() + 60

    def clock() -> float:
        up = len(run.history()) >= epochs or time.monotonic() > patience
        return math.inf if up else 0.0

    return clock


def table(script: ModuleType, *options: str) -> list[list[str]]:
    """Run the script; the cells of the table it has written, without the headings."""
    options = ("--hours", "1", "--train", "train.csv", *options)
    result = CliRunner().invoke(script.main, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    lines = [line for line in script.PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.slow
def test_what_was_interrupted_is_resumed(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(Path("runs/papers/slow"))
    monkeypatch.setattr(script, "monotonic", until_epochs(run, 3))
    slow, quick = table(script, "--test", "test.csv")
    before = run.history()
    assert slow[:4] == ["Nobody 1999", "16-8-3", "[slow](../configs/papers/slow.yaml)", "2.5"]
    assert slow[4:7] == ["begun", "", f"{len(before):,} of 1,000,000"]
    last = RunFolder(Path("runs/papers/quick")).history()[-1]
    assert quick[4].startswith(f"{100 * (1 - last.val_accuracy):.2f} (")
    assert 0 <= float(quick[5]) < 100
    assert quick[6:] == ["2 of 2", "0 min"]

    monkeypatch.setattr(script, "monotonic", until_epochs(run, len(before) + 3))
    slow, again = table(script)
    after = run.history()
    assert len(after) > len(before)
    assert after[: len(before)] == before
    assert slow[6] == f"{len(after):,} of 1,000,000"
    assert again == quick, "a test error is kept"


def test_results_outlast_the_folders_of_their_runs_and_are_not_trained_again(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "ROWS", script.ROWS[1:])
    (quick,) = table(script)
    shutil.rmtree("runs")
    assert table(script) == [quick]
    assert not Path("runs").exists()


def test_a_far_error_has_its_reason(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    far, near, other = (
        script.ROWS[0]._replace(name=name, published=published, recipe=name, why=why)
        for name, published, why in (("far", 9, "so"), ("near", 2.7, ""), ("other", 1.5, ""))
    )
    monkeypatch.setattr(script, "ROWS", (far, near, other))
    result = {"last": 2.4, "best": 2.4, "test": None, "epochs": 1, "seconds": 60}
    Path("papers.json").write_text(json.dumps(dict.fromkeys(("far", "near", "other"), result)))
    table(script, "--hours", "0")
    _, _, reasons = script.PAGE.read_text("utf-8").partition("from the published error:\n\n")
    assert reasons.splitlines() == ["- 16-8-3, far: so.", "- 16-8-3, other: not explained."]


def test_without_time_only_the_page_is_written(script: ModuleType) -> None:
    slow, quick = table(script, "--hours", "0")
    assert slow[4:] == quick[4:] == ["not run yet", "", "", ""]
    assert not Path("runs").exists()


@pytest.mark.slow
def test_what_cannot_be_trained_does_not_keep_the_others_back(script: ModuleType) -> None:
    Path("configs/slow.yaml").write_text(CONFIG.format(train="nowhere.csv"))
    Path("configs/quick.yaml").write_text("nonsense")
    result = CliRunner().invoke(script.main, ["--hours", "1", "--train", "train.csv"])
    assert result.exit_code == 1
    assert "quick: could not be trained (status 2)" in result.output
    assert "4 of 4" in script.PAGE.read_text("utf-8")


def test_other_digits_than_mnist_are_refused(script: ModuleType) -> None:
    for name, sentence in (
        ("test.csv", "test.csv: 60 rows, but MNIST has 200;"),
        ("none.csv", "none.csv: "),
    ):
        result = CliRunner().invoke(script.main, ["--hours", "1", "--train", name])
        assert result.exit_code == 1
        assert sentence in result.output
    assert not Path("runs").exists()
    assert not script.PAGE.exists()


@pytest.mark.slow
def test_a_row_that_cannot_be_evaluated_does_not_stop_the_others(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(Path("runs/papers/slow"))
    monkeypatch.setattr(script, "monotonic", until_epochs(run, 1))
    table(script)
    Path("runs/papers/quick/best.npz").write_bytes(b"damaged")
    slow, quick = table(script, "--test", "test.csv")
    assert quick[4] == "cannot be evaluated"
    assert slow[4] == "begun"


def test_a_test_csv_that_is_not_mnists_is_refused(script: ModuleType) -> None:
    result = CliRunner().invoke(script.main, ["--hours", "0", "--test", "train.csv"])
    assert result.exit_code == 1
    assert "train.csv: 200 rows, but MNIST has 60; fetch it with" in result.output
