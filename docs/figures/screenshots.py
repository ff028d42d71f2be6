"""Take the pictures of README and docs/: reports on demo digits, and the lesson.

`make screenshots` needs Chromium. Demo digits, because MNIST's are not ours to publish.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

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
SWEEP = """
config: quick.yaml
space:
  network[0].dense: {whole: [100, 500], step: 100}
  training.batch_size: {choice: [32, 64, 128]}
  training.optimizer.learning_rate: {log: [0.005, 0.5]}
trials: 14
"""
COMMANDS = (
    ["data", "demo"],
    ["fit", "quick.yaml"],
    ["report"],
    ["lesson"],
    ["fit", "quick.yaml", "--run", "runs/wide", "--set", "network[0].dense=600"],
    ["report", "runs/quick", "runs/wide"],
    ["sweep", "sweep.yaml", "--set", "training.epochs=4"],
    ["sweep", "sweep.yaml", "--report"],
)
BACK = 9  # equations, as far as δ_1
# Of a hand that writes a 4, in shares of the paper's side.
STROKES = [
    [(0.36, 0.2), (0.34, 0.35), (0.31, 0.5), (0.42, 0.54), (0.66, 0.5)],
    [(0.62, 0.2), (0.6, 0.5), (0.57, 0.82)],
]


@click.command()
def main() -> None:
    """Write the pictures beside this script."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise click.ClickException("there is no Chromium; install your system's package chromium")
    with TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        shutil.copy(QUICK, folder)
        (folder / "sweep.yaml").write_text(SWEEP)
        for command in COMMANDS:
            subprocess.run([sys.executable, "-m", "nntrain", *command], cwd=folder, check=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        _show_report(browser, (folder / "runs/quick/report.html").as_uri())
        _show_lesson(browser, (folder / "lesson.html").as_uri())
        for name, page in (("compare", "runs-report"), ("sweep", "runs/sweep/report")):
            _show_numbers(browser, (folder / f"{page}.html").as_uri(), HERE / f"{name}.png")
        browser.close()


def _show_report(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1180, "height": 860}, device_scale_factor=1.5)
    page.goto(address)
    page.screenshot(path=HERE / "report.png")
    _draw(page)
    page.locator("#board").screenshot(path=HERE / "board.png")
    phone = _phone(browser, address)
    phone.locator("#mistakes").scroll_into_view_if_needed()
    phone.evaluate("document.querySelector('#mistakes').scrollIntoView()")
    phone.screenshot(path=HERE / "phone.png")


def _show_numbers(browser: Browser, address: str, file: Path) -> None:
    """The beginning of the report of several runs or of a sweep."""
    page = browser.new_page(viewport={"width": 1180, "height": 1180}, device_scale_factor=1.2)
    page.goto(address)
    if page.locator("#values").count():
        page.evaluate("scrollTo(0, document.querySelector('#search').offsetTop)")
    page.screenshot(path=file)
    _reduce(file)


def _show_lesson(browser: Browser, address: str) -> None:
    page = browser.new_page(
        viewport={"width": 1180, "height": 1060}, device_scale_factor=1.5, reduced_motion="reduce"
    )
    page.goto(address)
    for _ in range(BACK):
        page.locator("#backpropagation-next").click()
    page.evaluate("scrollTo(0, document.querySelector('#backpropagation').offsetTop + 24)")
    page.screenshot(path=HERE / "lesson.png")
    page.locator("[name=descent-landscape][value=valley]").check()
    page.locator("#descent-momentum").check()
    page.locator("#descent-run").click()
    page.locator("#descent .bench").screenshot(path=HERE / "lesson-descent.png")
    phone = _phone(browser, address)
    phone.evaluate("document.querySelector('#gradients .bench').scrollIntoView()")
    phone.screenshot(path=HERE / "lesson-phone.png")
    for name in ("lesson", "lesson-descent", "lesson-phone"):
        _reduce(HERE / f"{name}.png")


def _reduce(file: Path) -> None:
    """Keep 256 colours, which drawings hardly exceed: a third of the bytes."""
    with Image.open(file) as picture:
        reduced = picture.convert("RGB").quantize(256)
    reduced.save(file, optimize=True)


def _phone(browser: Browser, address: str) -> Page:
    phone = browser.new_page(
        viewport={"width": 360, "height": 740},
        device_scale_factor=2,
        color_scheme="dark",
        reduced_motion="reduce",
    )
    phone.goto(address)
    return phone


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
