"""What a file says comes to the terminal as text, and errors to a notebook as one line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nntrain
from nntrain.errors import ConfigError, DataError, NNTrainError


def test_escape_sequences_are_shown_and_not_obeyed() -> None:
    assert str(DataError("a.csv: '\x1b]0;owned\x07' is no digit")) == (
        r"a.csv: '\x1b]0;owned\x07' is no digit"
    )
    assert str(DataError("\ufeffσ\u202e\r\n–")) == "\\ufeffσ\\u202e\\r\\n–"


@given(st.lists(st.text(), min_size=1))
def test_lines_stay_lines_of_printable_text(given: list[str]) -> None:
    lines = str(DataError(*given)).split("\n")
    assert len(lines) == len(given)
    assert all(line.isprintable() for line in lines)


def shown_by_ipython(error: NNTrainError) -> list[str]:
    """The lines below a cell: what `InteractiveShell.showtraceback` asks an exception for."""
    return error._render_traceback_()


def test_a_notebook_shows_one_line_for_each_problem(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        nntrain.fit("tiny.yaml", overrides={"training.epoch": 3})
    line = (
        "ConfigError: --set training.epoch=3: training: unknown key 'epoch'; did you mean 'epochs'?"
    )
    assert shown_by_ipython(caught.value) == [line]
    assert shown_by_ipython(DataError("a: b; c", "d: e\x1b; f")) == [
        "DataError: a: b; c",
        r"d: e\x1b; f",
    ]


def test_ipython_shows_nothing_else(folder: Path) -> None:
    shells = pytest.importorskip("IPython.core.interactiveshell")
    capture = pytest.importorskip("IPython.utils.capture").capture_output
    shell = shells.InteractiveShell()
    with capture() as shown:
        shell.run_cell("import nntrain\nnntrain.fit('tinny.yaml')")
    assert shown.stdout + shown.stderr == (
        "ConfigError: tinny.yaml: no such file; did you mean 'tiny.yaml'?\n"
    )
