"""A page as tests read it: elements with their attributes and texts, every one of them closed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "hr", "input", "link"}


@dataclass
class Element:
    """A tag, what it holds and what lies within it."""

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, css: str = "") -> list["Element"]:
        """The elements of a tag, and of a class if it is given, in the page's order."""
        found = []
        for child in self.children:
            if child.tag == tag and (not css or css in child.attributes.get("class", "").split()):
                found.append(child)
            found += child.all(tag, css)
        return found

    def everything(self) -> list["Element"]:
        """All elements below it."""
        return [one for child in self.children for one in (child, *child.everything())]

    def section(self, name: str) -> "Element":
        """The only element of this id."""
        (found,) = [one for one in self.everything() if one.attributes.get("id") == name]
        return found

    def rows(self) -> list[list[str]]:
        """The texts of a table's body, cell by cell."""
        (body,) = self.all("tbody")
        return [[cell.text for cell in row.children] for row in body.all("tr")]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.texts.append(data)


def read(path: Path) -> Element:
    """The page's root; fails if an element is not closed where it should be."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    reader.close()
    (root,) = reader.open
    return root
