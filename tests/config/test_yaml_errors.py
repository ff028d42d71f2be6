"""Broken YAML: the line and the message of each mistake."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

import pytest

from tests.support.configs import config_error

OPEN = "the '[' of line 1 is not closed"
BACKSLASH = "a backslash in double quotes: YAML knows no"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data:\n  train: x\n \tseed: 1", "3: a tab where YAML wants spaces; indent with spaces"),
        ("seed 1\nloss: x", "1: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("seed:1\nloss: x", "1: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("loss: x\nseed 1\n", "2: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("data:\n  train x\n\n  seed: 1", "2: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("data: {train:x}", "1: data: a space is missing after the ':' of 'train:x'"),
        ("data:\n  train: C:\\x: y", "2: a second ': ' in one line; put the value in quotes"),
        ("seed: 1\n  loss: x", "2: a key is not allowed here; align it with the keys above"),
        ("data:\n    train: x\n  seed: 1", "3: indented unlike all lines above; align it with them"),
        ("network:\n  - a: 1\n - a: 2", "3: indented unlike all lines above; align it with them"),
        ("network:\n  - a: 1\n  b: 2", "3: a key among '- ' items; indent it like the key above them, or below its item"),
        ("data:\n  train: x\n  - y", "3: a '- ' among keys; indent it below the key that it belongs to"),
        ("network: - a", "1: '- ' on the line of its key; begin a new line with it"),
        ("network:\n  -{dense: 10}", "2: network: a space is missing after the '-' of '-{dense'"),
        ("network: [{a: 1}\nloss: x", f"2: a ',' or ']' is missing: {OPEN}"),
        ("network: [\n  {a: 1}\n  {a: 2}\n]", f"3: a ',' or ']' is missing: {OPEN}"),
        ("network: [{a: 1]", "1: a ',' or '}' is missing: the '{' of line 1 is not closed"),
        ("\nnetwork: [1,\n 2\n", "4: a ',' or ']' is missing: the '[' of line 2 is not closed"),
        ("data: {train: x\n", "2: a ',' or '}' is missing: the '{' of line 1 is not closed"),
        ("data: {", "1: the text ends within '[' or '{'; close it"),
        ("network: [1]]", "1: unexpected ']'; remove it or add what is missing before it"),
        ("a: 1\n}", "2: unexpected '}'; remove it or add what is missing before it"),
        ("network: [1,, 2]", "1: unexpected ','; remove it or add what is missing before it"),
        ("a: 1\nb: 'c\nd: 1", "2: a quote is not closed; close it"),
        ('a: "C:\\data"', f"1: {BACKSLASH} \\d; use single quotes, which keep it, or /"),
        ('a: "C:\\users\\x"', f"1: {BACKSLASH} \\u; use single quotes, which keep it, or /"),
        ('a: b\nc: "\\new\\xyz"', f"2: {BACKSLASH} \\x; use single quotes, which keep it, or /"),
        ("data: {train: ${HOME}/x.csv}", "1: '${' within braces or brackets; put the value in quotes"),
        ("data: [${HOME}/x.csv]", "1: '${' within braces or brackets; put the value in quotes"),
        ("network: [a #1.csv]\nb: 1", f"2: a ',' or ']' is missing: {OPEN}; if '#1.csv]' is no comment, put the value in quotes"),
        ("network: [\n a #1,\n b: c ]", f"3: a ',' or ']' is missing: {OPEN}; if '#1,' is no comment, put the value in quotes"),
        ("a: 'b' c", "1: text after a value that has ended; is a quote or a comma missing?"),
        ("a: @b", "1: a value cannot begin with '@'; put it in quotes"),
        ("a: &", "1: not valid YAML; put values that begin with one of @ ` % & * ! | > in quotes, and look for a missing quote, bracket, comma or colon"),
    ],
)  # fmt: skip
def test_broken_yaml_is_reported_with_its_line_and_a_hint(text: str, expected: str) -> None:
    assert config_error(text) == f"my.yaml:{expected}"
