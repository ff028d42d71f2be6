"""The functions of a notebook, held against the commands."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import nntrain
from nntrain.config import parse_config
from nntrain.errors import ConfigError, DataError, RunError
from nntrain.notebook import session
from nntrain.training import checkpoint
from nntrain.training.progress import Progress
from nntrain.training.reporter import Reporter
from tests.support.cli import succeed
from tests.support.tiny import TINY, stripes

VALUES = YAML(typ="safe").load(TINY)
PIXELS, LABELS = stripes(260)


def weights(name: str) -> bytes:
    return checkpoint.load(Path("runs", name, "best.npz")).parameters.tobytes()


def test_nothing_is_imported_before_it_is_used() -> None:
    program = (
        "import sys; before = set(sys.modules); import nntrain; "
        "print(sorted(set(sys.modules) - before)); assert 'fit' in dir(nntrain)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "['nntrain', 'nntrain.version']\n", done.stderr
    assert set(nntrain.__all__) <= set(dir(nntrain))
    with pytest.raises(AttributeError, match="module 'nntrain' has no attribute 'fti'"):
        nntrain.fti  # noqa: B018


def test_a_file_its_text_its_values_and_the_command_train_the_same_network(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/command")
    runs = [
        nntrain.fit("tiny.yaml"),
        nntrain.fit(Path("tiny.yaml"), run="runs/mine"),
        nntrain.fit(TINY),
        nntrain.fit(VALUES),
        nntrain.fit(parse_config(TINY, "tiny.yaml")),
    ]
    names = ["tiny", "mine", "notebook", "notebook-2", "notebook-3"]
    assert [run.folder for run in runs] == [Path("runs", name) for name in names]
    assert {weights(name) for name in names} == {weights("command")}


def test_overrides_are_those_of_set(folder: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/command", "--set", "training.epochs=2",
            "--set", "training.optimizer={name: sgd, learning_rate: 0.00001}")  # fmt: skip
    overrides: dict[str, Any] = {
        "training.epochs": np.int64(2),
        "training.optimizer": {"name": "sgd", "learning_rate": 1e-5},
        "data.train": Path("data/train.csv"),
    }
    assert len(nntrain.fit("tiny.yaml", overrides=overrides).history) == 2
    nntrain.fit(VALUES, overrides=overrides)
    assert weights("tiny") == weights("notebook") == weights("command")


def test_arrays_take_the_place_of_the_csv(folder: Path) -> None:
    nntrain.fit("tiny.yaml")
    frame = pd.DataFrame(PIXELS[:200])
    run = nntrain.fit("tiny.yaml", frame, pd.Series(LABELS[:200]), run="runs/arrays")
    assert weights("arrays") == weights("tiny")
    assert run.evaluate().rows == 50
    assert run.evaluate().accuracy == nntrain.load("tiny").evaluate().accuracy
    with pytest.raises(DataError, match=r"arrays given to nntrain\.fit: no such file"):
        nntrain.load("arrays").evaluate()
    more = {"training.epochs": 5}
    resumed = nntrain.fit("tiny.yaml", frame, LABELS[:200], run="runs/arrays", resume=True,
                          overrides=more)  # fmt: skip
    assert len(resumed.history) == 5


def test_paths_are_those_of_the_commands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    few = {"training.epochs": 1}
    assert nntrain.fit("~/tiny.yaml", run="~/runs/a", overrides=few).folder == folder / "runs/a"
    run = nntrain.load("$HOME/runs/a")
    assert run.config.data.train == str(folder / "data/train.csv")
    assert len(run.predict("~/data/test.csv")) == run.evaluate("~/data/test_labelled.csv").rows
    values = {**VALUES, "data": {"train": "$HOME/data/train.csv", "classes": 3}}
    nntrain.fit(values, overrides=few | {"data.validation": "~/data/test_labelled.csv"})
    with pytest.raises(DataError, match=r"data\.train: .*no such file; .NOWHERE is not set"):
        nntrain.fit({**VALUES, "data": {"train": "$NOWHERE/data/train.csv", "classes": 3}})
    for url in ("https://example.org/x.csv", "s3://bucket/x.csv"):
        with pytest.raises(ConfigError, match="a URL, but nntrain reads files; fetch it first: "):
            run.predict(url)


def test_answers_are_those_of_the_commands(folder: Path) -> None:
    run = nntrain.fit("tiny.yaml")
    succeed("predict", "--probabilities", "--out", "p.csv")
    table = pd.read_csv("p.csv")[["0", "1", "2"]].to_numpy()
    for rows in ("data/test.csv", Path("data/test_labelled.csv"), PIXELS[200:], PIXELS[200:] / 1.0):
        np.testing.assert_allclose(run.predict_proba(rows), table, atol=1e-8)
        np.testing.assert_array_equal(run.predict(rows), table.argmax(axis=1))
    command = json.loads(succeed("evaluate", "--data", "data/test_labelled.csv", "--json").stdout)
    assert run.evaluate("data/test_labelled.csv").as_dict() == command
    evaluation = run.evaluate(PIXELS[200:], LABELS[200:])
    assert evaluation.as_dict() == command
    printed = succeed("evaluate", "--data", "data/test_labelled.csv").stdout
    assert f"{evaluation!r}\n" == printed
    assert run.evaluate().as_dict() == json.loads(succeed("evaluate", "--json").stdout)


def test_a_run_is_found_by_its_name_and_by_its_folder(folder: Path) -> None:
    nntrain.fit("tiny.yaml")
    Path("elsewhere").mkdir()
    Path("runs/tiny").rename("elsewhere/tiny")
    nntrain.fit("tiny.yaml", overrides={"seed": 8})
    assert nntrain.load("tiny").folder == Path("runs/tiny")
    assert nntrain.load("runs/tiny").config.seed == 8
    assert nntrain.load(Path("elsewhere/tiny")).config.seed == 3
    with pytest.raises(RunError, match="no such folder"):
        nntrain.load("tinny")


def test_a_committee_is_a_run_too(folder: Path) -> None:
    run = nntrain.fit("tiny.yaml", PIXELS[:200], LABELS[:200], overrides={"members": 2})
    assert [record.epoch for record in run.history] == [1, 2, 3, 4, 1, 2, 3, 4]
    assert repr(run).count("of the validation rows right after epoch") == 2
    single = [nntrain.load(f"tiny/member-{number}").predict_proba(PIXELS) for number in (1, 2)]
    np.testing.assert_allclose(run.predict_proba(PIXELS), np.mean(single, axis=0))
    assert run.evaluate().rows == 50


def test_no_rows_held_out_leave_nothing_to_evaluate(folder: Path) -> None:
    none = {"data.validation": 0}
    run = nntrain.fit("tiny.yaml", PIXELS, LABELS, overrides=none)
    with pytest.raises(RunError, match="runs/tiny: held no rows out; give X and y"):
        run.evaluate()


@pytest.mark.parametrize(
    ("arguments", "keywords", "kind", "line"),
    [
        (({**VALUES, "loss": "mse"},), {}, ConfigError,
         "config: loss: unknown loss 'mse'; its name here is 'squared_error'"),
        ((TINY.replace("sigmoid", "sigmod"),), {}, ConfigError,
         "config:5: network[0].activation: unknown activation 'sigmod'; did you mean 'sigmoid'?"),
        (("tinny.yaml",), {}, ConfigError, "tinny.yaml: no such file; did you mean 'tiny.yaml'?"),
        ((None,), {}, ConfigError,
         "config: must be a mapping of keys such as 'data' and 'network', not null"),
        (("tiny.yaml",), {"overrides": {"seed": 0.5}}, ConfigError,
         "--set seed=0.5: seed: must be a whole number, not 0.5"),
        (("tiny.yaml", PIXELS), {}, DataError,
         "X and y: one is missing; give rows and their digits, or neither"),
        (("tiny.yaml", PIXELS, np.zeros(260)), {}, DataError,
         "X: all labels are 0; give a file with at least two different digits"),
        (("tiny.yaml",), {"run": "data"}, RunError,
         "data: exists already; name another folder with --run, or continue it with --resume"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_leave_no_run(
    folder: Path, arguments: Any, keywords: Any, kind: type[Exception], line: str
) -> None:
    with pytest.raises(kind) as caught:
        nntrain.fit(*arguments, **keywords)
    assert str(caught.value) == line
    assert isinstance(caught.value, nntrain.NNTrainError)
    assert not Path("runs").exists()


def test_rows_without_digits_cannot_be_evaluated(folder: Path) -> None:
    run = nntrain.fit("tiny.yaml")
    with pytest.raises(DataError, match="y: missing; give the digits of X's rows"):
        run.evaluate(PIXELS)
    with pytest.raises(DataError, match="X: 9 pixels a row, but runs/tiny was trained on 16"):
        run.predict(PIXELS[:, :9])


def test_an_interrupted_cell_is_saved_and_gone_on_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(Reporter):
        def on_batch_end(self, progress: Progress) -> None:
            if progress.epoch == 1:
                os.kill(os.getpid(), signal.SIGINT)

    nntrain.fit("tiny.yaml", run="runs/whole")
    with monkeypatch.context() as patch:
        patch.setattr(session, "suitable_reporter", Impatient)
        with pytest.raises(KeyboardInterrupt):
            nntrain.fit("tiny.yaml")
    assert len(nntrain.load("tiny").history) == 1
    assert len(nntrain.fit("tiny.yaml", resume=True).history) == 4
    assert weights("tiny") == weights("whole")


def test_a_run_begins_with_the_weights_of_another(folder: Path) -> None:
    old = nntrain.fit(VALUES, PIXELS[:200], LABELS[:200])
    larger = {"training.optimizer.learning_rate": 0.1}
    succeed(
        *("fit", "tiny.yaml", "--set", "training.optimizer.learning_rate=0.1"),
        "--init",
        "runs/notebook",
    )
    for init in (old, "notebook", old.folder):
        new = nntrain.fit(TINY, overrides=larger, init=init)
        assert weights(new.folder.name) == weights("tiny")
    with pytest.raises(ConfigError, match="leave out resume to begin, or init to continue"):
        nntrain.fit(TINY, run=new.folder, resume=True, init=old)
    with pytest.raises(
        ConfigError, match=r"run and resume, with its weights by init='runs/notebook'"
    ):
        nntrain.fit(TINY, run=old.folder, resume=True, overrides=larger)
    with pytest.raises(DataError, match=r"without run and resume, with its weights by init="):
        nntrain.fit(VALUES, PIXELS, LABELS, run=old.folder, resume=True)
    other = {"network[0].dense": 9}
    with pytest.raises(ConfigError, match=r"by the same call without run and resume$"):
        nntrain.fit(TINY, run=old.folder, resume=True, overrides=other)


def test_the_call_after_an_early_stop_continues_the_training(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    early = {"training.optimizer.learning_rate": 1e-9, "training.patience": 1}
    nntrain.fit(TINY, overrides=early)
    said = re.search("raise training.patience: the same call with (.*)\n", capsys.readouterr().err)
    assert said
    again = eval(f"nntrain.fit(TINY, {said[1]})")
    assert len(again.history) == 3


def test_a_run_shows_its_curves_or_a_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("runs/<b>").mkdir(parents=True)
    run = nntrain.fit("tiny.yaml", run="runs/<b>/1")
    pytest.importorskip("matplotlib")
    shown = run._repr_html_()
    assert shown.startswith("<pre>runs/&lt;b&gt;/1: ")
    assert "<svg" in shown
    assert "<b>" not in shown
    monkeypatch.delitem(sys.modules, "nntrain.report.charts")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    shown = run._repr_html_()
    assert "<svg" not in shown
    assert "<b>" not in shown
    assert shown.count("<tr>") == 5
    assert f"<td>{run.history[-1].val_accuracy:.2%}</td>" in shown


def test_a_committee_shows_the_curves_of_its_members(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    shown = nntrain.fit("tiny.yaml", overrides={"members": 2, "training.epochs": 1})._repr_html_()
    assert shown.count("<svg") == 5
    for text in ("Training loss", "Validation accuracy", "Learning rate", "member-2"):
        assert f">{text}</text>" in shown
    assert "--series-1: #ff7f0e;" in shown


def test_a_run_without_validation_or_without_an_epoch_is_shown(folder: Path) -> None:
    shown = nntrain.fit("tiny.yaml", overrides={"data.validation": 0})._repr_html_()
    assert "of the training rows right" in shown
    nntrain.fit("tiny.yaml", overrides={"training.epochs": 1}, run="grown")
    grown = Path("grown/config.yaml")
    grown.write_text(grown.read_text().replace("epochs: 1", "epochs: 3"))
    assert repr(nntrain.load("grown")).endswith("(of 1 finished, of 3 planned)")
    Path("begun").mkdir()
    Path("begun/config.yaml").write_text(TINY)
    assert nntrain.load("begun")._repr_html_() == "<pre>begun: no epoch is finished yet</pre>"
