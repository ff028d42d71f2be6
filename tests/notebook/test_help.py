"""What `help()` shows of the public names."""

import inspect
import pydoc
import re
import sys
from typing import Any

import pytest

import nntrain

PUBLIC = [name for name in nntrain.__all__ if not name.startswith("__")]


def signatures(value: Any) -> list[inspect.Signature]:
    """Those of a function, or of a class and its public methods."""
    functions = [value]
    if inspect.isclass(value):
        members = inspect.getmembers(value, inspect.isfunction)
        functions += [function for name, function in members if not name.startswith("_")]
    return [inspect.signature(function) for function in functions]


@pytest.mark.parametrize("name", PUBLIC)
def test_types_are_short(name: str) -> None:
    for signature in signatures(getattr(nntrain, name)):
        for part in (*signature.parameters.values(), signature.return_annotation):
            assert len(str(part)) <= 60, part
    shown = pydoc.plain(pydoc.render_doc(getattr(nntrain, name)))
    assert not re.search(r"numpy\._typing|Union\[|collections\.abc|ndarray\[", shown)


@pytest.mark.parametrize("name", PUBLIC)
def test_no_line_is_long(name: str) -> None:
    shown = pydoc.plain(pydoc.render_doc(getattr(nntrain, name)))
    lines = [line for line in shown.splitlines() if len(line) > 104]
    if sys.version_info < (3, 13):  # a signature is one line, whatever its length
        lines = [line for line in lines if not re.match(r"[ |]*\w+\(.*\) -> ", line)]
    assert lines == []


def test_the_package_names_what_it_has() -> None:
    assert sorted(PUBLIC) == ["NNClassifier", "NNTrainError", "Run", "fit", "inspect", "load"]
    assert nntrain.__doc__ is not None
    for name in PUBLIC:
        assert getattr(nntrain, name).__doc__
        assert re.search(rf"\bnntrain\.{name}\(|`{name}`|\b{name.lower()}\.\w+\(", nntrain.__doc__)
