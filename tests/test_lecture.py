"""docs/lecture.md, convolution.md and optimizers.md against the code: quotes and examples."""

import ast
import doctest
import re
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.cli import succeed

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / name for name in ("lecture.md", "convolution.md", "optimizers.md")]
PAGE = PAGES[0]
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


def quotes(page: Path) -> list[Quote]:
    """The quoted lines of a page."""
    text = page.read_text(encoding="utf-8")
    quote = r"^\[`([\w/.]+)`\]\(\.\./\1\), `([\w.]+)`:\n\n```python\n(.*?)^```$"
    return [Quote(*match) for match in re.findall(quote, text, re.M | re.S)]


QUOTES = [quote for page in PAGES for quote in quotes(page)]
each = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
LONGEST = {"Adam.move": 16}  # lines; its two averages and the step are quoted one by one


def definition(source: str, name: str) -> str:
    """The lines of a function or method, without its docstring."""
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        (node,) = (
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name == part
        )
    assert isinstance(node, ast.FunctionDef)
    lines = source.splitlines()
    header, body = lines[node.lineno - 1 : node.body[0].lineno - 1], node.body
    if ast.get_docstring(node):
        body = body[1:]
    return "\n".join([*header, *lines[body[0].lineno - 1 : node.end_lineno]])


def contains(definition: str, code: str) -> bool:
    """Whether the code is consecutive lines of the definition, with the same indentation."""
    return f"\n{code.rstrip()}\n" in f"\n{definition}\n"


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: f"{quote.path}:{quote.name}")
def test_a_quote_is_in_the_function_that_it_names(quote: Quote) -> None:
    source = (ROOT / quote.path).read_text(encoding="utf-8")
    assert contains(definition(source, quote.name), quote.code), f"{quote.name} has changed"


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: f"{quote.path}:{quote.name}")
def test_a_quoted_function_is_short(quote: Quote) -> None:
    source = (ROOT / quote.path).read_text(encoding="utf-8")
    lines = [line for line in definition(source, quote.name).splitlines() if line.strip()]
    assert len(lines) <= LONGEST.get(quote.name, 12), quote.name


def test_at_most_four_modules_are_named() -> None:
    named = set(re.findall(r"[\w./]+\.py\b", TEXT)) - {"mine.py"}
    modules = {name.removeprefix("../") for name in named}
    assert modules == {quote.path for quote in quotes(PAGE)}
    assert len(modules) <= 4
    assert {name for name in modules if not re.fullmatch(r"nntrain/nn/\w+\.py", name)} == {
        "nntrain/optim/optimizers.py"
    }


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: f"{quote.path}:{quote.name}")
def test_a_changed_character_is_noticed(quote: Quote) -> None:
    source = definition((ROOT / quote.path).read_text(encoding="utf-8"), quote.name)
    code = quote.code.rstrip()
    start = source.index(code)
    for at, character in enumerate(code):
        other = "-" if character != "-" else "+"
        assert not contains(source[: start + at] + other + source[start + at + 1 :], quote.code)


@each
def test_every_block_of_code_names_its_function(page: Path) -> None:
    assert len(quotes(page)) == page.read_text(encoding="utf-8").count("```python\n") > 5


def test_each_equation_of_the_table_is_in_its_section_with_code() -> None:
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
        assert "```py" in section


def test_each_section_has_a_figure_and_what_to_notice() -> None:
    sections = re.findall(r"^## (\d\. .*?)(?=^## )", TEXT, re.M | re.S)
    assert len(sections) == 8
    for section in sections:
        assert re.search(r"^!\[", section, re.M), section.partition("\n")[0]
        _, found, noticed = section.partition("\n**What to notice**\n\n")
        assert found, section.partition("\n")[0]
        assert noticed.startswith("- ")
        assert noticed.count("\n- ") >= 2


def test_every_long_number_of_the_text_is_one_of_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    printed = succeed("trace", "configs/lecture-3-4-2.yaml").stdout
    printed += "".join(re.findall(r"^```pycon\n(.*?)^```$", TEXT, re.M | re.S))
    text = re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S)
    number = r"(?<![\d.])\d\.\d{3,}"
    assert set(re.findall(number, text)) - set(re.findall(number, printed)) == set()


@each
def test_every_link_is_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (PAGE.parent / link).is_file(), (
            f"{link}: no such file (link to no line numbers: they change)"
        )


@each
def test_the_examples_print_the_numbers_of_the_page(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # where the examples find configs/
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, re.M | re.S)
    assert text.count(">>> ") == "".join(blocks).count(">>> ")
    example = doctest.DocTestParser().get_doctest("".join(blocks), {}, page.name, str(page), 0)
    failures: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(example, out=failures.append)
    assert results.failed == 0, textwrap.indent("".join(failures), "  ")
    assert results.attempted >= 13
