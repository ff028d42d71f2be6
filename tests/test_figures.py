"""The committed figures are those that the scripts draw now, and the pages show them all."""

import importlib
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs/figures"
SCRIPTS = ["lecture", "optimizers"]
scripts = pytest.mark.parametrize("script", SCRIPTS)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def path_of_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FIGURES))


def drawn(script: str, folder: Path) -> dict[str, str]:
    """The figures that a script draws now."""
    module: Any = importlib.import_module(script)
    module.main(folder)
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


@scripts
def test_the_committed_figures_are_current_and_shown_by_their_page(
    script: str, tmp_path: Path
) -> None:
    figures = drawn(script, tmp_path)
    for name, text in figures.items():
        assert (FIGURES / name).read_text("utf-8") == text, f"{name} is old; run make figures"
        check_card(tmp_path / name)
    page = (ROOT / f"docs/{script}.md").read_text("utf-8")
    shown = re.findall(r"^!\[(.+)\]\(figures/(.+\.svg)\)$", page, re.M)
    assert {name for _, name in shown} - {"network-3-4-2.svg"} == set(figures)
    for description, name in shown:
        assert len(description) > 20, name


def test_another_network_draws_other_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = (ROOT / "configs/lecture-3-4-2.yaml").read_text("utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(config.replace("seed: 0", "seed: 1"), encoding="utf-8")
    monkeypatch.setattr("example.CONFIG", str(other))
    folder = tmp_path / "figures"
    folder.mkdir()
    same = {
        name
        for name, text in drawn("lecture", folder).items()
        if text == (FIGURES / name).read_text("utf-8")
    }
    assert same == {"saturation.svg"}, "this one shows σ alone"


def check_card(path: Path) -> None:
    """The card is opaque and as large as the figure; its text is large enough, and within it."""
    root = ET.fromstring(path.read_text("utf-8"))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    card = root.find(f"{SVG}rect")
    assert card is not None
    assert card.attrib["fill"].lower() == "#ffffff"
    assert float(card.attrib["width"]) >= width - 1
    assert float(card.attrib["height"]) >= height - 1
    for text in root.iter(f"{SVG}text"):
        content = "".join(text.itertext())
        size = float(text.get("font-size", 15))
        assert size >= 11, content
        assert 0 < float(text.attrib["y"]) <= height - 3, content
