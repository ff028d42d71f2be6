"""Fixtures of tests that open pages: a browser, and a page that is watched."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium, without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        yield started
        started.close()


@contextmanager
def heard(page: "Page", **listeners: Callable[[Any], None]) -> Iterator[None]:
    """Call these listeners at the page's events of their names, until the `with` block ends."""
    for event, listener in listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        yield
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


def as_new(page: "Page", width: int = 1280, height: int = 720) -> None:
    """Make a page that was used before an empty one; to open another takes a third of a second."""
    page.goto("about:blank")
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="light")


@pytest.fixture(scope="session")
def shared_page(browser: "Browser") -> Iterator["Page"]:
    """The page of all tests that ask for one."""
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.fixture
def page(shared_page: "Page") -> Iterator["Page"]:
    """An empty page that may ask no network for anything, and has nothing to complain of."""
    complaints: list[str] = []
    as_new(shared_page)
    with heard(
        shared_page,
        console=lambda message: complaints.append(message.text),
        pageerror=lambda error: complaints.append(str(error)),
        request=lambda request: complaints.append(request.url),
    ):
        yield shared_page
    assert [text for text in complaints if not text.startswith(("file:", "data:"))] == []
