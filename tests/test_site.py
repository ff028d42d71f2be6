"""The site of `make docs`, in a browser; MkDocs itself fails on a broken link or anchor."""

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from nntrain.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [
    "index.html",
    "lesson.html",
    "training.html",
    "reference/commands.html",
    "reference/configuration.html",
    "reference/python.html",
    "decisions/index.html",
]
pytestmark = pytest.mark.slow


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
    config = ["--config-file", str(ROOT / "docs/site/mkdocs.yml"), "--site-dir", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # about the future of Material
    done = subprocess.run([*command, *config], env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert not list(folder.rglob("*.pyc"))
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Silent, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("width", [1280, 360])
def test_pages_fit_and_ask_no_other_server(address: str, browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    for name in PAGES:
        page.goto(f"{address}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).length"
        assert page.evaluate(broken) == 0, name
    page.close()
    assert errors == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_the_search_finds_a_key_of_the_configuration(address: str, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/index.html")
    page.keyboard.press("/")
    page.keyboard.type("label_smoothing")
    page.wait_for_selector(".md-search-result__link")
    links = page.eval_on_selector_all(".md-search-result__link", "links => links.map(l => l.href)")
    page.close()
    assert any("reference/configuration.html" in link for link in links)


def test_the_lesson_is_in_its_page(address: str, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/lesson.html")
    lesson = page.frame_locator("iframe.lesson")
    assert "Backpropagation" in lesson.locator("h1").inner_text()
    page.close()


def test_every_command_key_and_name_has_its_place(site: Path) -> None:
    commands = (site / "reference/commands.html").read_text("utf-8")
    for name in main.commands:
        assert f'id="nntrain-{name}"' in commands
    configuration = (site / "reference/configuration.html").read_text("utf-8")
    for key in ("data.distortion.elastic", "training.optimizer", "training.teacher", "network"):
        assert f"<code>{key}</code>" in configuration
    python = (site / "reference/python.html").read_text("utf-8")
    for name in ("nntrain.notebook.session.fit", "nntrain.nn.layers.Dense.backward"):
        assert f'id="{name}"' in python
