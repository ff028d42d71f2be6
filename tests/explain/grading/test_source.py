"""Files that are not Python are refused."""

from pathlib import Path

import pytest

from nntrain.errors import ConfigError
from nntrain.explain.grading import read_source


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"def f(:\n    pass\n", ":1: not Python: invalid syntax"),
        (b"x = 1\n  y = 2\n", ":2: not Python: unexpected indent"),
        (b"x = '\xff'\n", ":1: not UTF-8 text; save the file as UTF-8"),
        (b"x = 1\0\n", ":1: not Python: a null byte; correct that line"),
        (b"(" * 5000, ":1: not Python: too many nested parentheses"),
    ],
)
def test_files_that_are_not_python_are_refused(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        read_source(path)
    assert str(caught.value).startswith(f"{path}{expected}")


def test_missing_files_directories_and_notebooks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = '\\d'\n", "utf-8")  # Python's own warning is not ours
    assert read_source(path).imported() == set()
    with pytest.raises(ConfigError, match=r"did you mean 'mine\.py'"):
        read_source(tmp_path / "mime.py")
    with pytest.raises(ConfigError, match="a directory; name a Python file"):
        read_source(tmp_path)
    with pytest.raises(ConfigError, match="a notebook; save its functions"):
        (tmp_path / "mine.ipynb").write_text("{}")
        read_source(tmp_path / "mine.ipynb")
