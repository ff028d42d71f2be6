"""Progress of a training in a notebook."""

import sys
from pathlib import Path

import pytest
import tqdm.auto
import tqdm.notebook

import nntrain
from nntrain.notebook.reporter import NotebookReporter, suitable_reporter


def test_in_a_notebook_lines_go_to_the_cells_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nntrain.fit("tiny.yaml")
    assert "epoch 4/4" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    nntrain.fit("tiny.yaml")
    told = capsys.readouterr()
    assert "epoch 4/4" in told.out
    assert told.err == ""


@pytest.mark.parametrize("widgets", [True, False])
def test_the_bar_is_a_widget_where_there_are_widgets(
    monkeypatch: pytest.MonkeyPatch, widgets: bool
) -> None:
    class Widget(tqdm.auto.tqdm):  # type: ignore[type-arg]
        pass

    if widgets:
        monkeypatch.setattr(tqdm.auto, "tqdm", Widget)
        monkeypatch.setattr(tqdm.notebook, "tqdm", Widget)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    reporter = suitable_reporter()
    assert isinstance(reporter, NotebookReporter)
    bar = reporter.create_bar(epochs=1, total=3)
    assert isinstance(bar, Widget) == widgets
    assert bar.disable == (not widgets), "the output is no terminal"
    bar.close()
