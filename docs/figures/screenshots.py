"""Take the pictures of the README: a report of quick.yaml on demo digits, in a real browser.

`make screenshots` needs Chromium. Demo digits, because MNIST's are not ours to publish.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
QUICK = HERE.parents[1] / "configs/quick.yaml"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Of a hand that writes a 4, in shares of the paper's side.
STROKES = [
    [(0.36, 0.2), (0.34, 0.35), (0.31, 0.5), (0.42, 0.54), (0.66, 0.5)],
    [(0.62, 0.2), (0.6, 0.5), (0.57, 0.82)],
]


@click.command()
def main() -> None:
    """Write report.png, board.png and phone.png beside this script."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise click.ClickException("there is no Chromium; install your system's package chromium")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        for command in (["data", "demo"], ["fit", str(QUICK)], ["report"]):
            subprocess.run([sys.executable, "-m", "nntrain", *command], cwd=folder, check=True)
        address = (Path(folder) / "runs/quick/report.html").as_uri()
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page(viewport={"width": 1180, "height": 860}, device_scale_factor=1.5)
        page.goto(address)
        page.screenshot(path=HERE / "report.png")
        _draw(page)
        page.locator("#board").screenshot(path=HERE / "board.png")
        phone = browser.new_page(
            viewport={"width": 360, "height": 740}, device_scale_factor=2, color_scheme="dark"
        )
        phone.goto(address)
        phone.locator("#mistakes").scroll_into_view_if_needed()
        phone.evaluate("document.querySelector('#mistakes').scrollIntoView()")
        phone.screenshot(path=HERE / "phone.png")
        browser.close()


def _draw(page: Page) -> None:
    paper = page.locator("#board-paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    if box is None:
        raise click.ClickException("the report has no board to draw on")
    for stroke in STROKES:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=8)
        page.mouse.up()


if __name__ == "__main__":
    main()
