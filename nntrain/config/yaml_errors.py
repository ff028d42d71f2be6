"""Messages for the YAML parser's errors, and for values that it reads otherwise than meant."""

import re
from collections.abc import Sequence

from ruamel.yaml.error import MarkedYAMLError

MAX_DEPTH = 20

_NO_COLON = "no ': ' after the key; write 'key: value', with a space after the colon"
_MESSAGES = {  # by a pattern in "context: problem" of the parser's error
    r"character '\\t'": "a tab where YAML wants spaces; indent with spaces",
    "expected ':'": _NO_COLON,
    "escape": "a backslash in double quotes: YAML knows no {escape}; use single quotes, which keep "
    "it, or /",
    "quoted scalar": "a quote is not closed; close it",
    "sequence: expected ',' or": "a ',' or ']' is missing: the '[' of line {start} is not closed",
    "mapping: expected ',' or": "a ',' or '}}' is missing: the '{{' of line {start} is not closed",
    "found '<stream end>'": "the text ends within '[' or '{{'; close it",
    r"found '([],}])'": "unexpected '{0}'; remove it or add what is missing before it",
    "sequence entries are not allowed": "'- ' on the line of its key; begin a new line with it",
    "another document": "a second document begins; keep one",
    "maximum depth": f"nested more than {MAX_DEPTH} deep; write it flatter",
    "undefined alias '(.*)'": "*{0} has no anchor above it; write &{0} there",
    "character '([@`%])' that": "a value cannot begin with '{0}'; put it in quotes",
    "found '-'": "a '- ' among keys; indent it below the key that it belongs to",
    r"found '\?'": "a key among '- ' items; indent it like the key above them, or below its item",
    "": "not valid YAML; put values that begin with one of @ ` % & * ! | > in quotes, and look for "
    "a missing quote, bracket, comma or colon",
}
_UNCLOSED = ("sequence: expected ',' or", "mapping: expected ',' or", "found '<stream end>'")
_CAUSED_AT_START = ("expected ':'", "quoted scalar")  # where the context began, not where it broke


_CHARACTERS = {
    "n": "a line break",
    "t": "a tab",
    "r": "a carriage return",
    "b": "a backspace",
    "f": "a form feed",
    "v": "a vertical tab",
    "a": "a bell",
    "e": "an escape character",
    "0": "a NUL",
    "_": "a no-break space",
    " ": "a space",
    "N": "a next-line character",
    "L": "a line separator",
    "P": "a paragraph separator",
}


def escapes_in(written: str) -> str | None:
    """What YAML makes of the backslashes in a double-quoted value, with a hint.

    Args:
        written: The value as it stands in the text, with what follows it in its line.

    Returns:
        None if it is not in double quotes, or has only escapes that nobody writes by mistake.
    """
    quoted = re.match(r'"(?:[^"\\]|\\.)*"', written, re.DOTALL)
    codes = re.findall(r"\\(.)", quoted[0], re.DOTALL) if quoted else []
    made = [
        f"{_CHARACTERS[code]} of \\{code}" for code in dict.fromkeys(codes) if code in _CHARACTERS
    ]
    if not made:
        return None
    return f"in double quotes YAML makes {' and '.join(made[:3])}; use single quotes or /"


def explain(error: MarkedYAMLError, text: str) -> tuple[int, str]:
    """Line of an error, counted from 1, and what is wrong there, with a hint."""
    mark = error.problem_mark or error.context_mark
    start = (error.context_mark or mark).line + 1
    lines = re.split(r"\r\n|\r|\n", text)
    if "mapping values are not allowed" in str(error.problem):
        return _stray_colon(lines, mark.line, mark.column)
    described = f"{error.context}: {error.problem}"
    if "expected <block end>, but found '<" in described:
        if lines[mark.line][: mark.column].strip():
            return (
                mark.line + 1,
                "text after a value that has ended; is a quote or a comma missing?",
            )
        return mark.line + 1, "indented unlike all lines above; align it with them"
    for pattern, message in _MESSAGES.items():
        if match := re.search(pattern, described):
            line = start if pattern in _CAUSED_AT_START else mark.line + 1
            before = lines[mark.line][: mark.column + 1]
            escape = before[before.rfind("\\") :][:2]
            message = message.format(*match.groups(), start=start, escape=escape)
            if pattern in _UNCLOSED:
                message = _unclosed(message, [*lines[start - 1 : mark.line], before])
            return line, message
    raise AssertionError("the last pattern matches every error")


def _unclosed(message: str, lines: Sequence[str]) -> str:
    """The message about a bracket that is not closed, if a value without quotes is not the cause.

    Args:
        message: The message otherwise.
        lines: The text from the line of the bracket to where it should have been closed.
    """
    if lines[-1].endswith("${"):
        return "'${' within braces or brackets; put the value in quotes"
    for line in lines:
        if comment := re.search(r"\s(#.*[],}])", line):  # it may have hidden the bracket
            return f"{message}; if {comment[1][:40]!r} is no comment, put the value in quotes"
    return message


def _stray_colon(lines: list[str], row: int, column: int) -> tuple[int, str]:
    """A ': ' where a key cannot be; the line above may lack its own."""
    if ": " in lines[row][:column].lstrip():
        return row + 1, "a second ': ' in one line; put the value in quotes"
    above = [n for n in range(row) if lines[n].partition("#")[0].strip()]
    if above and not re.search(r":(\s|$)", lines[above[-1]]):
        return above[-1] + 1, _NO_COLON
    return row + 1, "a key is not allowed here; align it with the keys above"
