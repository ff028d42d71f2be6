"""The pages against the code: links, paths, packages, imports, and names of functions."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from nntrain.nn import ACTIVATIONS
from tests.support.architecture import ALLOWED, PACKAGE, ROOTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture.md"
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / ".github").glob("*.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*.ipynb")),
]

FENCED = re.compile(r"^ *(```+|~~~+).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(
    r"""\]\(<?([^)\s>]+)[^)]*\)"""  # [text](target) and ![text](target "title")
    r"""|^\ {0,3}\[[^\]]+\]:\s*(\S+)"""  # [name]: target
    r"""|\b(?:src|href)="([^"]+)\"""",
    re.MULTILINE,
)
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def prose(text: str) -> str:
    """A page without its code blocks, which contain no links or headings."""
    return FENCED.sub("", text)


def targets(text: str) -> list[str]:
    spans = re.compile(r"`[^`\n]*`")
    return ["".join(groups) for groups in TARGET.findall(spans.sub("", prose(text)))]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub generates them."""
    names: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(prose(text)):
        plain = LINK.sub(r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.add(f"{name}-{names[name]}" if names[name] else name)
        names[name] += 1
    return found


def broken_links(page: Path, root: Path) -> list[str]:
    """The relative links of a page whose target does not exist in the repository."""
    broken = []
    for target in targets(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z+.-]*:", target):  # another site, or an address
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        reachable = file.is_relative_to(root) and file.exists()
        if not reachable or (
            anchor
            and (file.suffix != ".md" or anchor not in anchors(file.read_text(encoding="utf-8")))
        ):
            broken.append(target)
    return broken


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next heading of any level."""
    _, found, rest = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of all rows of all tables, without header rows."""
    lines = [line.strip() for line in text.splitlines()]
    ruled = [
        number for number, line in enumerate(lines) if re.fullmatch(r"[|\s:-]*-[|\s:-]*", line)
    ]
    heads = {number + step for number in ruled for step in (-1, 0)}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if line.startswith("|") and number not in heads
    ]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def defined(file: Path) -> set[str]:
    """The names that a module defines; members of classes as Class.name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return _names(tree.body, "") | {
        name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for name in _names(node.body, f"{node.name}.")
    }


def _names(body: list[ast.stmt], prefix: str) -> set[str]:
    names = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {prefix + name for name in names}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_has_a_target(page: Path) -> None:
    assert broken_links(page, ROOT) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_of_a_module_exists(page: Path) -> None:
    paths = re.findall(r"\b(?:nntrain|tests|benchmarks)/[\w./-]*\.py\b", page.read_text("utf-8"))
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (tmp_path / "outside.md").touch()
    (root / "other.md").write_text("# Two `words`, and [more](page.md)\n\n## Again\n\n## Again\n")
    page = root / "page.md"
    page.write_text(
        "# Page\n[here](#page) [a](other.md#two-words-and-more) [b](other.md#again-1 'title')\n"
        "[site](https://example.org/x) ![c](none.png) [d](other.md#again-2) [e](#pages)\n"
        "`[code](no-link)` [`f`](none.py) [g](../outside.md)\n\n[h]: none.txt\n"
        '<img src="none.svg">\n\n```\n[fenced](no-link)\n# no heading\n```\n[i](#no-heading)\n'
    )
    assert broken_links(page, root) == [
        "none.png",
        "other.md#again-2",
        "#pages",
        "none.py",
        "../outside.md",
        "none.txt",
        "none.svg",
        "#no-heading",
    ]


@pytest.mark.parametrize("folder", [DOCS, DOCS / "decisions"], ids=lambda folder: folder.name)
def test_an_index_names_every_page_of_its_folder(folder: Path) -> None:
    index = folder / "README.md"
    linked = targets(index.read_text(encoding="utf-8"))
    pages = {page.name for page in folder.glob("*.md")} - {index.name}
    assert pages <= set(linked)
    assert len(linked) == len(set(linked))


def test_every_package_is_described() -> None:
    described = {
        name.removeprefix("nntrain/").rstrip("/")
        for first, *_ in rows(section(ARCHITECTURE, "## What each package is for"))
        for name in quoted(first)
    }
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages
    assert packages <= described
    assert all((PACKAGE / name).exists() for name in described)


def test_the_table_of_imports_is_that_of_the_tests() -> None:
    table = rows(section(ARCHITECTURE, "## Which package may import which"))
    parts = [name for first, *_ in table for name in quoted(first)]
    assert len(parts) == len(set(parts)) == len(table)
    assert {
        name: set(quoted(allowed))
        for [name], allowed in zip(
            (quoted(first) for first, *_ in table), (cells[1] for cells in table), strict=True
        )
    } == ALLOWED


def test_the_modules_that_all_packages_may_import_are_named() -> None:
    text = section(ARCHITECTURE, "## Which package may import which")
    sentence = next(line for line in text.splitlines() if line.startswith("The seven modules"))
    assert set(quoted(sentence)) == ROOTS


@pytest.mark.parametrize(
    "heading", ["### A row of a CSV", "### A batch", "### A learning rate", "### A checkpoint"]
)
def test_functions_are_in_the_files_that_the_page_names(heading: str) -> None:
    steps = rows(section(ARCHITECTURE, heading))
    assert len(steps) >= 4
    for _, place, names, _ in steps:
        [link] = targets(place)
        assert quoted(place) == [str((DOCS / link).resolve().relative_to(PACKAGE).as_posix())]
        assert quoted(names)
        assert set(quoted(names)) <= defined(DOCS / link), place


@pytest.mark.parametrize(
    "page",
    [ARCHITECTURE, ROOT / "CONTRIBUTING.md", *sorted((DOCS / "decisions").glob("*.md"))],
    ids=lambda page: page.name,
)
def test_names_of_code_occur_in_the_code(page: Path) -> None:
    quotes = quoted(prose(page.read_text(encoding="utf-8")))
    names = [quote for quote in quotes if re.fullmatch(r"[A-Za-z_][\w.]*", quote)]
    words = {word for name in names for word in name.split(".")}
    assert words - words_of_the_code() == set()


@cache
def words_of_the_code() -> set[str]:
    """All words in the package and the tests, and the names of their files."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    words = {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}
    return words | {word for file in files for word in file.name.split(".")}


def test_every_decision_has_its_parts() -> None:
    decisions = [page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md"]
    assert decisions
    for page in decisions:
        for part in ("## Context", "## Decision", "## Consequences"):
            assert section(page, part).strip(), f"{page}: {part}"


@pytest.mark.parametrize(
    "file",
    [
        "docs/training.md",
        "nntrain/config/starter.yaml",
        "nntrain/report/assets/activations.js",
        "nntrain/report/assets/lesson/biases.js",
        "nntrain/report/assets/lesson/steps.js",
    ],
)
def test_every_activation_is_where_the_guide_says(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    drawn = [name for name in ACTIVATIONS if name != "softmax" or file == "docs/training.md"]
    assert [name for name in drawn if not re.search(rf"\b{name}\b", text)] == []
