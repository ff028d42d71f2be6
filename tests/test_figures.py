"""The committed figures are those that the scripts draw now, and the pages show them all."""

import importlib
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs/figures"
SCRIPTS = ["lecture"]
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
def test_the_committed_figures_are_current(script: str, tmp_path: Path) -> None:
    for name, text in drawn(script, tmp_path).items():
        assert (FIGURES / name).read_text("utf-8") == text, f"{name} is old; run make figures"


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


@scripts
def test_a_page_shows_every_figure(script: str, tmp_path: Path) -> None:
    page = (ROOT / f"docs/{script}.md").read_text("utf-8")
    shown = re.findall(r"^!\[(.+)\]\(figures/(.+\.svg)\)$", page, re.M)
    assert {name for _, name in shown} - {"network-3-4-2.svg"} == set(drawn(script, tmp_path))
    for description, name in shown:
        assert len(description) > 20, name


@scripts
def test_a_figure_is_readable_on_any_background(script: str, tmp_path: Path) -> None:
    for name in drawn(script, tmp_path):
        check_card(FIGURES / name)


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
