"""nntrain info: what a report of a fault needs."""

import json
import platform
import re
from pathlib import Path

import numpy as np
import pytest

from nntrain.version import __version__
from tests.support.cli import succeed


def test_versions_machine_and_cache_are_shown(folder: Path, cache_folder: Path) -> None:
    facts = json.loads(succeed("info", "--json").stdout)
    assert facts["nntrain"] == __version__
    assert facts["python"].startswith(platform.python_version())
    assert facts["packages"]["numpy"] == np.__version__
    assert facts["packages"]["ruamel.yaml"]
    assert "pytest" not in facts["packages"], "only what nntrain needs or can use"
    assert facts["blas"]
    assert facts["threads"] <= facts["cores"]
    assert facts["cache"] == str(cache_folder / "csv")


def test_it_is_a_line_for_each_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    version = metadata.version

    def without_onnx(name: str) -> str:
        if name == "onnx":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_onnx)
    lines = succeed("info").stdout.splitlines()
    named = {line.split("  ", 1)[0]: line.split("  ", 1)[1].strip() for line in lines}
    assert named["nntrain"].startswith(__version__)
    assert named["numpy"] == np.__version__
    assert "onnx" not in named
    assert named["not installed"] == "onnx"


def test_the_cache_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    assert json.loads(succeed("info", "--json").stdout)["cache_bytes"] == []
    entry = tmp_path / "cache" / "csv" / ("0" * 64)
    entry.mkdir(parents=True)
    (entry / "pixels").write_bytes(b"x" * 2_000_000)
    (tmp_path / "cache" / "csv" / ".lock").touch()
    assert json.loads(succeed("info", "--json").stdout)["cache_bytes"] == [2_000_000]
    assert "2.0 MB of 1 CSV(s)" in succeed("info").stdout


def test_what_is_not_known_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "csv").write_text("no folder")
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path))
    monkeypatch.setattr("os.cpu_count", lambda: None)
    monkeypatch.setattr("nntrain.explain.installation.machine_memory", lambda: None)
    monkeypatch.setattr("threadpoolctl.threadpool_info", list)
    lines = succeed("info").stdout
    assert "csv: unreadable\n" in lines
    assert re.search(r"^machine .*, \? cores$", lines, re.MULTILINE)
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    assert re.search(rf"^BLAS +{re.escape(built['name'])} ", lines, re.MULTILINE)
