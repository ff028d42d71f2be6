"""docs/lecture.md is true: the code's lines, the lecture's equations, and numbers that come out."""

import ast
import doctest
import re
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "lecture.md"
TEXT = PAGE.read_text(encoding="utf-8")

LECTURE = [
    "x_i = σ(W_i x_{i−1} + b_i)",
    "E = ½‖x_L − y‖²",
    "W_i ← W_i − α ∂E/∂W_i",
    "δ_L = (x_L − y) ⊙ σ′(z_L)",
    "δ_i = W_{i+1}ᵀ δ_{i+1} ⊙ σ′(z_i)",
    "∂E/∂W_i = δ_i x_{i−1}ᵀ",
    "b_i ← b_i − α δ_i",
]


class Quote(NamedTuple):
    path: str
    name: str
    code: str


QUOTES = [
    Quote(*match)
    for match in re.findall(
        r"^\[`([\w/.]+)`\]\(\.\./\1\), `([\w.]+)`:\n\n```python\n(.*?)^```$", TEXT, re.M | re.S
    )
]


def definition(source: str, name: str) -> str:
    """The lines of a function, a method or a module's variable, without its docstring."""
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        (node,) = (child for child in ast.iter_child_nodes(node) if part in names_of(child))
    assert isinstance(node, ast.stmt)
    first = node.lineno
    if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
        first = (node.body[0].end_lineno or 0) + 1
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def names_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def holds(definition: str, code: str) -> bool:
    """Whether the lines stand there, one after the other, indented as here."""
    return f"\n{code.rstrip()}\n" in f"\n{definition}\n"


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: f"{quote.path}:{quote.name}")
def test_a_quoted_line_is_in_the_function_it_is_said_to_be_from(quote: Quote) -> None:
    source = (ROOT / quote.path).read_text(encoding="utf-8")
    assert holds(definition(source, quote.name), quote.code), f"{quote.name} is not so any more"


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: f"{quote.path}:{quote.name}")
def test_a_changed_character_is_noticed(quote: Quote) -> None:
    source = definition((ROOT / quote.path).read_text(encoding="utf-8"), quote.name)
    code = quote.code.rstrip()
    start = source.index(code)
    for at, character in enumerate(code):
        other = "-" if character != "-" else "+"
        assert not holds(source[: start + at] + other + source[start + at + 1 :], quote.code)


def test_every_block_of_code_says_where_it_is_from() -> None:
    assert len(QUOTES) == TEXT.count("```python\n") > 12


def test_the_table_has_the_lectures_equations_and_each_stands_in_its_section_with_code() -> None:
    rows = re.findall(r"^\| `(.+?)` \|.*\[(\d)\]\(#(.+?)\) \|$", TEXT, re.M)
    assert [equation for equation, _, _ in rows] == LECTURE
    starts = [match.start() for match in re.finditer(r"^## ", TEXT, re.M)]
    sections = {
        section.partition("\n")[0]: section
        for section in (TEXT[start:end] for start, end in pairwise([*starts, len(TEXT)]))
    }
    for equation, number, anchor in rows:
        ((title, section),) = (
            item for item in sections.items() if item[0].startswith(f"## {number}. ")
        )
        assert anchor == re.sub(r"[^\w -]", "", title[3:].lower()).replace(" ", "-")
        assert f"\n    {equation}\n" in section
        assert "```python" in section


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    for link in links:
        assert (PAGE.parent / link).is_file(), f"{link}: no such file (lines move: link no line)"


def test_the_examples_give_the_numbers_that_are_printed() -> None:
    blocks = re.findall(r"^```pycon\n(.*?)^```$", TEXT, re.M | re.S)
    assert TEXT.count(">>> ") == "".join(blocks).count(">>> ")
    example = doctest.DocTestParser().get_doctest("".join(blocks), {}, PAGE.name, str(PAGE), 0)
    complaints: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(example, out=complaints.append)
    assert results.failed == 0, textwrap.indent("".join(complaints), "  ")
    assert results.attempted > 30
