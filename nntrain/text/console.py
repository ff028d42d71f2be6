"""rich's console with printable text, and what is printed as a string."""

import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rich.console import Console, ConsoleRenderable, RenderableType, RenderHook
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


def as_text(parts: Callable[[Console], Iterable[RenderableType]]) -> str:
    """What a program prints, as the repr of an object: without colours, as wide as the terminal.

    Args:
        parts: Makes what is printed, one after the other, for a console.
    """
    file = io.StringIO()
    out = PrintableConsole(
        file=file,
        width=shutil.get_terminal_size().columns,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,  # which would print into the notebook's cell instead
        highlight=False,
        markup=False,
        emoji=False,
    )
    out.push_render_hook(TrailingBlanksHook(out))
    for part in parts(out):
        out.print(part)
    return file.getvalue().rstrip("\n")
