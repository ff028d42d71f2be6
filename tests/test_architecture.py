"""Imports point downward only, and the mathematics imports NumPy and the standard library alone."""

import ast
import sys
from pathlib import Path

import pytest

import nntrain

PACKAGE = Path(nntrain.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Each part may import those named, besides the roots errors, files, randomness and version.
ALLOWED = {
    "nn": set(),
    "data": {"nn"},
    "config": {"data", "nn"},
    "training": {"config", "data", "nn"},
    "explain": {"training", "config", "data", "nn"},
    "report": {"training", "config", "data", "nn"},
    "cluster": {"training", "config", "data", "nn"},
    "sweep": {"cluster", "report", "training", "config", "data", "nn"},
    "export.py": {"training", "config", "data", "nn"},
    "notebook": {"training", "config", "data", "nn"},
    "classifier.py": {"training", "config", "data", "nn"},
    "__init__.py": {"classifier", "notebook"},
    "cli": {"cluster", "export", "explain", "report", "sweep", "training", "config", "data", "nn"},
    "__main__.py": {"cli"},
}
ROOTS = {"errors", "files", "randomness", "version"}


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downward(path: Path) -> None:
    here = path.relative_to(PACKAGE).parts[0]
    ours = {part(name) for name in imports(path) if name.startswith("nntrain.")}
    if here in ALLOWED:
        roots = ROOTS if here != "nn" else set()
        assert ours <= ALLOWED[here] | roots | {here}
    else:
        assert ours <= ROOTS


@pytest.mark.parametrize("path", sorted((PACKAGE / "nn").rglob("*.py")), ids=lambda path: path.name)
def test_the_mathematics_imports_numpy_and_the_standard_library_only(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or top == "numpy" or name.startswith("nntrain.nn")


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 15
