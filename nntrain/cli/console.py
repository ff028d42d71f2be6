"""rich's console with printable text, in a separate module because importing rich is slow."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.segment import Segment
from rich.text import Text

from nntrain.errors import printable


class PrintableConsole(Console):
    """A console whose output contains no escape codes but its own."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape a string before its width is measured, so that columns stay aligned."""
        return super().render_str(printable(text, keep="\n"), **options)

    def render(self, *args: Any) -> Iterator[Segment]:
        """Escape all other text when it is rendered."""
        for segment in super().render(*args):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text, keep="\n"), segment.style)


class TrailingBlanksHook(RenderHook):
    """Removes the blanks with which rich pads the lines of a table."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Replace each renderable by its lines without trailing blanks."""
        return [
            Text("".join(segment.text for segment in line).rstrip())
            for renderable in renderables
            for line in self._console.render_lines(renderable, pad=False)
        ]
