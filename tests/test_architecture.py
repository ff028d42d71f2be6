"""Imports between packages, the size of `nn` and of functions, and unique class names."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.support.architecture import ALLOWED, MODULES, PACKAGE, ROOTS

TEST_FOLDER = Path(__file__).parent
TESTS = sorted(TEST_FOLDER.rglob("*.py"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """The statements of a file at every depth, without the expressions in them."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        found.append(node)
        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
    return found


def imports(path: Path) -> set[str]:
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_imports_point_downward() -> None:
    upward = {}
    for path in MODULES:
        here = path.relative_to(PACKAGE).parts[0]
        roots = ROOTS if here != "nn" else set()
        ours = {part(name) for name in imports(path) if name.startswith("nntrain.")}
        if wrong := ours - (ALLOWED[here] | roots | {here} if here in ALLOWED else ROOTS):
            upward[str(path.relative_to(PACKAGE))] = wrong
    assert upward == {}


@pytest.mark.parametrize("path", sorted((PACKAGE / "nn").rglob("*.py")), ids=lambda path: path.name)
def test_nn_imports_numpy_and_the_standard_library_only(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or top == "numpy" or name.startswith("nntrain.nn")


def test_modules_are_found() -> None:
    assert len(MODULES) > 15


def test_nn_has_at_most_seven_hundred_and_fifty_lines() -> None:
    files = (PACKAGE / "nn").glob("*.py")
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) <= 750


def test_class_names_are_unique() -> None:
    locations: dict[str, list[str]] = {}
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                locations.setdefault(node.name.lstrip("_"), []).append(
                    str(path.relative_to(PACKAGE))
                )
    assert {name: found for name, found in locations.items() if len(found) > 1} == {}


def test_no_function_is_longer_than_sixty_lines() -> None:
    long = {
        f"{path.relative_to(PACKAGE)}: {node.name}": length
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > 60
    }
    assert long == {}


def test_no_test_imports_another_test() -> None:
    importing = {
        str(path.relative_to(TEST_FOLDER)): wrong
        for path in TESTS
        if (wrong := [name for name in imports(path) if ".test_" in name])
    }
    assert importing == {}
