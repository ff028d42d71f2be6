"""From the YAML parser's errors to sentences for people who have never heard of its tokens."""

import re
from collections.abc import Sequence

from ruamel.yaml.error import MarkedYAMLError

DEEPEST_NESTING = 20

_NO_COLON = "no ': ' after the key; write 'key: value', with a space after the colon"
_SENTENCES = {  # by what the parser's own begins or ends with
    r"character '\t'": "a tab where YAML wants spaces; indent with spaces",
    "another document": "a second document begins; keep one",
    "maximum depth": f"nested more than {DEEPEST_NESTING} deep; write it flatter",
    "sequence entries are not allowed": "'- ' on the line of its key; begin a new line with it",
    "escape": "a backslash in double quotes; use single quotes, which take it as it is",
    "found ','": "a ',' without a value before it; remove it",
    "found ']'": "a ']' without its '['; remove it",
    "found '}'": "a '}' without its '{'; remove it",
    "found '-'": "a '- ' among keys; indent it below the key that it belongs to",
    "found '?'": "a key among '- ' items; indent it like the key above them, or below its item",
    "content, but found '<stream end>'": "the text ends within '[' or '{'; close it",
}
_OTHERWISE = (
    "not valid YAML; put values that begin with one of @ ` % & * ! | > in quotes, and look for "
    "a missing quote, bracket, comma or colon"
)


def explain(error: MarkedYAMLError, text: str) -> tuple[int, str]:
    """The line to look at, counted from 1, and what is wrong there and how to mend it."""
    lines = re.split(r"\r\n|\r|\n", text)
    mark = error.problem_mark or error.context_mark
    row, start = mark.line, (error.context_mark or mark).line
    problem, context = str(error.problem), str(error.context)
    if "mapping values are not allowed" in problem:
        row, sentence = _stray_colon(lines, row, mark.column)
    elif "expected ':'" in problem:
        row, sentence = start, _NO_COLON
    elif "quoted scalar" in context and "escape" not in problem:
        row, sentence = start, "a quote that is never closed; close it"
    elif "expected ',' or" in problem:
        opening, closing = ("[", "]") if "sequence" in context else ("{", "}")
        if "stream end" in problem:
            row, sentence = start, f"a {opening!r} that is never closed; add {closing!r}"
        else:
            where = f"the {opening!r} of line {start + 1} is still open"
            sentence = f"a ',' or {closing!r} is missing: {where}"
    elif character := re.search("character ('[@`%]') that cannot start", problem):
        sentence = f"a value cannot begin with {character[1]}; put it in quotes"
    elif alias := re.search("undefined alias '(.*)'", problem):
        sentence = f"*{alias[1]} repeats an anchor that is not above it; write &{alias[1]} there"
    else:
        known = (ours for theirs, ours in _SENTENCES.items() if theirs in problem)
        sentence = next(known, None) or _misplaced(problem, lines[row], mark.column)
    return row + 1, sentence


def _stray_colon(lines: Sequence[str], row: int, column: int) -> tuple[int, str]:
    """A ': ' where a key cannot be: the cause may lie above."""
    if ": " in lines[row][:column].lstrip():
        return row, "a second ': ' in one line; put the value in quotes"
    written = [n for n in range(row) if lines[n].partition("#")[0].strip()]
    if not written:
        return row, _OTHERWISE
    above = written[-1]
    if not re.search(r":(\s|$)", lines[above]):
        return above, _NO_COLON
    return row, f"indented deeper than line {above + 1}, which has its value; align the two"


def _misplaced(problem: str, line: str, column: int) -> str:
    if "expected <block end>" not in problem:
        return _OTHERWISE
    if line[:column].strip():
        return "text after a value that has ended; is a quote or a comma missing?"
    return "indented unlike all lines above; align it with its neighbours"
