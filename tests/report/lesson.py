"""The lesson, opened in a browser."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

SECTIONS = ["error", "descent", "gradients", "backpropagation", "biases", "training"]

# Brings back the numbers that the sections without networks, and the first, open with.
RESET = """() => {
  const click = (css) => document.querySelector(css).click();
  click("#error-reset");
  if (document.querySelector("#descent-momentum").checked) click("#descent-momentum");
  click("[name=descent-landscape][value=two]");
  click("[name=descent-landscape][value=bowl]");
  click("#gradients-reset");
  click("#biases-reset");
}"""

SET = """([id, value]) => {
  const control = document.getElementById(id);
  control.value = value;
  for (const event of ["input", "change"]) control.dispatchEvent(new Event(event));
}"""


def numbers(text: str) -> list[float]:
    """All numbers in a text of the page, the signs as they are typeset."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?", typed(text))]


def typed(text: str) -> str:
    return text.replace("−", "-").replace("\u00a0", " ")


class Lesson:
    """An opened lesson."""

    def __init__(self, window: "BrowserContext", file: Path) -> None:
        self.faults: list[str] = []
        self.file = file
        self.page: Page = window.new_page()
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(error.message))
        self.page.on("request", lambda request: self.faults.append(request.url))
        self.open()

    def open(self) -> None:
        self.page.goto(self.file.as_uri())

    def trouble(self) -> list[str]:
        """Console messages, errors, and requests but for the page and what it makes itself."""
        own = (self.file.as_uri(), "blob:", "data:")
        return [fault for fault in self.faults if not fault.startswith(own)]

    def text(self, css: str) -> str:
        return typed(self.page.locator(css).inner_text())

    def set(self, name: str, value: object) -> None:
        """Set a slider or a list, and tell the page; quicker than Playwright's way."""
        self.page.evaluate(SET, [name, str(value)])

    def click(self, css: str) -> None:
        """Click a control; quicker than Playwright's way, which waits until nothing moves."""
        self.page.evaluate("css => document.querySelector(css).click()", css)

    def handle(self, name: str) -> "Locator":
        return self.page.get_by_role("slider", name=name, exact=True)

    def heard(self, name: str) -> list[float]:
        """The numbers that a screen reader reads for a handle."""
        return numbers(self.handle(name).get_attribute("aria-valuetext") or "")

    def press(self, name: str, *keys: str) -> None:
        self.handle(name).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def reset(self) -> None:
        """Bring back the numbers that the page opens with."""
        self.page.evaluate(RESET)

    def parameters(self) -> dict[str, float]:
        """The parameters of the first section's network, as a screen reader reads them."""
        labels = self.page.locator("#error-network [role=button]").evaluate_all(
            "all => all.map((one) => one.getAttribute('aria-label'))"
        )
        parts = [typed(label).partition(": ") for label in labels]
        return {name: float(value) for name, _, value in parts}
