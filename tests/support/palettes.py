"""The colours in which terminals and notebooks show ANSI escape codes."""

from typing import NamedTuple

_LEVELS = (0, 95, 135, 175, 215, 255)
RGB = tuple[int, int, int]


class Palette(NamedTuple):
    """The 16 named colours, and the default text and background."""

    name: str
    colours: tuple[RGB, ...]
    text: RGB
    background: RGB

    def colour(self, number: int) -> RGB:
        """One of the 256 colours; those above 15 are the same in all palettes.

        16–231 are a cube with levels 0, 95, 135 … 255, 232–255 the greys 8, 18 … 238: see
        256colres.pl in xterm's source, and `DEFAULT_ANSI_COLORS` in xterm.js.
        """
        if number < 16:
            return self.colours[number]
        if number >= 232:
            grey = 8 + 10 * (number - 232)
            return grey, grey, grey
        red, green, blue = (_LEVELS[(number - 16) // step % 6] for step in (36, 6, 1))
        return red, green, blue


def _rgb(text: str) -> RGB:
    value = int(text, 16)
    return value >> 16, value >> 8 & 255, value & 255


def _palette(name: str, text: str, background: str, dark: str, bright: str) -> Palette:
    colours = tuple(map(_rgb, (dark + " " + bright).split()))
    return Palette(name, colours, _rgb(text), _rgb(background))


# XTerm-col.ad and charproc.c (DFT_COLOR) in xterm's source: black on white, or reversed by -rv.
_XTERM = (
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5",
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
)
# ansiColorMap in VS Code's src/vs/workbench/contrib/terminal/common/terminalColorRegistry.ts. The
# background is that of the panel: of Light+ and Dark+, and of the later Dark Modern.
_LIGHT = (
    "000000 cd3131 {green} 949800 0451a5 bc05bc 0598bc 555555",
    "666666 cd3131 14ce14 b5ba00 0451a5 bc05bc 0598bc a5a5a5",
)
_DARK = (
    "000000 cd3131 0dbc79 e5e510 2472c8 bc3fbc 11a8cd e5e5e5",
    "666666 f14c4c 23d18b f5f543 3b8eea d670d6 29b8db e5e5e5",
)
# ".ansi-…-fg" in nbconvert's style and in JupyterLab's packages/rendermime/style/base.css; text
# and background are --jp-content-font-color1 on --jp-layout-color0 of its two themes.
_JUPYTER = (
    "3e424d e75c58 00a250 ddb62b 208ffb d160c4 60c6c8 c5c1b4",
    "282c36 b22b31 007427 b27d12 0065ca a03196 258f8f a1a6b2",
)
# DEFAULT_ANSI_COLORS of xterm.js, which JupyterLab's terminal uses with its own background.
_XTERM_JS = (
    "2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf",
    "555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec",
)

PALETTES = (
    _palette("xterm", "000000", "ffffff", *_XTERM),
    _palette("xterm -rv", "ffffff", "000000", *_XTERM),
    _palette(
        "VS Code, light, 2021", "333333", "ffffff", _LIGHT[0].format(green="00bc00"), _LIGHT[1]
    ),
    _palette("VS Code, light", "333333", "ffffff", _LIGHT[0].format(green="107c10"), _LIGHT[1]),
    _palette("VS Code, Dark+", "cccccc", "1e1e1e", *_DARK),
    _palette("VS Code, Dark Modern", "cccccc", "181818", *_DARK),
    _palette("Jupyter, light", "212121", "ffffff", *_JUPYTER),
    _palette("Jupyter, dark", "ffffff", "111111", *_JUPYTER),
    _palette("JupyterLab's terminal, light", "000000", "ffffff", *_XTERM_JS),
    _palette("JupyterLab's terminal, dark", "ffffff", "000000", *_XTERM_JS),
)
