"""Command lines that messages show can be pasted."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.shell import command_line
from tests.support.examples import examples

printable_words = st.text(st.characters().filter(str.isprintable), max_size=20) | st.sampled_from(
    ["a b", "it's", "$HOME", "`ls`", "naïve 数字.yaml", "-x", "~", "*", "a\\b", "#1", '"', "!!"]
)
# Without the NUL, which no argument can have; bytes of names that are not UTF-8 are surrogates.
any_words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),
    max_size=20,
)


@examples(50)
@given(st.lists(printable_words))
def test_a_command_line_is_split_into_the_words_it_was_made_of(words: list[str]) -> None:
    assert shlex.split(command_line("nntrain", *words)) == ["nntrain", *words]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@examples(50)
@given(st.lists(any_words, min_size=1))
def test_a_shell_passes_the_words_whatever_characters_they_have(words: list[str]) -> None:
    line = command_line("printf", r"%s\0", *words)
    assert line.isprintable()
    passed = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert passed == b"".join(os.fsencode(word) + b"\0" for word in words)


@examples(50)
@given(printable_words.filter(bool))
def test_a_path_is_never_taken_for_an_option(name: str) -> None:
    (word,) = shlex.split(command_line(Path(name)))
    assert not word.startswith("-")
    assert Path(word) == Path(name)


def test_on_windows_words_are_quoted_for_its_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        line = command_line("nntrain", "runs", "my runs")
    assert line == 'nntrain runs "my runs"'
